/* Running containers without the command line, for the scripts beside this:
 *
 *     runtime-tool define NAME USR INIT    a container without options: generation, allocation, NAME.nspawn
 *     runtime-tool start|stop|restart|recover|status NAME
 *     runtime-tool run|tty NAME [--user USER] COMMAND...
 *     runtime-tool logs|follow NAME LINES */
#include "base/buffer.h"
#include "base/file.h"
#include "config/guest.h"
#include "runtime/runtime.h"
#include "state/allocations.h"
#include "state/store.h"

#include <jansson.h>
#include <string.h>

static void show_progress(const char *what, void *userdata) {
        (void) fprintf(stderr, "... %s\n", what);
}

static int define(const char *name, const char *usr, const char *init, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(allocations_freep) struct allocations *all = NULL;
        _cleanup_(freep) char *settings = NULL, *file = format("%s.nspawn", name);
        struct store_generation generation;
        struct allocation allocation;
        json_t *spec = json_pack("{s:i,s:s,s:{s:{s:b,s:s}}}", "version", 1, "name", name, "config", "nixosContainer",
                                 "userNamespacing", getenv("NO_USER_NAMESPACE") == NULL, "timeoutStartSec",
                                 getenv("START_TIMEOUT") ? getenv("START_TIMEOUT") : "90s");
        int r = allocations_load(&all, e);

        if (r >= 0)
                r = allocations_get(all, name, NULL, 0, &allocation, e);
        if (r >= 0)
                r = allocations_save(all, e);
        c.name = strdup(name);
        c.user_namespacing = getenv("NO_USER_NAMESPACE") == NULL;
        c.ephemeral = getenv("EPHEMERAL") != NULL;
        settings = guest_nspawn_file(&c, usr, true, init);
        if (r >= 0)
                r = store_save_generation(name, spec, &(struct store_file){.name = file, .content = settings}, 1,
                                          &generation, e);
        if (r >= 0)
                r = store_link(name, e);
        json_decref(spec);
        return r;
}

static int status(const char *name, struct error *e) {
        struct runtime_status s;
        int r = runtime_status(name, &s, e);

        if (r >= 0)
                (void) printf("%s leader=%d supervisor=%d\n", runtime_state_name(s.state), (int) s.leader,
                              (int) s.supervisor);
        return r;
}

static int run(const char *name, char *argv[], bool tty, int *ret_exit, struct error *e) {
        const char *user = NULL;

        if (argv[0] && argv[1] && strcmp(argv[0], "--user") == 0) {
                user = argv[1];
                argv += 2;
        }
        return runtime_run(name, argv, user, tty, ret_exit, e);
}

static int dispatch(int argc, char *argv[], int *ret_exit, struct error *e) {
        const char *verb = argv[1], *name = argv[2];

        if (strcmp(verb, "define") == 0 && argc == 5)
                return define(name, argv[3], argv[4], e);
        if (strcmp(verb, "start") == 0)
                return runtime_start(name, show_progress, NULL, e);
        if (strcmp(verb, "stop") == 0)
                return runtime_stop(name, argc > 3 ? strtoull(argv[3], NULL, 10) : 90000000, show_progress, NULL, e);
        if (strcmp(verb, "restart") == 0)
                return runtime_restart(name, show_progress, NULL, e);
        if (strcmp(verb, "recover") == 0)
                return runtime_recover(name, e);
        if (strcmp(verb, "status") == 0)
                return status(name, e);
        if (argc > 3 && (strcmp(verb, "run") == 0 || strcmp(verb, "tty") == 0))
                return run(name, argv + 3, verb[0] == 't', ret_exit, e);
        if (argc == 4 && (strcmp(verb, "logs") == 0 || strcmp(verb, "follow") == 0))
                return runtime_logs(name, STDOUT_FILENO, atoi(argv[3]), verb[0] == 'f', e);
        return error_set(e, 22, EXIT_USAGE, "wrong use");
}

int main(int argc, char *argv[]) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        int result = 0;

        if (argc < 3)
                return EXIT_USAGE;
        if (dispatch(argc, argv, &result, &e) >= 0)
                return result;
        (void) fprintf(stderr, "runtime-tool: %s\n", error_message(&e));
        return e.exit_status ? e.exit_status : EXIT_FAILED;
}
