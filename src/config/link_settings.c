/* First every line is listed, whichever way it was written; then the table of keys is asked about each. */
#include "link_settings.h"

#include "base/file.h"
#include "base/parse.h"
#include "link_keys.h"
#include "network_attributes.h"
#include "option_path.h"
#include "unit_lines.h"
#include "value.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define SETTINGS_MAX 512

struct reader {
        struct link_settings s;
        unsigned nth; /* sections so far */
        struct error *e;
};

static int no_memory(struct reader *r) {
        return error_errno(r->e, ENOMEM, EXIT_FAILED, "reading the settings of a link");
}

static int add(struct reader *r, const char *where, const char *section, const char *key, const char *value) {
        struct link_setting *settings, *new;

        if (r->s.n_settings >= SETTINGS_MAX)
                return error_set(r->e, E2BIG, EXIT_CONTAINER, "%s: more than %d settings of one link", where,
                                 SETTINGS_MAX);
        if (unit_line_goes_on(value))
                return error_set(r->e, EINVAL, EXIT_CONTAINER,
                                 "%s: %s= of [%s] ends with a backslash, which would take in the line behind it", where,
                                 key, section);
        settings = reallocarray(r->s.settings, r->s.n_settings + 1, sizeof(*settings));
        if (!settings)
                return no_memory(r);
        r->s.settings = settings;
        new = &settings[r->s.n_settings++];
        *new = (struct link_setting){
                .where = strdup(where),
                .section = strdup(section),
                .nth = r->nth,
                .key = strdup(key),
                .value = strdup(value),
        };
        return new->where &&new->section &&new->key &&new->value ? 0 : no_memory(r);
}

/* Options. */

static int wrong_option(struct reader *r, const char *where, const char *expected, const json_t *found) {
        char text[VALUE_TEXT_MAX];

        return error_set(r->e, EINVAL, EXIT_CONTAINER, "%s: expected %s, found %s", where, expected,
                         value_describe(found, text));
}

static int add_scalar(struct reader *r, const char *where, const char *section, const char *key, const json_t *v) {
        char number[32];
        const char *s = value_string(v);

        if (s && !strpbrk(s, "\n\r") && string_is_clean(s))
                return add(r, where, section, key, s);
        if (json_is_boolean(v))
                return add(r, where, section, key, json_is_true(v) ? "true" : "false");
        if (json_is_null(v))
                return 0;
        if (!json_is_integer(v))
                return wrong_option(r, where, "a string on one line, a whole number, true or false, or a list of them",
                                    v);
        (void) snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        return add(r, where, section, key, number);
}

