/* Reading a spec and collecting files: see guest_make.h. */
#include "guest_make.h"

#include "base/file.h"
#include "base/parse.h"
#include "unit_lines.h"
#include "value.h"

#include <errno.h>
#include <string.h>

int guest_fail(struct guest_maker *m, int code, const char *fmt, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        if (m->error < 0)
                return m->error;
        m->error = -code;
        va_start(ap, fmt);
        if (vasprintf(&text, fmt, ap) < 0)
                text = NULL;
        va_end(ap);
        return error_set(m->e, code, EXIT_CONTAINER, "%s", text ? text : strerror(code));
}

static void fail_memory(struct guest_maker *m) {
        if (m->error == 0) {
                m->error = -ENOMEM;
                error_errno(m->e, ENOMEM, EXIT_FAILED, "making the guest's files");
        }
}

static const json_t *lookup(struct guest_maker *m, const json_t *o, const char *key) {
        const json_t *v = m->error < 0 ? NULL : json_object_get(o, key);

        return json_is_null(v) ? NULL : v;
}

static void fail_type(struct guest_maker *m, const char *where, const char *key, const char *expected,
                      const json_t *found) {
        char text[VALUE_TEXT_MAX];

        guest_fail(m, EINVAL, "%s%s%s: expected %s, found %s", where, key[0] ? "." : "", key, expected,
                   value_describe(found, text));
}

const char *guest_string(struct guest_maker *m, const json_t *o, const char *where, const char *key) {
        const json_t *v = lookup(m, o, key);
        const char *s = value_string(v);

        if (v && !s)
                fail_type(m, where, key, "a string", v);
        return s;
}

static bool is_line(const char *s) {
        return !strpbrk(s, "\n\r") && !unit_line_goes_on(s);
}

const char *guest_line(struct guest_maker *m, const json_t *o, const char *where, const char *key) {
        const char *s = guest_string(m, o, where, key);

        if (s && !is_line(s)) {
                guest_fail(m, EINVAL, "%s.%s: has a line break, or a backslash at its end, which has no place here",
                           where, key);
                return NULL;
        }
        return s;
}

bool guest_boolean(struct guest_maker *m, const json_t *o, const char *where, const char *key, bool absent) {
        const json_t *v = lookup(m, o, key);

        if (v && !json_is_boolean(v))
                fail_type(m, where, key, "true or false", v);
        return v ? json_is_true(v) : absent;
}

const json_t *guest_object(struct guest_maker *m, const json_t *o, const char *where, const char *key) {
        const json_t *v = lookup(m, o, key);

        if (v && !json_is_object(v)) {
                fail_type(m, where, key, "an attribute set", v);
                return NULL;
        }
        return v;
}

const json_t *guest_list(struct guest_maker *m, const json_t *o, const char *where, const char *key) {
        const json_t *v = lookup(m, o, key);

        if (v && !json_is_array(v)) {
                fail_type(m, where, key, "a list", v);
                return NULL;
        }
        return v;
}

const char *guest_list_line(struct guest_maker *m, const json_t *list, const char *where, size_t i) {
        const json_t *v = m->error < 0 ? NULL : json_array_get(list, i);
        const char *s = value_string(v);

        if (v && (!s || !is_line(s))) {
                fail_type(m, where, "", "a list of strings without line breaks, and without a backslash at their end",
                          v);
                return NULL;
        }
        return s;
}

uint16_t guest_port(struct guest_maker *m, const json_t *v, const char *where) {
        json_int_t n = json_is_integer(v) ? json_integer_value(v) : 0;

        if (m->error == 0 && (n < 1 || n > UINT16_MAX))
                fail_type(m, where, "", "a port from 1 to 65535", v);
        return m->error < 0 ? 0 : (uint16_t) n;
}

/* A new entry, or the emptied one of the same path. */
static struct guest_file *take_entry(struct guest_maker *m, const char *path) {
        struct guest_files *f = m->files;

