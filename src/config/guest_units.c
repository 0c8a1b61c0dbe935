/* systemd.services.NAME: unit files, scripts in executable files of their own, and what pulls the unit in, as NixOS
 * makes them.
 *
 * A service that says nothing about what to run adds to one that exists (of the distribution, or of services.*): it
 * becomes a drop-in. enable = false masks. */
#include "base/file.h"
#include "base/parse.h"
#include "guest_make.h"

#include <errno.h>
#include <string.h>

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"

/* What unit names are made of, systemd.unit(5); no '/', so it is one part of a path. */
static bool unit_name_is_valid(const char *s, size_t max) {
        return s[0] && s[0] != '.' && strlen(s) <= max &&
               s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@")] == '\0';
}

struct service {
        const char *name;
        const json_t *o;
        char where[GUEST_OPTION_MAX];
};

static const struct {
        const char *option, *key;
} relations[] = {
        {"wants", "Wants"},   {"requires", "Requires"},   {"after", "After"},
        {"before", "Before"}, {"conflicts", "Conflicts"}, {"partOf", "PartOf"},
};

static const struct {
        const char *option, *key, *suffix;
} scripts[] = {
        {"preStart", "ExecStartPre", "pre-start"}, {"script", "ExecStart", "start"},
        {"reload", "ExecReload", "reload"},        {"postStart", "ExecStartPost", "post-start"},
        {"preStop", "ExecStop", "pre-stop"},       {"postStop", "ExecStopPost", "post-stop"},
};

static void append_relations(struct guest_maker *m, struct buffer *b, const struct service *s) {
        for (size_t i = 0; i < ELEMENTS_OF(relations); i++) {
                const json_t *list = guest_list(m, s->o, s->where, relations[i].option);

                for (size_t k = 0; k < json_array_size(list); k++) {
                        const char *unit = guest_list_line(m, list, s->where, k);

                        if (k == 0)
                                buffer_append_format(b, "%s=", relations[i].key);
                        buffer_append_format(b, "%s%s", k > 0 ? " " : "", unit ? unit : "");
                }
                if (json_array_size(list) > 0)
                        buffer_append_string(b, "\n");
        }
}

static void append_optional(struct guest_maker *m, struct buffer *b, const struct service *s, const char *option,
                            const char *key) {
        const json_t *v = json_object_get(s->o, option);

        if (v)
                guest_append_setting(m, b, key, v, s->where);
}

static void append_unit_section(struct guest_maker *m, struct buffer *b, const struct service *s) {
        char where[GUEST_OPTION_MAX + 16];
        const char *description = guest_line(m, s->o, s->where, "description");

        buffer_append_format(b, "# Made from %s.\n[Unit]\n", s->where);
        if (description && description[0])
                buffer_append_format(b, "Description=%s\n", description);
        append_relations(m, b, s);
        append_optional(m, b, s, "startLimitBurst", "StartLimitBurst");
        append_optional(m, b, s, "startLimitIntervalSec", "StartLimitIntervalSec");
        (void) snprintf(where, sizeof(where), "%s.unitConfig", s->where);
        guest_append_settings(m, b, guest_object(m, s->o, s->where, "unitConfig"), where);
}

/* Double quotes and C escapes, as systemd.syntax(7) reads them. '%' stays a specifier, as in NixOS. */
static void append_environment(struct guest_maker *m, struct buffer *b, const struct service *s, const char *name,
                               const char *value) {
        if (!name[0] || strpbrk(name, "=\"\\ \t\n\r") || !string_is_clean(name)) {
                guest_fail(m, EINVAL, "%s.environment: has a name that no variable can have", s->where);
                return;
        }
        buffer_append_format(b, "Environment=\"%s=", name);
        for (; *value; value++)
                if (*value == '\n')
                        buffer_append_string(b, "\\n");
                else if (*value == '\r')
                        buffer_append_string(b, "\\r");
                else {
                        if (*value == '"' || *value == '\\')
                                buffer_append_byte(b, '\\');
                        buffer_append_byte(b, (uint8_t) *value);
                }
        buffer_append_string(b, "\"\n");
}

static void append_path(struct guest_maker *m, struct buffer *b, const struct service *s) {
        const json_t *list = guest_list(m, s->o, s->where, "path");
        _cleanup_(buffer_clear) struct buffer path = BUFFER_INIT;

        if (json_array_size(list) == 0)
                return;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *folder = guest_list_line(m, list, s->where, i);

                buffer_append_format(&path, "%s/bin:%s/sbin:", folder ? folder : "", folder ? folder : "");
        }
        buffer_append_string(&path, SYSTEM_PATH);
        append_environment(m, b, s, "PATH", buffer_text(&path));
}

