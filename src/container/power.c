/* start, stop, restart and terminate. Like systemctl, they say nothing when all went well. */
#include "front/power.h"
#include "container/commands.h"
#include "container/find.h"

#include "runtime/runtime.h"

static int act_start(struct invocation *i, const char *name, struct progress *p, struct error *e) {
        return runtime_start(name, progress_phrase, p, e);
}

static int act_stop(struct invocation *i, const char *name, struct progress *p, struct error *e) {
        uint64_t timeout;
        int r;

        r = power_timeout(i, &timeout, e);
        return r < 0 ? r : runtime_stop(name, timeout, progress_phrase, p, e);
}

static int act_restart(struct invocation *i, const char *name, struct progress *p, struct error *e) {
        int r;

        r = act_stop(i, name, p, e);
        return r < 0 ? r : runtime_start(name, progress_phrase, p, e);
}

static int act_terminate(struct invocation *i, const char *name, struct progress *p, struct error *e) {
        return runtime_stop(name, 0, progress_phrase, p, e);
}

static int run(struct invocation *i, const struct power *power, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const struct entry *entry;
        uint64_t timeout;
        int r;

        r = power_timeout(i, &timeout, e);
        if (r >= 0)
                r = container_find(invocation_argument(i, 0), &inventory, &entry, e);
        return r < 0 ? r : power_run(i, power, e);
}

int container_command_start(struct invocation *i, struct error *e) {
        static const struct power power = {"start", NULL, "runs already", true, DRY_RUN_START, act_start};

        return run(i, &power, e);
}

int container_command_stop(struct invocation *i, struct error *e) {
        static const struct power power = {"stop", NULL, "does not run", false, DRY_RUN_STOP, act_stop};

        return run(i, &power, e);
}

int container_command_restart(struct invocation *i, struct error *e) {
        static const struct power power = {"restart", NULL, NULL, false, DRY_RUN_START, act_restart};

        return run(i, &power, e);
}

int container_command_terminate(struct invocation *i, struct error *e) {
        static const struct power power = {"terminate", NULL, "does not run", false, DRY_RUN_STOP, act_terminate};

        return run(i, &power, e);
}
