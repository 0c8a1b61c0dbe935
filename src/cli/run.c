/* run and shell: somebody else's command, inside. */
#include "cli/commands.h"
#include "front/inventory.h"

#include "runtime/runtime.h"

#include <errno.h>

/* A container that runs, or why it cannot be entered. */
static int check(struct invocation *i, const char *name, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        struct runtime_status status = {0};
        int r;

        r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        if (!inventory_runnable(&inventory, name, "enter", e))
                return -ENOENT;
        r = invocation_may_change(i, e);
        if (r >= 0)
                r = runtime_recover_status(name, &status, e);
        if (r < 0)
                return r;
        if (status.state == RUNTIME_OFF)
                return error_set(e, ESRCH, EXIT_CONTAINER,
                                 "container %s is not running: start it with 'nixos-nspawn start %s'", name, name);
        return 0;
}

int command_run(struct invocation *i, struct error *e) {
        const char *name = invocation_argument(i, 0);
        int r;

        r = check(i, name, e);
        return r < 0 ? r
                     : runtime_run(name, i->arguments.positional + 1, invocation_value(i, OPTION_USER), false,
                                   &i->exit_status, e);
}

int command_shell(struct invocation *i, struct error *e) {
        /* A login shell of the guest's own, as its passwd has it. */
        static char su[] = "su", dash[] = "-", root[] = "root";
        const char *name = invocation_argument(i, 0), *user = invocation_value(i, OPTION_USER);
        char *const login[] = {su, dash, user ? (char *) user : root, NULL};
        bool command = i->arguments.n_positional > 1;
        int r;

        r = check(i, name, e);
        return r < 0 ? r
                     : runtime_run(name, command ? i->arguments.positional + 1 : login, command ? user : NULL,
                                   isatty(STDIN_FILENO), &i->exit_status, e);
}