static void append_variables(struct guest_maker *m, struct buffer *b, const struct service *s) {
        const json_t *environment = guest_object(m, s->o, s->where, "environment");
        char number[32], where[GUEST_OPTION_MAX + 16];
        const char *name, *text;
        json_t *v;

        (void) snprintf(where, sizeof(where), "%s.environment", s->where);
        append_path(m, b, s);
        json_object_foreach ((json_t *) environment, name, v) {
                if (json_is_integer(v)) {
                        (void) snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
                        text = number;
                } else
                        text = guest_string(m, environment, where, name);
                if (text)
                        append_environment(m, b, s, name, text);
        }
}

/* A folder for each service. systemd refuses to execute what has a '\' in its path; '=' is in no unit's name. */
static char *script_path(const char *name, const char *suffix) {
        char *path = format(GUEST_SCRIPTS "/%s/%s", name, suffix);

        for (char *p = path; p && *p; p++)
                if (*p == '\\')
                        *p = '=';
        return path;
}

/* A file that is executed, so that systemd's quoting never meets the person's text. */
static void append_scripts(struct guest_maker *m, struct buffer *b, const struct service *s) {
        for (size_t i = 0; i < ELEMENTS_OF(scripts); i++) {
                const char *text = guest_string(m, s->o, s->where, scripts[i].option);
                _cleanup_(buffer_clear) struct buffer script = BUFFER_INIT;
                _cleanup_(freep) char *path = NULL;

                if (!text || !text[0])
                        continue;
                path = script_path(s->name, scripts[i].suffix);
                if (!path) {
                        guest_fail(m, ENOMEM, "out of memory");
                        return;
                }
                buffer_append_format(&script, "#!/bin/bash -e\n%s%s", text, text[strlen(text) - 1] == '\n' ? "" : "\n");
                guest_add(m, path, 0555, &script);
                buffer_append_format(b, "%s=%s\n", scripts[i].key, path);
        }
}

static void add_dependents(struct guest_maker *m, const struct service *s, const char *option, const char *kind,
                           const char *unit) {
        const json_t *list = guest_list(m, s->o, s->where, option);

        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *target = guest_list_line(m, list, s->where, i);

                if (!target)
                        return;
                if (unit_name_is_valid(target, 200))
                        guest_add_wanted(m, target, kind, unit);
                else
                        guest_fail(m, EINVAL, "%s.%s[%zu]: not the name of a unit, such as \"multi-user.target\"",
                                   s->where, option, i);
        }
}

static bool runs_something(const struct service *s) {
        const json_t *config = json_object_get(s->o, "serviceConfig");
        const char *script = json_string_value(json_object_get(s->o, "script"));

        return (script && script[0]) || json_object_get(config, "ExecStart") || json_object_get(config, "ExecStop") ||
               json_object_get(json_object_get(s->o, "unitConfig"), "SuccessAction");
}

/* A unit that services.* has made already, under this path. */
static bool is_made(const struct guest_maker *m, const char *path) {
        for (size_t i = 0; i < m->files->n; i++)
                if (string_equal(m->files->files[i].path, path))
                        return true;
        return false;
}

static void make_service(struct guest_maker *m, const char *name, const json_t *o) {
        struct service s = {.name = name, .o = o};
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        _cleanup_(freep) char *unit = format("%s.service", name),
                              *path = format("/etc/systemd/system/%s.service", name);
        _cleanup_(freep) char *dropin = format("/etc/systemd/system/%s.service.d/overrides.conf", name);
        char where[GUEST_OPTION_MAX + 16];

        if (!unit || !path || !dropin) {
                guest_fail(m, ENOMEM, "out of memory");
                return;
        }
        (void) snprintf(s.where, sizeof(s.where), "systemd.services.\"%s\"", name);
        if (!unit_name_is_valid(name, 200)) {
                guest_fail(m, EINVAL,
                           "systemd.services: has a name that no unit can have: letters, digits and ':-_.\\@'");
                return;
        }
        if (!guest_boolean(m, o, s.where, "enable", true)) {
                guest_add_link(m, path, "/dev/null");
                return;
        }
        append_unit_section(m, &b, &s);
        buffer_append_string(&b, "\n[Service]\n");
        append_variables(m, &b, &s);
        append_scripts(m, &b, &s);
        (void) snprintf(where, sizeof(where), "%s.serviceConfig", s.where);
        guest_append_settings(m, &b, guest_object(m, o, s.where, "serviceConfig"), where);
        if (!guest_boolean(m, o, s.where, "restartIfChanged", true))
                buffer_append_string(&b, "X-RestartIfChanged=false\n");
        guest_add(m, runs_something(&s) && !is_made(m, path) ? path : dropin, 0644, &b);
        add_dependents(m, &s, "wantedBy", "wants", unit);
        add_dependents(m, &s, "requiredBy", "requires", unit);
}

void guest_make_units(struct guest_maker *m) {
        const json_t *systemd = guest_object(m, m->config, "config", "systemd");
        const json_t *services = guest_object(m, systemd, "systemd", "services");
        const char *name;
        json_t *o;

        json_object_foreach ((json_t *) services, name, o)
                make_service(m, name, o);
}
