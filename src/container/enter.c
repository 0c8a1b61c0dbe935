/* run, root-login and login: somebody else's program, inside. */
#include "container/commands.h"
#include "container/find.h"

#include "runtime/runtime.h"

#include <errno.h>

/* A container that runs, or why it cannot be entered. */
static int check(struct invocation *i, const char *name, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        struct runtime_status status = {0};
        const struct entry *entry;
        int r;

        r = container_find(name, &inventory, &entry, e);
        if (r >= 0)
                r = container_may_change(i, e);
        if (r >= 0)
                r = runtime_recover_status(name, &status, e);
        if (r < 0)
                return r;
        if (status.state == RUNTIME_OFF)
                return error_set(e, ESRCH, EXIT_CONTAINER,
                                 "container '%s' is not running: start it with 'nixos-container start %s'", name, name);
        return 0;
}

int container_command_run(struct invocation *i, struct error *e) {
        const char *name = invocation_argument(i, 0);
        int r;

        r = check(i, name, e);
        return r < 0 ? r : runtime_run(name, i->arguments.positional + 1, NULL, false, &i->exit_status, e);
}

int container_command_root_login(struct invocation *i, struct error *e) {
        static char su[] = "su", root[] = "root", login[] = "-l";
        char *const argv[] = {su, root, login, NULL};
        const char *name = invocation_argument(i, 0);
        int r;

        r = check(i, name, e);
        return r < 0 ? r : runtime_run(name, argv, NULL, isatty(STDIN_FILENO), &i->exit_status, e);
}

int container_command_login(struct invocation *i, struct error *e) {
        static char login[] = "login";
        char *const argv[] = {login, NULL};
        const char *name = invocation_argument(i, 0);
        int r;

        r = check(i, name, e);
        if (r < 0)
                return r;
        if (!isatty(STDIN_FILENO))
                return error_set(e, ENOTTY, EXIT_FAILED,
                                 "a login needs a terminal: use 'nixos-container run %s -- COMMAND' from a script",
                                 name);
        return runtime_run(name, argv, NULL, true, &i->exit_status, e);
}
