/* JSON against the table of options.
 *
 * The table (docs/spec.md) says of each option what it may be; this says where a config differs, and what it would be
 * completed. It knows kinds of types and no option by name, so the table alone decides, as it does for Nix. */
#include "check.h"

#include "base/file.h"
#include "base/parse.h"
#include "json_position.h"
#include "option_path.h"
#include "problem.h"
#include "value.h"

#include <errno.h>
#include <regex.h>
#include <string.h>

/* Enough to mend at once. */
#define PROBLEMS_MAX 100

struct checker {
        const char *text, *file;
        const json_t *table;
        json_t *path; /* of what is being looked at */
        struct error *e, problems;
        unsigned n_problems;
};

static int check_type(struct checker *c, const json_t *type, const json_t *v, const char *name, json_t **ret);
static int check_set(struct checker *c, const json_t *set, const json_t *v, const char *name, json_t **ret);

static const char *text_of(const json_t *node, const char *key) {
        const char *s = json_string_value(json_object_get(node, key));

        return s ? s : "";
}

static bool is_kind(const json_t *type, const char *kind) {
        return strcmp(text_of(type, "kind"), kind) == 0;
}

/* "FILE:LINE:COLUMN" of what is being looked at. */
static char *where_is(const struct checker *c) {
        struct json_position p = json_position_find(c->text, c->path);

        return format("%s:%u:%u", c->file, p.line, p.column);
}

/* Takes the problem, and goes on (*ret stands for what is wrong) unless there are many. */
static int note(struct checker *c, struct error *problem, json_t **ret) {
        int code = problem->code;

        error_append(&c->problems, problem);
        if (++c->n_problems >= PROBLEMS_MAX)
                return code;
        if (!*ret)
                *ret = json_null();
        return 0;
}

static int wrong_type(struct checker *c, const char *expected, const json_t *v, json_t **ret) {
        _cleanup_(error_clear) struct error problem = ERROR_INIT;
        _cleanup_(freep) char *where = where_is(c);
        char found[VALUE_TEXT_MAX];

        (void) problem_type(where ? where : c->file, c->path, expected, value_describe(v, found), &problem);
        return note(c, &problem, ret);
}

static int no_memory(const struct checker *c) {
        return error_errno(c->e, ENOMEM, EXIT_FAILED, "%s: checking the config", c->file);
}

static int enter(struct checker *c, json_t *step) {
        return json_array_append_new(c->path, step) < 0 ? no_memory(c) : 0;
}

static void leave(struct checker *c) {
        (void) json_array_remove(c->path, json_array_size(c->path) - 1);
}

static bool matches(const char *pattern, const char *s) {
        _cleanup_(freep) char *whole = format("^(%s)$", pattern);
        regex_t regex;
        bool match;

        if (!whole || regcomp(&regex, whole, REG_EXTENDED | REG_NOSUB) != 0)
                return false;
        match = regexec(&regex, s, 0, NULL, 0) == 0;
        regfree(&regex);
        return match;
}

static bool number_fits(const json_t *type, const json_t *v) {
        const json_t *min = json_object_get(type, "min"), *max = json_object_get(type, "max");

        return json_is_integer(v) && (!min || json_integer_value(v) >= json_integer_value(min)) &&
               (!max || json_integer_value(v) <= json_integer_value(max));
}

static bool string_fits(const json_t *type, const json_t *v) {
        const char *s = value_string(v);
        const json_t *min = json_object_get(type, "min"), *pattern = json_object_get(type, "pattern");

        if (!s)
                return json_is_true(json_object_get(type, "integers")) && json_is_integer(v);
        if (min && (json_int_t) strlen(s) < json_integer_value(min))
                return false;
        return !pattern || matches(json_string_value(pattern), s);
}

static bool enum_fits(const json_t *type, const json_t *v) {
        const json_t *value;
        size_t i;

        json_array_foreach (json_object_get(type, "values"), i, value)
                if (json_equal((json_t *) value, (json_t *) v))
                        return true;
        return false;
}

static bool is_single(const json_t *v) {
        return json_is_boolean(v) || json_is_integer(v) || value_string(v);
}

/* A setting of a systemd file: one value, or a list for a key that comes several times. */
static bool setting_fits(const json_t *v) {
        const json_t *item;
        size_t i;

        if (!json_is_array(v))
                return is_single(v);
        json_array_foreach (v, i, item)
                if (!is_single(item))
                        return false;
        return true;
}

