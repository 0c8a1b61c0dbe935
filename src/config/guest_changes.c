/* As NixOS switches a running system: of what changed only units are touched, and only those that run; a unit whose
 * file says X-RestartIfChanged=false is left alone. */
#include "guest_changes.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/string-list.h"
#include "guest_make.h"

#include <errno.h>
#include <string.h>

#define UNITS "/etc/systemd/system/"

struct comparison {
        struct guest_changes *changes;
        size_t n_stop, n_restart, n_reload, n_start;
        const struct guest_files *new;
        int error;
};

/* Files that one unit reads and can read again. */
static const struct {
        const char *prefix, *unit;
} read_by[] = {
        {"/etc/nginx/", "nginx.service"},
        {"/etc/ssh/sshd_config", "sshd.service"},
        {GUEST_FIREWALL_RULES, "firewall.service"},
        {"/etc/systemd/network/", "systemd-networkd.service"},
};

/* What a running system does not take up, or not without harm. */
static const struct {
        const char *prefix, *problem;
} hard[] = {
        {"/etc/hostname", "the host name"},
        {"/etc/fstab", "/etc/fstab"},
        {UNITS "dbus.", "the message bus"},
        {UNITS "systemd-journald.", "the journal"},
        {"/etc/systemd/journald.conf", "the journal"},
};

void guest_changes_clear(struct guest_changes *c) {
        strings_free(c->stop);
        strings_free(c->restart);
        strings_free(c->reload);
        strings_free(c->start);
        *c = GUEST_CHANGES_INIT;
}

static const struct guest_file *find(const struct guest_files *f, const char *path) {
        for (size_t i = 0; i < f->n; i++)
                if (string_equal(f->files[i].path, path))
                        return f->files + i;
        return NULL;
}

static bool files_equal(const struct guest_file *a, const struct guest_file *b) {
        return a->mode == b->mode && string_equal(a->content ?: "", b->content ?: "") &&
               string_equal(a->target ?: "", b->target ?: "") && string_equal(a->user ?: "", b->user ?: "") &&
               string_equal(a->group ?: "", b->group ?: "");
}

static bool list_has(char *const *list, const char *unit) {
        for (; list && *list; list++)
                if (string_equal(*list, unit))
                        return true;
        return false;
}

static void add(struct comparison *c, char ***list, size_t *n, const char *unit) {
        if (c->error >= 0 && !list_has(*list, unit))
                c->error = strings_append(list, n, unit);
}

/* Of a template all instances, by a pattern that systemctl knows. */
static void add_restart(struct comparison *c, const char *unit) {
        const char *at = strstr(unit, "@.");
        _cleanup_(freep) char *all = at ? format("%.*s@*%s", (int) (at - unit), unit, at + 1) : NULL;
        _cleanup_(freep) char *path = format(UNITS "%s", unit);
        const struct guest_file *file = path ? find(c->new, path) : NULL;

        if (!path || (at && !all))
                c->error = -ENOMEM;
        if (!file || !file->content || !strstr(file->content, "\nX-RestartIfChanged=false\n"))
                add(c, &c->changes->restart, &c->n_restart, all ?: unit);
}

static bool is_masked(const struct guest_file *f) {
        return f && f->target && string_equal(f->target, "/dev/null");
}

/* name: below UNITS. A unit, UNIT.d/FILE, or TARGET.wants/UNIT. */
static void compare_unit(struct comparison *c, const char *name, const struct guest_file *old,
                         const struct guest_file *new) {
        const char *slash = strchr(name, '/'), *dot = NULL;
        _cleanup_(freep) char *folder = slash ? strndup(name, (size_t) (slash - name)) : NULL;

        if (slash && !folder)
                c->error = -ENOMEM;
        if (!slash && (new ? is_masked(new) : !is_masked(old)))
                add(c, &c->changes->stop, &c->n_stop, name);
        else if (!slash && new)
                add_restart(c, name);
        else if (folder && (dot = strrchr(folder, '.'))) {
                if (string_equal(dot, ".d")) {
                        folder[dot - folder] = '\0';
                        add_restart(c, folder);
                } else if (new && !old)
                        add(c, &c->changes->start, &c->n_start, slash + 1);
        }
}

/* rest: NAME/FILE below GUEST_SCRIPTS, where '=' stands for the '\' of a unit's name. */
static void compare_script(struct comparison *c, const char *rest) {
        _cleanup_(freep) char *unit = format("%.*s.service", (int) strcspn(rest, "/"), rest);

        for (char *p = unit; p && *p; p++)
                if (*p == '=')
                        *p = '\\';
        if (unit)
                add_restart(c, unit);
        else
                c->error = -ENOMEM;
}

/* One of the two may be NULL. */
static void compare_file(struct comparison *c, const struct guest_file *old, const struct guest_file *new) {
        const char *path = new ? new->path : old->path;

        if (old && new &&files_equal(old, new))
                return;
        for (size_t i = 0; i < ELEMENTS_OF(hard); i++)
                if (string_starts_with(path, hard[i].prefix))
                        c->changes->problem = hard[i].problem;
        for (size_t i = 0; i < ELEMENTS_OF(read_by); i++)
                if (string_starts_with(path, read_by[i].prefix))
                        add(c, &c->changes->reload, &c->n_reload, read_by[i].unit);
        if (string_starts_with(path, UNITS))
                compare_unit(c, path + strlen(UNITS), old, new);
        else if (string_starts_with(path, GUEST_SCRIPTS "/"))
                compare_script(c, path + strlen(GUEST_SCRIPTS "/"));
        else if (string_starts_with(path, "/etc/tmpfiles.d/"))
                c->changes->tmpfiles = true;
        else if (string_starts_with(path, "/etc/sysctl.d/"))
                add(c, &c->changes->restart, &c->n_restart, "systemd-sysctl.service");
}

/* What is stopped is not restarted, what is restarted is not reloaded as well. */
static void list_remove(char **list, char *const *other) {
        char **kept = list;

        for (; list && *list; list++)
                if (list_has(other, *list))
                        free(*list);
                else
                        *kept++ = *list;
        if (kept)
                *kept = NULL;
}

/* One that failed before it was changed does not run, and may now. */
static void start_changed(struct comparison *c) {
        for (size_t i = 0; i < c->new->n; i++) {
                const char *path = c->new->files[i].path, *unit = strrchr(path, '/') + 1;

                if (string_starts_with(path, UNITS) && c->new->files[i].target && strchr(path + strlen(UNITS), '/') &&
                    list_has(c->changes->restart, unit))
                        add(c, &c->changes->start, &c->n_start, unit);
        }
}

int guest_changes_make(const struct guest_files *old, const struct guest_files *new, struct guest_changes *ret) {
        struct comparison c = {.changes = ret, .new = new};

        for (size_t i = 0; i < old->n; i++)
                compare_file(&c, old->files + i, find(new, old->files[i].path));
        for (size_t i = 0; i < new->n; i++)
                if (!find(old, new->files[i].path))
                        compare_file(&c, NULL, new->files + i);
        start_changed(&c);
        list_remove(ret->restart, ret->stop);
        list_remove(ret->start, ret->stop);
        list_remove(ret->reload, ret->stop);
        list_remove(ret->reload, ret->restart);
        return c.error;
}
