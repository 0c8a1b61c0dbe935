/* What the daemon left on the host for the next container: its tables, the switched-on forwarding, the proxy, and
 * everything in /run, and what addresses they had. Setup does not make them, but a host on which setup is undone has no
 * container that needs them.
 */
#include "cli/apply.h"
#include "cli/setup.h"

#include "apply/engine.h"
#include "apply/forwarding.h"
#include "base/file.h"
#include "base/paths.h"
#include "netd/client.h"
#include "netd/proxy_client.h"
#include "state/store.h"

#include <dirent.h>
#include <errno.h>

enum { STOP_TIMEOUT_MS = 10000 };

/* Networks of namespaces, which others run, have no container. */
static bool has_networks(void) {
        DIR *d = opendir(PATH_ATTACHED);
        struct dirent *entry;
        bool found = false;

        if (!d)
                return false;
        while (!found && (entry = readdir(d)))
                found = entry->d_name[0] != '.';
        (void) closedir(d);
        return found;
}

/* No other command and no daemon starts from here on; the locks go with the folder, for which lock_take() looks. */
static int take_over(int *ret_daemon, struct error *e) {
        int r;

        r = setup_units_stop(e);
        if (r < 0)
                return r;
        r = netd_running() ? netd_call("Stop", NULL, STOP_TIMEOUT_MS, NULL, e) : 0;
        if (r < 0)
                return r;
        *ret_daemon = lock_take(PATH_NETD_LOCK, STOP_TIMEOUT_MS);
        if (*ret_daemon < 0)
                return error_errno(e, *ret_daemon, EXIT_FAILED,
                                   "nspawn-netd does not end (it holds " PATH_NETD_LOCK "); kill it and try again");
        return proxy_stop(e);
}

static int clean(struct error *e) {
        _cleanup_(engine_freep) struct engine *engine = NULL;
        _cleanup_(freep) char *seen = NULL;
        _cleanup_(fd_closep) int daemon = -1;
        int r;

        r = take_over(&daemon, e);
        if (r >= 0)
                r = engine_new(&engine, e);
        if (r >= 0)
                r = engine_nat_ensure(engine, "", &seen, e);
        if (r >= 0)
                r = engine_base_remove(engine, e);
        if (r >= 0)
                r = forwarding_restore(PATH_NETD_SYSCTLS, e);
        if (r < 0)
                return r;
        r = tree_remove(PATH_RUN);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot remove " PATH_RUN) : 0;
}

/* The daemon's part of it is gone with the daemon. */
static int forget_host(struct setup *s, struct error *e) {
        if (access(PATH_HOST, F_OK) < 0)
                return 0;
        setup_say(s, "take back what apply put in force, and remove " PATH_HOST);
        return s->dry_run ? 0 : apply_forget(e);
}

/* Whose they were is gone; without them a folder of ours would not be empty. */
static int forget_addresses(struct setup *s, struct error *e) {
        int r;

        if (access(PATH_ALLOCATIONS, F_OK) < 0)
                return 0;
        setup_say(s, "remove " PATH_ALLOCATIONS ", which holds the addresses of past containers");
        r = s->dry_run ? 0 : file_remove(PATH_ALLOCATIONS);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot remove " PATH_ALLOCATIONS) : 0;
}

int setup_network_undo(struct setup *s, struct error *e) {
        _cleanup_(strings_freep) char **containers = NULL;
        _cleanup_(fd_closep) int lock = -1;
        bool runs = access(PATH_RUN, F_OK) == 0; /* else: nothing since the last boot */
        int r;

        if (runs && !s->dry_run) {
                lock = store_lock(STOP_TIMEOUT_MS, e);
                if (lock < 0)
                        return lock;
        }
        r = store_list(&containers);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot list the containers");
        if (*containers || has_networks()) {
                setup_say(s, "keep nspawn-netd and its firewall tables, as there are containers");
                s->keeps_network = true;
                return 0;
        }
        if (runs)
                setup_say(s, "end nspawn-netd and nspawn-proxy, remove their firewall tables and " PATH_RUN
                             ", put forwarding back");
        r = runs && !s->dry_run ? clean(e) : 0;
        if (r >= 0)
                r = forget_host(s, e);
        return r < 0 ? r : forget_addresses(s, e);
}