/* v is of that type, as far as it can be seen without looking inside. */
static bool fits(const json_t *type, const json_t *v) {
        const json_t *of = json_object_get(type, "of");

        if (is_kind(type, "boolean"))
                return json_is_boolean(v);
        if (is_kind(type, "integer"))
                return number_fits(type, v);
        if (is_kind(type, "number"))
                return json_is_number(v);
        if (is_kind(type, "string"))
                return string_fits(type, v);
        if (is_kind(type, "path"))
                return value_string(v) && value_string(v)[0] == '/';
        if (is_kind(type, "enum"))
                return enum_fits(type, v);
        if (is_kind(type, "setting"))
                return setting_fits(v);
        if (is_kind(type, "nullable"))
                return json_is_null(v) || fits(of, v);
        if (is_kind(type, "either"))
                return fits(json_array_get(of, 0), v) || fits(json_array_get(of, 1), v);
        if (is_kind(type, "list"))
                return json_is_array(v);
        if (is_kind(type, "attributes") || is_kind(type, "options"))
                return json_is_object(v);
        return is_kind(type, "anything");
}

static int check_list(struct checker *c, const json_t *of, const json_t *v, json_t **ret) {
        json_t *list = json_array();
        const json_t *item;
        size_t i;
        int r = list ? 0 : no_memory(c);

        json_array_foreach (v, i, item) {
                char name[32];
                json_t *checked = NULL;

                (void) snprintf(name, sizeof(name), "[%zu]", i);
                r = enter(c, json_integer((json_int_t) i));
                if (r == 0) {
                        r = check_type(c, of, item, name, &checked);
                        leave(c);
                }
                if (r == 0 && json_array_append_new(list, checked) < 0)
                        r = no_memory(c);
                if (r < 0)
                        break;
        }
        if (r < 0) {
                json_decref(list);
                return r;
        }
        *ret = list;
        return 0;
}

/* Adds key, which is v checked against type, to set. */
static int check_member(struct checker *c, json_t *set, const char *key, const json_t *type, const json_t *v) {
        json_t *checked = NULL;
        int r = enter(c, json_string(key));

        if (r < 0)
                return r;
        r = check_type(c, type, v, key, &checked);
        leave(c);
        if (r == 0 && json_object_set_new(set, key, checked) < 0)
                r = no_memory(c);
        return r;
}

static int check_attributes(struct checker *c, const json_t *of, const json_t *v, json_t **ret) {
        json_t *set = json_object(), *value;
        const char *key;
        int r = set ? 0 : no_memory(c);

        json_object_foreach ((json_t *) v, key, value) {
                if (r < 0)
                        break;
                r = check_member(c, set, key, of, value);
        }
        if (r < 0) {
                json_decref(set);
                return r;
        }
        *ret = set;
        return 0;
}

static int check_scalar(struct checker *c, const json_t *type, const json_t *v, json_t **ret) {
        char number[32];

        if (is_kind(type, "string") && json_is_integer(v)) {
                (void) snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
                *ret = json_string(number);
        } else
                *ret = json_incref((json_t *) v);
        return *ret ? 0 : no_memory(c);
}

/* Of the attribute set that what is being looked at is an option of. */
static const char *parent_name(const struct checker *c, const char *absent) {
        size_t n = json_array_size(c->path);
        const char *s = n > 1 ? json_string_value(json_array_get(c->path, n - 2)) : NULL;

        return s ? s : absent;
}

static int check_type(struct checker *c, const json_t *type, const json_t *v, const char *name, json_t **ret) {
        const json_t *of = json_object_get(type, "of");

        if (!fits(type, v))
                return wrong_type(c, text_of(type, "description"), v, ret);
        if (is_kind(type, "nullable") && !json_is_null(v))
                return check_type(c, of, v, name, ret);
        if (is_kind(type, "either"))
                return check_type(c, json_array_get(of, fits(json_array_get(of, 0), v) ? 0 : 1), v, name, ret);
        if (is_kind(type, "list"))
                return check_list(c, of, v, ret);
        if (is_kind(type, "attributes"))
                return check_attributes(c, of, v, ret);
        if (is_kind(type, "options"))
                return check_set(c, type, v, json_is_true(json_object_get(type, "named")) ? parent_name(c, name) : name,
                                 ret);
        return check_scalar(c, type, v, ret);
}

static int missing(struct checker *c, const char *key, const json_t *type, json_t **ret) {
        _cleanup_(error_clear) struct error problem = ERROR_INIT;
        _cleanup_(freep) char *where = where_is(c);
        int r = enter(c, json_string(key));

        if (r < 0)
                return r;
        (void) problem_missing(where ? where : c->file, c->path, text_of(type, "description"), &problem);
        leave(c);
        return note(c, &problem, ret);
}

