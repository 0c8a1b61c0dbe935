/* The network of a container that runs, or of a zone with all of its members: nspawn-netd changes the kernel's side of
 * it, in both namespaces; this writes what the guest reads, and has the guest's systemd-networkd read it. */
#include "runtime.h"

#include "base/file.h"
#include "base/string-list.h"
#include "netd/client.h"
#include "runtime/guest.h"
#include "state/store.h"
#include "state/zones.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#define NETD_TIMEOUT_MS 30000

int runtime_generation(const char *name, unsigned *ret) {
        return guest_generation(name, ret);
}

static char *namespace_path(pid_t leader) {
        return format("/proc/%d/ns/net", (int) leader);
}

static int change_links(const char *name, pid_t leader, struct error *e) {
        _cleanup_(freep) char *path = leader > 0 ? namespace_path(leader) : NULL;
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

/* What the guest reads, when the kernel's side of it has changed. */
static int follow(const char *name, const struct container *c, const struct network *n, struct error *e) {
        int r = guest_folder_follow(c, n, e);

        if (r > 0)
                tell_guest(name);
        return r < 0 ? r : guest_resolver_write(c, n, e);
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
        return r < 0 ? r : follow(name, &c, &n, e);
}

static json_t *find_namespaces(char **members) {
        json_t *namespaces = json_object();

        for (char **name = members; *name; name++) {
                _cleanup_(freep) char *path = NULL;
                struct runtime_status status;

                if (runtime_status(*name, &status, NULL) < 0 || status.state == RUNTIME_OFF || status.leader <= 0)
                        continue;
                path = namespace_path(status.leader);
                if (!path || json_object_set_new(namespaces, *name, json_string(path)) < 0) {
                        json_decref(namespaces);
                        return NULL;
                }
        }
        return namespaces;
}

static void follow_zone(const json_t *namespaces) {
        const char *name;
        json_t *path;

        json_object_foreach ((json_t *) namespaces, name, path) {
                _cleanup_(container_clear) struct container c = CONTAINER_INIT;
                _cleanup_(network_clear) struct network n = NETWORK_INIT;
                _cleanup_(error_clear) struct error e = ERROR_INIT;
                int r = store_load_network(name, &c, &n, &e);

                if (r >= 0)
                        r = follow(name, &c, &n, &e);
                if (r < 0)
                        (void) fprintf(stderr, "nixos-nspawn: %s; %s is told when it starts\n", error_message(&e),
                                       name);
        }
}

int runtime_change_zone(const char *zone, struct error *e) {
        _cleanup_(strings_freep) char **members = NULL;
        json_t *namespaces;
        int r = zones_members(zone, &members, e);

        if (r < 0)
                return r;
        namespaces = find_namespaces(members);
        if (!namespaces)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot look for the members of zone '%s'", zone);
        r = netd_ensure(e);
        if (r >= 0)
                r = netd_call("UpdateZone", json_pack("{s:s, s:O}", "name", zone, "namespaces", namespaces),
                              NETD_TIMEOUT_MS, NULL, e);
        if (r >= 0)
                follow_zone(namespaces);
        json_decref(namespaces);
        return r;
}
