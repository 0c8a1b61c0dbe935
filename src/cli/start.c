/* start. */
#include "cli/commands.h"
#include "front/power.h"

#include "runtime/runtime.h"

static int act(struct invocation *i, const char *name, struct progress *p, struct error *e) {
        return runtime_start(name, progress_phrase, p, e);
}

int command_start(struct invocation *i, struct error *e) {
        static const struct power power = {"start", "started", "runs already", true, DRY_RUN_START, act};

        return power_run(i, &power, e);
}
