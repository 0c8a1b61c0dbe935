/* Each step is a command of systemd's inside the container: it says itself, on standard error, what is wrong with a
 * unit. */
#include "front/reload.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/string-list.h"
#include "config/guest.h"
#include "runtime/runtime.h"

#include <errno.h>
#include <signal.h>

void reload_clear(struct reload *r) {
        guest_changes_clear(&r->forward);
        guest_changes_clear(&r->back);
}

int reload_prepare(const struct definition *old, const struct definition *new, struct reload *ret,
                   const char **ret_problem, struct error *e) {
        _cleanup_(guest_files_clear) struct guest_files before = {0}, after = {0};
        int r;

        r = guest_files_make(old->spec, &before, e);
        if (r >= 0)
                r = guest_files_make(new->spec, &after, e);
        if (r < 0)
                return r;
        if (guest_changes_make(&before, &after, &ret->forward) < 0 ||
            guest_changes_make(&after, &before, &ret->back) < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot compare the configurations of %s", new->name);
        *ret_problem = ret->forward.problem;
        return 0;
}

static int run(const char *name, char *const argv[], struct error *e) {
        int status = 0, r = runtime_run(name, argv, NULL, false, &status, e);

        _cleanup_(buffer_clear) struct buffer words = BUFFER_INIT;

        if (r < 0 || status == 0)
                return r;
        for (char *const *word = argv; *word; word++)
                buffer_append_format(&words, "%s%s", word == argv ? "" : " ", *word);
        /* A Ctrl-C at the terminal is for the command in the container, too. */
        if (status == 128 + SIGINT || status == 128 + SIGTERM)
                return error_set(e, EINTR, status, "interrupted while '%s' ran in %s",
                                 buffer_error(&words) < 0 ? "systemctl" : buffer_text(&words), name);
        return error_set(e, EIO, EXIT_CONTAINER, "'%s' in %s ended with status %d: 'nixos-nspawn logs %s' may say why",
                         buffer_error(&words) < 0 ? "systemctl" : buffer_text(&words), name, status, name);
}

/* verb: of systemctl, for all the units at once. */
static int systemctl(const char *name, const char *verb, char *const *units, struct error *e) {
        _cleanup_(strings_freep) char **argv = NULL;
        size_t n = 0;
        int r;

        if (units && !*units)
                return 0;
        r = strings_append(&argv, &n, "systemctl");
        if (r >= 0)
                r = strings_append(&argv, &n, verb);
        for (; r >= 0 && units && *units; units++)
                r = strings_append(&argv, &n, *units);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot reload %s", name) : run(name, argv, e);
}

static char *const no_units[] = {NULL};

/* Units as patterns: one that is not loaded is no mistake then. */
static int systemctl_loaded(const char *name, const char *verb, char *const *const lists[], size_t n_lists,
                            struct error *e) {
        _cleanup_(strings_freep) char **patterns = NULL;
        size_t n = 0;

        for (size_t i = 0; i < n_lists; i++)
                for (char *const *unit = lists[i]; unit && *unit; unit++) {
                        _cleanup_(freep) char *pattern = format("%s*", *unit);

                        if (!pattern || strings_append(&patterns, &n, pattern) < 0)
                                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot reload %s", name);
                }
        return systemctl(name, verb, patterns ?: no_units, e);
}

/* On the way back, systemd in the container may not have heard of what is to be stopped. */
int reload_before(const char *name, const struct guest_changes *changes, struct error *e) {
        char *const *const lists[] = {changes->stop};

        return systemctl_loaded(name, "stop", lists, ELEMENTS_OF(lists), e);
}

/* So that several updates within seconds are not taken for a service that ends again and again, and none that is gone
 * is listed as failed. */
static int forget_starts(const char *name, const struct guest_changes *changes, struct error *e) {
        char *const *const lists[] = {changes->restart, changes->start, changes->stop};

        return systemctl_loaded(name, "reset-failed", lists, ELEMENTS_OF(lists), e);
}

int reload_after(const char *name, const struct guest_changes *changes, struct error *e) {
        static char program[] = "systemd-tmpfiles", create[] = "--create", exclude[] = "--exclude-prefix=/dev";
        char *const tmpfiles[] = {program, create, exclude, NULL};
        int r;

        /* Always: files are written anew also when they say what they said, which systemd takes for a change. */
        r = systemctl(name, "daemon-reload", NULL, e);
        if (r >= 0 && changes->tmpfiles)
                r = run(name, tmpfiles, e);
        if (r >= 0)
                r = forget_starts(name, changes, e);
        if (r >= 0)
                r = systemctl(name, "try-restart", changes->restart ?: no_units, e);
        if (r >= 0)
                r = systemctl(name, "try-reload-or-restart", changes->reload ?: no_units, e);
        if (r >= 0)
                r = systemctl(name, "start", changes->start ?: no_units, e);
        return r;
}