        for (size_t i = 0; i < f->n; i++)
                if (string_equal(f->files[i].path, path)) {
                        struct guest_file *old = f->files + i;

                        free(old->content);
                        free(old->target);
                        free(old->user);
                        free(old->group);
                        *old = (struct guest_file){.path = old->path};
                        return old;
                }
        if (f->n == f->capacity) {
                size_t capacity = f->capacity ? f->capacity * 2 : 32;
                struct guest_file *files = reallocarray(f->files, capacity, sizeof(*files));

                if (!files)
                        return NULL;
                f->files = files;
                f->capacity = capacity;
        }
        f->files[f->n] = (struct guest_file){.path = strdup(path)};
        return f->files[f->n].path ? f->files + f->n++ : NULL;
}

void guest_add_owned(struct guest_maker *m, const char *path, mode_t mode, const char *user, const char *group,
                     const char *content) {
        struct guest_file *f = m->error < 0 ? NULL : take_entry(m, path);

        if (f) {
                f->mode = mode;
                f->content = strdup(content);
                f->user = user ? strdup(user) : NULL;
                f->group = group ? strdup(group) : NULL;
        }
        if (!f || !f->content || (user && !f->user) || (group && !f->group))
                fail_memory(m);
}

void guest_add_text(struct guest_maker *m, const char *path, mode_t mode, const char *content) {
        guest_add_owned(m, path, mode, NULL, NULL, content);
}

void guest_add(struct guest_maker *m, const char *path, mode_t mode, struct buffer *content) {
        if (buffer_error(content) < 0)
                fail_memory(m);
        else
                guest_add_text(m, path, mode, buffer_text(content));
        buffer_clear(content);
}

void guest_add_link(struct guest_maker *m, const char *path, const char *target) {
        struct guest_file *f = m->error < 0 ? NULL : take_entry(m, path);

        if (f) {
                f->mode = 0777;
                f->target = strdup(target);
        }
        if (!f || !f->target)
                fail_memory(m);
}

void guest_add_wanted(struct guest_maker *m, const char *target, const char *kind, const char *unit) {
        _cleanup_(freep) char *path = format("/etc/systemd/system/%s.%s/%s", target, kind, unit);
        _cleanup_(freep) char *to = format("../%s", unit);

        if (!path || !to)
                fail_memory(m);
        else
                guest_add_link(m, path, to);
}

static void append_scalar(struct guest_maker *m, struct buffer *b, const char *key, const json_t *v,
                          const char *where) {
        const char *s = value_string(v);

        if (s && strpbrk(s, "\n\r"))
                guest_fail(m, EINVAL, "%s.%s: has a line break, which a unit file cannot hold; write it on one line",
                           where, key);
        else if (s && unit_line_goes_on(s))
                guest_fail(m, EINVAL, "%s.%s: ends with a backslash, which would take in the line behind it", where,
                           key);
        else if (s)
                buffer_append_format(b, "%s=%s\n", key, s);
        else if (json_is_boolean(v))
                buffer_append_format(b, "%s=%s\n", key, json_is_true(v) ? "true" : "false");
        else if (json_is_integer(v))
                buffer_append_format(b, "%s=%" JSON_INTEGER_FORMAT "\n", key, json_integer_value(v));
        else if (json_is_real(v))
                buffer_append_format(b, "%s=%g\n", key, json_real_value(v));
        else if (!json_is_null(v))
                fail_type(m, where, key, "a string, a number, true or false, or a list of them", v);
}

static bool key_is_valid(const char *key) {
        return key[0] && key[strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

void guest_append_setting(struct guest_maker *m, struct buffer *b, const char *key, const json_t *value,
                          const char *where) {
        const json_t *v;
        size_t i;

        if (m->error < 0)
                return;
        if (!key_is_valid(key)) {
                guest_fail(m, EINVAL, "%s: has a key that is not a setting's name (letters, digits, '-' and '_')",
                           where);
                return;
        }
        if (!json_is_array(value)) {
                append_scalar(m, b, key, value, where);
                return;
        }
        json_array_foreach (value, i, v)
                append_scalar(m, b, key, v, where);
}

void guest_append_settings(struct guest_maker *m, struct buffer *b, const json_t *settings, const char *where) {
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *) settings, key, v)
                guest_append_setting(m, b, key, v, where);
}
