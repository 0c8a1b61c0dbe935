/* logs: a container's console. */
#include "cli/commands.h"
#include "front/inventory.h"

#include "base/parse.h"
#include "runtime/runtime.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>

int command_logs(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const char *name = invocation_argument(i, 0), *wanted = invocation_value(i, OPTION_LINES);
        uint64_t lines = 0;
        int r;

        if (wanted && parse_unsigned(wanted, 0, INT_MAX, &lines) < 0)
                return error_set(e, EINVAL, EXIT_USAGE, "--lines %s is not a number of lines", wanted);
        r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        if (!inventory_runnable(&inventory, name, "show the log of", e))
                return -ENOENT;
        /* A pager that is quit ends this, too. */
        (void) signal(SIGPIPE, SIG_DFL);
        return runtime_logs(name, STDOUT_FILENO, wanted ? (int) lines : -1, invocation_has(i, OPTION_FOLLOW), e);
}
