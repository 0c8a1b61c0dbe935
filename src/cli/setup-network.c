/* What the daemon left on the host for the next container: its tables and the switched-on forwarding. Setup does not
 * make them, but a host on which setup is undone has no container that needs them. */
#include "cli/setup.h"

#include "apply/engine.h"
#include "apply/forwarding.h"
#include "netd/client.h"
#include "state/paths.h"
#include "state/store.h"

#include <errno.h>

enum { STOP_TIMEOUT_MS = 10000 };

static int clean(struct error *e) {
        _cleanup_(engine_freep) struct engine *engine = NULL;
        int r;

        r = netd_running() ? netd_call("Stop", NULL, STOP_TIMEOUT_MS, NULL, e) : 0;
        if (r >= 0)
                r = engine_new(&engine, e);
        if (r >= 0)
                r = engine_base_remove(engine, e);
        if (r >= 0)
                r = forwarding_restore(PATH_NETD_SYSCTLS, e);
        return r;
}

int setup_network_undo(struct setup *s, struct error *e) {
        _cleanup_(strings_freep) char **containers = NULL;
        int r;

        /* Nothing since the last boot. */
        if (access(PATH_RUN, F_OK) < 0)
                return 0;
        r = store_list(&containers);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot list the containers");
        if (*containers) {
                setup_say(s, "keep nspawn-netd and its firewall tables, as there are containers");
                return 0;
        }
        setup_say(s, "end nspawn-netd, remove its firewall tables, put forwarding back");
        return s->dry_run ? 0 : clean(e);
}
