/* nspawn-unit attach|run|detach NAME
 *
 * What systemd-nspawn@NAME.service does before and after systemd-nspawn (ExecStartPre=, ExecStopPost= of its drop-in),
 * and all that container@NAME.service does.
 *
 *   attach   clears up after an earlier run, writes what the guest finds (its folder, resolv.conf) and has nspawn-netd
 *            attach the network. A refusal takes all of that back, and is written to the journal and to
 *            PATH_CONTAINERS/NAME/error.json.
 *   run      attaches, then becomes the systemd-nspawn of a nixos-container, as its conf says: one process, whose exit
 *            status says whether systemd is to try again.
 *   detach   takes it back. Goes on past errors. A daemon that does not answer is no failure: the next one finds out.
 *
 * Exit status: 0; 2 for wrong use; else as nixos-nspawn has it (10: the container or its network is refused, ...). */
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "model/names.h"
#include "netd/client.h"
#include "runtime/definition.h"
#include "runtime/guest.h"
#include "runtime/nspawn.h"
#include "runtime/record.h"
#include "runtime/refusal.h"
#include "runtime/system.h"
#include "runtime/systemd/detach.h"
#include "runtime/systemd/networkd.h"
#include "state/host.h"
#include "state/store.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define NETD_TIMEOUT_MS 30000

static int prepare_root(const struct container *c, struct error *e) {
        _cleanup_(guest_system_clear) struct guest_system system = GUEST_SYSTEM_INIT;
        int r = guest_system_find(c, &system, e);

        return r < 0 ? r : guest_root_prepare(c, &system, e);
}

static int prepare(const char *name, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(freep) char *folder = supervisor_path(name, NULL);
        _cleanup_(network_clear) struct network network = NETWORK_INIT;
        int r = unit_clear_up(name, e);

        if (r >= 0)
                r = definition_read(name, &c, &network, e);
        if (r < 0)
                return r;
        r = folder ? directory_make(folder, 0755) : -ENOMEM;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot make the folder " PATH_CONTAINERS "/%s", name);
        if (c.kind == CONTAINER_NIXOS)
                r = prepare_root(&c, e);
        if (r >= 0)
                r = guest_folder_make(&c, &network, e);
        if (r >= 0)
                r = guest_resolver_write(&c, &network, e);
        if (r < 0 || !container_is_attached(&c))
                return r;
        r = netd_ensure(e);
        return r < 0 ? r : netd_call("Attach", json_pack("{s:s}", "name", name), NETD_TIMEOUT_MS, NULL, e);
}

static int detach(const char *name) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (unit_detach(name, &e) >= 0)
                return 0;
        log_error("%s", error_message(&e));
        return EXIT_FAILED;
}

static int attach(const char *name) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        (void) refusal_remove(name);
        if (prepare(name, &e) >= 0)
                return 0;
        log_error("%s", error_message(&e));
        /* systemd has detach run too, whatever ends the start. */
        if (refusal_write(name, &e) < 0)
                log_warning("Cannot write " PATH_CONTAINERS "/%s/error.json", name);
        return e.exit_status > 0 ? e.exit_status : EXIT_FAILED;
}

static int execute(const char *name, struct error *e) {
        _cleanup_(guest_system_clear) struct guest_system system = GUEST_SYSTEM_INIT;
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(strings_freep) char **arguments = NULL;
        int r = store_load(name, &c, e);

        if (r < 0)
                return r;
        if (c.kind != CONTAINER_NIXOS)
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "%s is no nixos-container; systemd-nspawn@%s.service runs it", name, name);
        r = guest_system_find(&c, &system, e);
        if (r < 0)
                return r;
        if (nspawn_arguments(&c, &system, false, &arguments) < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot start systemd-nspawn for %s", name);
        (void) execv("/usr/bin/systemd-nspawn", arguments);
        return error_errno(e, errno, EXIT_COMMAND,
                           "Cannot run /usr/bin/systemd-nspawn; install the package systemd-container");
}

/* A conf that a person wrote has no file yet by which systemd-networkd leaves its link alone. Whoever holds the lock of
 * definitions has written it. */
static void tell_networkd(const char *name) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        _cleanup_(fd_closep) int lock = store_lock(0, NULL);

        if (lock >= 0 && host_network_follow(name, &e) > 0)
                (void) networkd_reload(&e);
        if (e.code < 0)
                log_warning("%s", error_message(&e));
}

static int run(const char *name) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        int status;

        tell_networkd(name);
        status = attach(name);

        if (status != 0)
                return status;
        (void) execute(name, &e);
        log_error("%s", error_message(&e));
        return e.exit_status > 0 ? e.exit_status : EXIT_FAILED;
}

int main(int argc, char *argv[]) {
        log_open("nspawn-unit", LOG_INFO);
        if (argc == 3 && !container_name_problem(argv[2])) {
                if (strcmp(argv[1], "attach") == 0)
                        return attach(argv[2]);
                if (strcmp(argv[1], "run") == 0)
                        return run(argv[2]);
                if (strcmp(argv[1], "detach") == 0)
                        return detach(argv[2]);
        }
        log_error("Usage: nspawn-unit attach|run|detach NAME");
        return EXIT_USAGE;
}
