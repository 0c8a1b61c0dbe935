/* The network of a container that runs: nspawn-netd changes the kernel's side of it, in both namespaces; this writes
 * what the guest reads, and has the guest's systemd-networkd read it. */
#include "runtime.h"

#include "base/file.h"
#include "netd/client.h"
#include "runtime/guest.h"
#include "state/store.h"

#include <errno.h>
#include <jansson.h>

#define NETD_TIMEOUT_MS 30000

int runtime_generation(const char *name, unsigned *ret) {
        return guest_generation(name, ret);
}

static int change_links(const char *name, pid_t leader, struct error *e) {
        _cleanup_(freep) char *path = leader > 0 ? format("/proc/%d/ns/net", (int) leader) : NULL;
        int r = netd_ensure(e);

        return r < 0 ? r
                     : netd_call("Update", json_pack("{s:s, s:s*}", "name", name, "namespacePath", path),
                                 NETD_TIMEOUT_MS, NULL, e);
}

/* One that reads its files at a signal (253 and newer) finds on the link what they say, and touches nothing. An older
 * one would take everything away for a moment: it is left alone, and reads them when it starts the next time. A guest
 * without it needs nothing. */
static void tell_guest(const char *name) {
        static const char script[] = "exec </dev/null >/dev/null 2>&1\n"
                                     "[ \"$(systemctl show -P Type systemd-networkd)\" = notify-reload ] || exit 0\n"
                                     "systemctl is-active -q systemd-networkd && systemctl reload systemd-networkd\n";
        char *const argv[] = {(char *) "/bin/sh", (char *) "-c", (char *) script, NULL};
        int status;

        (void) runtime_run(name, argv, NULL, false, &status, NULL);
}

int runtime_change_network(const char *name, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        struct runtime_status status;
        int r;

        r = runtime_status(name, &status, e);
        if (r < 0 || status.state == RUNTIME_OFF)
                return r;
        r = store_load_network(name, &c, &n, e);
        if (r >= 0 && container_is_attached(&c))
                r = change_links(name, status.leader, e);
        if (r >= 0)
                r = guest_folder_follow(&c, &n, e);
        if (r > 0)
                tell_guest(name);
        return r < 0 ? r : 0;
}