/* The value of an option that the config does not mention. */
static int take_default(struct checker *c, const char *key, const json_t *entry, const char *name, json_t **ret) {
        const json_t *type = json_object_get(entry, "type"), *fallback = json_object_get(entry, "default");

        if (json_is_true(json_object_get(entry, "defaultFromName"))) {
                *ret = json_string(name);
                return *ret ? 0 : no_memory(c);
        }
        if (!fallback)
                return missing(c, key, type, ret);
        /* A default may be short, too: {} for a set of options that have defaults. */
        return check_type(c, type, fallback, key, ret);
}

static int check_option(struct checker *c, const char *key, const json_t *entry, const json_t *v, const char *name,
                        json_t **ret) {
        bool pending = json_is_true(json_object_get(entry, "pending"));
        int r;

        if (!v && json_object_get(entry, "options"))
                return check_set(c, entry, NULL, name, ret);
        if (!v)
                return take_default(c, key, entry, name, ret);
        r = enter(c, json_string(key));
        if (r < 0)
                return r;
        if (json_object_get(entry, "options"))
                r = check_set(c, entry, v, name, ret);
        else
                r = check_type(c, json_object_get(entry, "type"), v, key, ret);
        if (r == 0 && pending && !json_equal(*ret, json_object_get(entry, "default"))) {
                _cleanup_(error_clear) struct error problem = ERROR_INIT;
                _cleanup_(freep) char *where = where_is(c);

                (void) problem_pending(where ? where : c->file, c->path, &problem);
                r = note(c, &problem, ret);
        }
        leave(c);
        return r;
}

static int unknown(struct checker *c, const char *key, const json_t *v) {
        _cleanup_(error_clear) struct error problem = ERROR_INIT;
        size_t depth = json_array_size(c->path);
        _cleanup_(freep) char *where = NULL;
        json_t *nothing = NULL;
        int r = enter(c, json_string(key));

        if (r < 0)
                return r;
        where = where_is(c);
        /* The full name, as far as there is only one. */
        while (json_object_size(v) == 1) {
                key = json_object_iter_key(json_object_iter((json_t *) v));
                v = json_object_get(v, key);
                if (enter(c, json_string(key)) < 0)
                        break;
        }
        (void) problem_unknown(where ? where : c->file, c->path, c->table, &problem);
        while (json_array_size(c->path) > depth)
                leave(c);
        return note(c, &problem, &nothing);
}

/* Names that the table does not have: an error, or values of the set's freeform type. */
static int check_strange(struct checker *c, const json_t *set, const json_t *v, json_t *ret) {
        const json_t *options = json_object_get(set, "options"), *freeform = json_object_get(set, "freeform");
        const char *key;
        json_t *value;

        json_object_foreach ((json_t *) v, key, value) {
                int r = 0;

                if (json_object_get(options, key))
                        continue;
                r = freeform ? check_member(c, ret, key, freeform, value) : unknown(c, key, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* set: an entry of the table with options below it. v: what the config says there, or NULL. */
static int check_set(struct checker *c, const json_t *set, const json_t *v, const char *name, json_t **ret) {
        json_t *result, *entry;
        unsigned before = c->n_problems;
        const char *key;
        bool strange;
        int r;

        if (v && !json_is_object(v))
                return wrong_type(c, "an attribute set of options", v, ret);
        result = json_object();
        r = result ? 0 : no_memory(c);
        if (r == 0)
                r = check_strange(c, set, v, result);
        strange = c->n_problems > before;
        json_object_foreach (json_object_get(set, "options"), key, entry) {
                json_t *value = NULL;

                if (r < 0)
                        break;
                /* What seems to be missing may be what was misspelt. */
                if (strange && !json_object_get(v, key))
                        continue;
                r = check_option(c, key, entry, json_object_get(v, key), name, &value);
                if (r == 0 && json_object_set_new(result, key, value) < 0)
                        r = no_memory(c);
        }
        if (r < 0) {
                json_decref(result);
                return r;
        }
        *ret = result;
        return 0;
}

int config_check(const json_t *config, const char *text, const char *file, const char *name, const json_t *table,
                 json_t **ret, struct error *e) {
        struct checker c = {.text = text, .file = file, .table = table, .path = json_array(), .e = e};
        json_t *checked = NULL;
        int r = c.path ? check_set(&c, table, config, name, &checked) : no_memory(&c);

        json_decref(c.path);
        if (c.n_problems > 0) {
                r = c.problems.code;
                problem_sort(&c.problems);
                error_move(e, &c.problems);
        }
        if (r < 0)
                json_decref(checked);
        else
                *ret = checked;
        error_clear(&c.problems);
        return r;
}