static bool key_is_valid(const char *key) {
        return key[0] && !key[strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")];
}

static int add_value(struct reader *r, const char *where, const char *section, const char *key, const json_t *v) {
        const json_t *item;
        size_t i;
        int k = 0;

        if (!key_is_valid(key))
                return error_set(r->e, EINVAL, EXIT_CONTAINER,
                                 "%s: has a key that is not a setting's name (letters, digits, '-' and '_')", where);
        if (!json_is_array(v))
                return add_scalar(r, where, section, key, v);
        json_array_foreach (v, i, item) {
                _cleanup_(freep) char *at = format("%s[%zu]", where, i);

                k = at ? add_scalar(r, at, section, key, item) : no_memory(r);
                if (k < 0)
                        break;
        }
        return k;
}

static int add_section(struct reader *r, const char *where, const char *section, const json_t *v) {
        const json_t *value;
        const char *key;
        int k;

        if (!json_is_object(v))
                return wrong_option(r, where, "an attribute set", v);
        r->nth++;
        json_object_foreach ((json_t *) v, key, value) {
                _cleanup_(freep) char *at = format("%s.%s", where, key);

                k = at ? add_value(r, at, section, key, value) : no_memory(r);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int add_sections(struct reader *r, const char *where, const struct network_attribute *a, const json_t *v) {
        const json_t *item;
        size_t i;
        int k;

        if (!json_is_array(v))
                return wrong_option(r, where, "a list of attribute sets", v);
        json_array_foreach (v, i, item) {
                const json_t *nested = json_object_get(item, a->nested);
                _cleanup_(freep) char *at = format("%s[%zu]", where, i);

                k = at ? add_section(r, at, a->section, nested ? nested : item) : no_memory(r);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int add_attribute(struct reader *r, const char *where, const struct network_attribute *a, const json_t *v) {
        _cleanup_(freep) char *at = format("%s%s%s", where, option_path_dot(where), a->attribute);

        if (!at)
                return no_memory(r);
        switch (a->shape) {
        case ATTRIBUTE_SECTION:
                return json_object_size(v) == 0 && json_is_object(v) ? 0 : add_section(r, at, a->section, v);
        case ATTRIBUTE_SECTIONS:
                return add_sections(r, at, a, v);
        case ATTRIBUTE_LINES:
        default:
                return add_value(r, at, a->section, a->key, v);
        }
}

/* Files. */

static int add_line(struct reader *r, char *line, const char *where, char **section) {
        size_t n = strlen(line);
        char *value;

        if (line[0] == '[') {
                if (line[n - 1] != ']' || n < 3)
                        return error_set(r->e, EINVAL, EXIT_CONTAINER, "%s: '%s' is not a section such as [Network]",
                                         where, line);
                line[n - 1] = '\0';
                free(*section);
                *section = strdup(line + 1);
                r->nth++;
                return *section ? 0 : no_memory(r);
        }
        value = strchr(line, '=');
        if (!value || !*section)
                return error_set(r->e, EINVAL, EXIT_CONTAINER,
                                 *section ? "%s: '%s' is not KEY=VALUE" : "%s: '%s' stands before the first section",
                                 where, line);
        *value++ = '\0';
        line = unit_strip(line);
        if (!key_is_valid(line))
                return error_set(r->e, EINVAL, EXIT_CONTAINER, "%s: '%s' is not a setting's name", where, line);
        return add(r, where, *section, line, unit_strip(value));
}

static int add_text(struct reader *r, const char *text, const char *path) {
        _cleanup_(freep) char *section = NULL, *copy = strdup(text);
        struct unit_lines lines = {.rest = copy};
        unsigned number;
        int k = copy ? 0 : no_memory(r);

        for (char *line; k >= 0 && (line = unit_lines_next(&lines, &number));) {
                _cleanup_(freep) char *where = format("%s:%u", path, number);

                if (!where)
                        k = no_memory(r);
                else if (!string_is_clean(line))
                        k = error_set(r->e, EINVAL, EXIT_CONTAINER, "%s: has control characters, or is not UTF-8 text",
                                      where);
                else
                        k = add_line(r, line, where, &section);
        }
        return k;
}

/* What the table says. */

static int judge_value(struct reader *r, struct link_setting *t, enum link_side side) {
        const struct link_key *key = link_key_find(t->section, t->key, side);
        int k;

        if (!key) {
                if (side == LINK_SIDE_CONTAINER || (side == LINK_SIDE_HOST && !link_section_is_ours(t->section)))
                        return 0;
                return error_set(r->e, EOPNOTSUPP, EXIT_CONTAINER,
                                 "%s: %s= of [%s] is not carried out here; remove it (the guide has the list of keys "
                                 "that are: docs/guide/any-option.md)",
                                 t->where, t->key, t->section);
        }
        k = !*t->value && !key->resets ? 0 : key->set(&r->s, t->value);
        if (k == -ENOMEM)
                return error_set(r->e, ENOMEM, EXIT_CONTAINER, "%s: more [%s] entries than can be taken", t->where,
                                 t->section);
        if (k < 0 || (k == LINK_KEY_FOREIGN && side == LINK_SIDE_ZONE))
                return error_set(r->e, EINVAL, EXIT_CONTAINER, "%s: %s= of [%s] is '%s', expected %s", t->where, t->key,
                                 t->section, t->value, key->expected);
        t->known = k == 0;
        return 0;
}

/* Lines from..to are one section. */
static int judge_section(struct reader *r, size_t from, size_t to, enum link_side side) {
        struct link_setting *first = &r->s.settings[from];
        const struct link_section *section = link_section_find(
                side == LINK_SIDE_CONTAINER && link_section_is_ours(first->section) ? NULL : first->section);
        const char *problem;
        bool known = true;
        int k;

        if (section && section->begin(&r->s) < 0)
                return error_set(r->e, E2BIG, EXIT_CONTAINER, "%s: too many sections [%s]", first->where,
                                 first->section);
        for (size_t i = from; i < to; i++) {
                k = judge_value(r, &r->s.settings[i], side);
                if (k < 0)
                        return k;
                known = known && r->s.settings[i].known;
        }
        for (size_t i = from; i < to; i++)
                r->s.settings[i].done = section ? known : r->s.settings[i].known;
        problem = section ? section->end(&r->s, known) : NULL;
        return problem ? error_set(r->e, EINVAL, EXIT_CONTAINER, "%s: this [%s] %s", first->where, first->section,
                                   problem)
                       : 0;
}

static int judge(struct reader *r, enum link_side side, bool match_allowed) {
        for (size_t from = 0, to; from < r->s.n_settings; from = to) {
                struct link_setting *t = &r->s.settings[from];
                int k;

                for (to = from + 1; to < r->s.n_settings && r->s.settings[to].nth == t->nth &&
                                    string_equal(r->s.settings[to].section, t->section);
                     to++)
                        ;
                if (string_equal(t->section, "Match")) {
                        if (!match_allowed)
                                return error_set(r->e, EINVAL, EXIT_CONTAINER,
                                                 "%s: which link this is about is known, and cannot be said; for "
                                                 "another one use systemd.network.networks.NAME",
                                                 t->where);
                        for (size_t i = from; i < to; i++)
                                r->s.settings[i].known = r->s.settings[i].done = true;
                        continue;
                }
                k = judge_section(r, from, to, side);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int finish(struct reader *r, int k, enum link_side side, bool match_allowed, struct link_settings *ret) {
        if (k >= 0)
                k = judge(r, side, match_allowed);
        if (k < 0) {
                link_settings_clear(&r->s);
                return k;
        }
        r->s.present = true;
        *ret = r->s;
        return 0;
}

int link_settings_from_options(const json_t *options, const char *where, enum link_side side, struct link_settings *ret,
                               struct error *e) {
        struct reader r = {.e = e};
        const json_t *enable = json_object_get(options, "enable"), *extra = json_object_get(options, "extraConfig");
        const char *attribute;
        json_t *v;
        int k = 0;

        *ret = LINK_SETTINGS_INIT;
        if (!options || json_is_null(options) || json_is_false(enable))
                return 0;
        if (!json_is_object(options))
                return wrong_option(&r, where, "an attribute set, or null", options);
        json_object_foreach ((json_t *) options, attribute, v)
                if (!network_attribute_is_known(attribute))
                        return error_set(e, EINVAL, EXIT_CONTAINER,
                                         "%s%s%s: no such option (names as in NixOS: networkConfig, address, routes "
                                         "...)",
                                         where, option_path_dot(where), attribute);
        for (const struct network_attribute *a = network_attributes; k >= 0 && a->attribute; a++) {
                v = json_object_get(options, a->attribute);
                /* Lines of [Network] are one section with those before them. */
                if (v && !json_is_null(v))
                        k = add_attribute(&r, where, a, v);
        }
        if (k >= 0 && json_is_string(extra)) {
                _cleanup_(freep) char *at = format("%s%sextraConfig", where, option_path_dot(where));

                k = at ? add_text(&r, json_string_value(extra), at) : no_memory(&r);
        }
        return finish(&r, k, side, false, ret);
}

int link_settings_from_file(const char *text, const char *path, enum link_side side, struct link_settings *ret,
                            struct error *e) {
        struct reader r = {.e = e};

        *ret = LINK_SETTINGS_INIT;
        return finish(&r, add_text(&r, text, path), side, true, ret);
}

int link_settings_refuse_foreign(const struct link_settings *s, const char *link, struct error *e) {
        for (size_t i = 0; i < s->n_settings; i++) {
                const struct link_setting *t = &s->settings[i];

                if (!t->known)
                        return error_set(e, EOPNOTSUPP, EXIT_CONTAINER,
                                         "%s: %s=%s of [%s] of the link %s is something that only systemd-networkd "
                                         "could do, which does not run on this host; remove it (the guide has the list "
                                         "of keys that work everywhere: docs/guide/any-option.md)",
                                         t->where, t->key, t->value, t->section, link);
        }
        return 0;
}

void link_settings_append_foreign(struct buffer *b, const struct link_settings *s) {
        unsigned nth = 0;
        const char *section = "";

        for (size_t i = 0; i < s->n_settings; i++) {
                const struct link_setting *t = &s->settings[i];

                if (t->done)
                        continue;
                if (t->nth != nth || !string_equal(section, t->section))
                        buffer_append_format(b, "\n[%s]\n", t->section);
                nth = t->nth;
                section = t->section;
                buffer_append_format(b, "%s=%s\n", t->key, t->value);
        }
}
