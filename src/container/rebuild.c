/* update of a container whose system Nix builds. */
#include "container/rebuild.h"

#include "base/file.h"
#include "base/paths.h"
#include "front/output.h"
#include "runtime/runtime.h"
#include "state/confs.h"
#include "state/store.h"

#include <errno.h>
#include <string.h>

enum { LOCK_TIMEOUT_MS = 60000 };

int rebuild_wanted(const struct invocation *i, const char *name, struct build *ret, struct error *e) {
        _cleanup_(conf_clear) struct conf conf = CONF_INIT;
        int r = build_from_options(i, ret, e);

        if (r < 0 || build_is_wanted(ret))
                return r < 0 ? r : 1;
        r = confs_load(name, &conf, NULL, e);
        if (r < 0)
                return r;
        ret->flake = conf_get(&conf, "FLAKE") ? strdup(conf_get(&conf, "FLAKE")) : NULL;
        if (!ret->flake && conf_get(&conf, "NIXOS_PATH"))
                ret->nixos_path = strdup(conf_get(&conf, "NIXOS_PATH"));
        return build_is_wanted(ret);
}

/* The conf says what was built, from what; the container's next start takes it. */
static int write_down(const char *name, const struct build *b, const char *system, struct error *e) {
        _cleanup_(conf_clear) struct conf conf = CONF_INIT;
        _cleanup_(fd_closep) int lock = store_lock(LOCK_TIMEOUT_MS, e);
        int r = lock < 0 ? lock : confs_load(name, &conf, NULL, e);

        if (r < 0)
                return r;
        r = conf_set(&conf, "SYSTEM_PATH", system);
        r = r < 0 ? r : conf_set(&conf, "FLAKE", b->flake);
        r = r < 0 ? r : conf_set(&conf, "NIXOS_PATH", b->nixos_path);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot write the conf of %s", name);
        r = confs_save(name, &conf, e);
        return r < 0 ? r : runtime_define(name, e);
}

/* As NixOS does it: the new system's own program switches to it, inside. */
static int take_up(const char *name, const char *system, struct error *e) {
        _cleanup_(freep) char *program = format("%s/bin/switch-to-configuration", system);
        char test[] = "test", *argv[] = {program, test, NULL};
        int r, status;

        if (!program)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot reload %s", name);
        if (access(program, F_OK) < 0) {
                (void) fprintf(stderr, "restarting container: its system has no bin/switch-to-configuration\n");
                return runtime_restart(name, NULL, NULL, e);
        }
        (void) fprintf(stderr, "reloading container...\n");
        r = runtime_run(name, argv, NULL, false, &status, e);
        if (r >= 0 && status != 0)
                r = error_set(e, EIO, EXIT_COMMAND,
                              "container '%s' did not take its new system up: %s failed with exit code %d; its next "
                              "start takes it",
                              name, program, status);
        return r;
}

int rebuild_run(const struct invocation *i, const char *name, const struct build *b, const char *text, bool running,
                struct error *e) {
        _cleanup_(container_clear) struct container before = CONTAINER_INIT;
        _cleanup_(freep) char *system = NULL, *kept = NULL;
        int r = store_load(name, &before, e);

        if (r >= 0 && b->nixos_path && !text)
                r = build_configuration_load(name, &kept, e);
        if (r >= 0)
                r = build_run(b, i, name, text ?: kept, &system, e);
        if (r >= 0 && b->nixos_path && text)
                r = build_configuration_save(name, text, e);
        if (r >= 0)
                r = build_keep(name, system, e);
        if (r >= 0)
                r = write_down(name, b, system, e);
        if (r < 0 || !running || (before.system_path && strcmp(before.system_path, system) == 0))
                return r;
        return take_up(name, system, e);
}
