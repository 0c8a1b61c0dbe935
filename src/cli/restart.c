/* restart: stop, with the user's patience, and start. */
#include "cli/commands.h"
#include "front/power.h"

#include "runtime/runtime.h"

static int act(struct invocation *i, const char *name, struct progress *p, struct error *e) {
        uint64_t timeout;
        int r;

        r = power_timeout(i, &timeout, e);
        if (r >= 0)
                r = runtime_stop(name, timeout, progress_phrase, p, e);
        return r < 0 ? r : runtime_start(name, progress_phrase, p, e);
}

int command_restart(struct invocation *i, struct error *e) {
        static const struct power power = {"restart", "restarted", NULL, false, DRY_RUN_START, act};
        uint64_t timeout;
        int r;

        r = power_timeout(i, &timeout, e);
        return r < 0 ? r : power_run(i, &power, e);
}
