/* update of a container whose system Nix builds. */
#include "container/rebuild.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "front/sequence.h"
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
        r = build_from_conf(&conf, ret, e);
        if (r >= 0 && ret->flake && (invocation_has(i, OPTION_CONFIG_TEXT) || invocation_has(i, OPTION_CONFIG_FILE)))
                r = error_set(e, EINVAL, EXIT_USAGE,
                              "container '%s' is what the flake %s says: change that and leave --config and "
                              "--config-file out, or give --nixos-path with them",
                              name, ret->flake);
        if (r < 0)
                return r;
        return build_is_wanted(ret);
}

/* One update, after its system was built. */
struct rebuild {
        const char *name;
        const struct build *build;
        const char *text; /* the new configuration; NULL: as before */
        char *kept;       /* that of before; NULL: none */
        char *profile;    /* where the container's profile pointed to before; NULL: there was none */
        char *system;
        bool keeps; /* the profile may point elsewhere now */
        struct conf before, after;
        int lock;
};

#define REBUILD_INIT ((struct rebuild){.before = CONF_INIT, .after = CONF_INIT, .lock = -1})

static void rebuild_clear(struct rebuild *b) {
        fd_closep(&b->lock);
        freep(&b->kept);
        freep(&b->profile);
        freep(&b->system);
        conf_clear(&b->before);
        conf_clear(&b->after);
}

/* What is there now, which another command may have changed while Nix was building. */
static int act_lock(void *context, struct error *e) {
        struct rebuild *b = context;
        int r = b->lock = store_lock(LOCK_TIMEOUT_MS, e);

        r = r < 0 ? r : confs_load(b->name, &b->before, NULL, e);
        r = r < 0 ? r : confs_load(b->name, &b->after, NULL, e);
        if (r < 0)
                return r;
        r = conf_set(&b->after, "SYSTEM_PATH", b->system);
        r = r < 0 ? r : conf_set(&b->after, "FLAKE", b->build->flake);
        r = r < 0 ? r : conf_set(&b->after, "NIXOS_PATH", b->build->nixos_path);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot write the conf of %s", b->name) : 0;
}

static int undo_lock(void *context, struct error *e) {
        struct rebuild *b = context;

        fd_closep(&b->lock);
        return 0;
}

static int act_configuration(void *context, struct error *e) {
        const struct rebuild *b = context;

        return build_configuration_save(b->name, b->text, e);
}

static bool wants_configuration(const void *context) {
        const struct rebuild *b = context;

        return b->build->nixos_path && b->text;
}

static int undo_configuration(void *context, struct error *e) {
        const struct rebuild *b = context;

        return wants_configuration(b) ? build_configuration_save(b->name, b->kept, e) : 0;
}

static int act_keep(void *context, struct error *e) {
        struct rebuild *b = context;
        int r = build_profile(b->name, &b->profile, e);

        b->keeps = r >= 0;
        return r < 0 ? r : build_keep(b->name, b->system, e);
}

/* The rest of what is there is the container's own. */
static int undo_keep(void *context, struct error *e) {
        const struct rebuild *b = context;

        return b->keeps ? build_profile_restore(b->name, b->profile, e) : 0;
}

static int act_conf(void *context, struct error *e) {
        const struct rebuild *b = context;
        int r = confs_save(b->name, &b->after, e);

        return r < 0 ? r : runtime_define(b->name, e);
}

static int undo_conf(void *context, struct error *e) {
        const struct rebuild *b = context;
        int r = confs_save(b->name, &b->before, e);

        return r < 0 ? r : runtime_define(b->name, e);
}

static const struct step steps[] = {
        {"waiting for other commands", act_lock, undo_lock},
        {"keeping its configuration", act_configuration, undo_configuration, wants_configuration},
        {"keeping what was built", act_keep, undo_keep},
        {"writing the conf", act_conf, undo_conf},
};

/* As NixOS does it: the new system's own program switches to it, inside; also to one that is not new, since the last
 * time may have failed. */
static int take_up(const char *name, const char *system, bool new, struct error *e) {
        _cleanup_(freep) char *program = format("%s/bin/switch-to-configuration", system);
        char test[] = "test", *argv[] = {program, test, NULL};
        int r, status;

        if (!program)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot reload %s", name);
        if (access(program, F_OK) < 0 && !new)
                return 0;
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

/* The configuration of before, when there is one. */
static int load_configuration(struct rebuild *b, struct error *e) {
        int r = build_configuration_load(b->name, &b->kept, NULL);

        if (r == -ENOENT && b->build->nixos_path && !b->text)
                return error_set(e, ENOENT, EXIT_USAGE,
                                 "container '%s' has no configuration that nixpkgs could build: give --config or "
                                 "--config-file",
                                 b->name);
        return r == -ENOENT ? 0 : r < 0 ? build_configuration_load(b->name, &b->kept, e) : 0;
}

int rebuild_run(struct invocation *i, const char *name, const struct build *build, const char *text, bool running,
                struct error *e) {
        _cleanup_(rebuild_clear) struct rebuild b = REBUILD_INIT;
        _cleanup_(progress_endp) struct progress *progress = NULL;
        const char *before;
        int r;

        b.name = name;
        b.build = build;
        b.text = text;
        r = load_configuration(&b, e);
        if (r >= 0)
                r = build_run(build, i, name, text ?: b.kept, &b.system, e);
        if (r < 0)
                return r;
        progress = progress_begin(&i->output, name);
        r = sequence_run(steps, ELEMENTS_OF(steps), &b, progress, e);
        progress_endp(&progress);
        (void) undo_lock(&b, NULL);
        before = conf_get(&b.before, "SYSTEM_PATH");
        return r < 0 || !running ? r : take_up(name, b.system, !string_equal(before, b.system), e);
}
