/* stop. */
#include "cli/commands.h"
#include "front/power.h"

#include "runtime/runtime.h"

static int act(struct invocation *i, const char *name, struct progress *p, struct error *e) {
        uint64_t timeout;
        int r;

        r = power_timeout(i, &timeout, e);
        return r < 0 ? r : runtime_stop(name, timeout, progress_phrase, p, e);
}

int command_stop(struct invocation *i, struct error *e) {
        static const struct power power = {"stop", "stopped", "does not run", false, DRY_RUN_STOP, act};
        uint64_t timeout;
        int r;

        r = power_timeout(i, &timeout, e);
        return r < 0 ? r : power_run(i, &power, e);
}
