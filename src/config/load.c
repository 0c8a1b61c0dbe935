/* config_load(): a file becomes a spec. Whatever language the file is in, the same checks are made of the same tree. */
#include "config.h"

#include "base/file.h"
#include "base/parse.h"
#include "check.h"
#include "json_position.h"
#include "load.h"
#include "model/names.h"
#include "nix.h"
#include "option_path.h"
#include "problem.h"
#include "source.h"
#include "spec.h"
#include "table.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_MAX (1 << 20)

static bool ends_with(const char *s, const char *suffix) {
        size_t n = strlen(s), m = strlen(suffix);

        return n > m && strcmp(s + n - m, suffix) == 0;
}

/* The length of the UTF-8 sequence at p, 0 when it is none. */
static size_t sequence_length(const unsigned char *p, size_t size) {
        size_t n = 0;

        if (p[0] < 0x80)
                return 1;
        if (p[0] >= 0xC2 && p[0] < 0xF5)
                n = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
        if (n == 0 || n > size)
                return 0;
        for (size_t i = 1; i < n; i++)
                if ((p[i] & 0xC0) != 0x80)
                        return 0;
        if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
            (p[0] == 0xF4 && p[1] > 0x8F))
                return 0;
        return n;
}

/* Text is UTF-8 without NUL; binary files and other encodings would only lead to strange messages later. */
static int check_text(const char *path, const char *text, size_t size, struct error *e) {
        unsigned line = 1;

        if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
                return error_set(
                        e, EILSEQ, EXIT_CONTAINER,
                        "%s:1: begins with a byte order mark, which neither Nix nor JSON knows; save it as UTF-8 "
                        "without one",
                        path);
        for (size_t i = 0; i < size;) {
                size_t n = text[i] ? sequence_length((const unsigned char *) text + i, size - i) : 0;

                if (n == 0)
                        return error_set(e, EILSEQ, EXIT_CONTAINER, "%s:%u: not text in UTF-8: byte 0x%02x at %zu",
                                         path, line, (unsigned char) text[i], i);
                line += text[i] == '\n';
                i += n;
        }
        return 0;
}

static int unreadable(const char *path, int r, struct error *e) {
        /* What a shell puts there for '<(...)' has no name of its own. */
        if (r == ENOENT && access(path, F_OK) == 0)
                r = -EINVAL;
        if (r == ENOENT || r == -ENOENT)
                return error_set(e, ENOENT, EXIT_FAILED,
                                 "reading the config '%s': No such file or directory; name a .nix or .json file that "
                                 "is there",
                                 path);
        if (r == -EISDIR || r == -EINVAL)
                return error_set(e, -r, EXIT_FAILED,
                                 "reading the config '%s': it is not a file; name a .nix or .json file", path);
        return error_errno(e, r, EXIT_FAILED, "reading the config '%s'", path);
}

static int read_text(const char *path, char **ret, struct error *e) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r = file_read(path, CONFIG_MAX, &text, &size);

        if (r == -EFBIG)
                return error_set(e, EFBIG, EXIT_CONTAINER, "%s: larger than %d MiB, which no config is", path,
                                 CONFIG_MAX >> 20);
        if (r < 0)
                return unreadable(path, r, e);
        r = check_text(path, text, size, e);
        if (r < 0)
                return r;
        *ret = steal_ptr(text);
        return 0;
}

static int load_json(const char *path, const char *text, const char *name, const json_t *table, json_t **ret,
                     struct error *e) {
        json_error_t where;
        json_t *written = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
        int r;

        if (!written) {
                bool has_nul = json_error_code(&where) == json_error_null_character;
                _cleanup_(freep) char *words = nix_plain(has_nul ? "\\u0000 in a string" : where.text);

                return error_set(e, EINVAL, EXIT_CONTAINER, "%s:%d:%d: not JSON: %s", path, where.line,
                                 where.column > 0 ? where.column : 1, words ? words : "?");
        }
        r = config_check(written, text, path, name, table, ret, e);
        json_decref(written);
        return r;
}

/* What Nix has made is complete already; the check says whether the two sides mean the same by the table. */
static int load_nix(const char *path, const char *set, const char *name, const json_t *table, struct config_tree *ret,
                    struct error *e) {
        json_t *evaluated = NULL;
        int r = nix_evaluate(ret->absolute, path, set, name, table, &evaluated, e);

        if (r < 0)
                return r;
        ret->places = json_incref(json_object_get(evaluated, "places"));
        r = config_check(json_object_get(evaluated, "value"), "", path, name, table, &ret->config, e);
        json_decref(evaluated);
        return r;
}

void config_tree_clear(struct config_tree *t) {
        free(t->absolute);
        free(t->text);
        json_decref(t->places);
        json_decref(t->config);
        *t = CONFIG_TREE_INIT;
}

/* The place of path, or of the most of it that there is one of. */
static const char *place_find(const json_t *places, const json_t *path) {
        const char *found = NULL;
        const json_t *place;
        size_t i, most = 0;

        json_array_foreach (places, i, place) {
                const json_t *of = json_object_get(place, "path");
                size_t n = 0;

                while (n < json_array_size(of) && json_equal(json_array_get(of, n), json_array_get(path, n)))
                        n++;
                if (n == json_array_size(of) && n > most) {
                        found = json_string_value(json_object_get(place, "where"));
                        most = n;
                }
        }
        return found;
}

char *config_tree_where(const struct config_tree *t, const char *path, const json_t *option) {
        const char *place = place_find(t->places, option);
        size_t n = strlen(t->absolute);
        struct json_position p = {0};

        /* Nix knows the file by its absolute name only. */
        if (place && strncmp(place, t->absolute, n) == 0 && place[n] == ':')
                return format("%s%s", path, place + n);
        if (place)
                return format("%s", place);
        if (ends_with(path, ".json"))
                p = json_position_find(t->text, option);
        return p.line > 0 ? format("%s:%u:%u", path, p.line, p.column) : format("%s", path);
}

/* message: NULL when there was no memory for it. */
static void swap_message(struct error *e, char *message) {
        if (!message)
                return;
        free(e->message);
        e->message = message;
}

void config_tree_locate(const struct config_tree *t, const char *path, struct error *e) {
        for (struct error *one = e; one; one = one->next) {
                json_t *option = option_path_read(error_message(one));
                _cleanup_(freep) char *where = config_tree_where(t, path, option);

                json_decref(option);
                swap_message(one, format("%s: %s", where ? where : path, error_message(one)));
        }
        if (e)
                problem_sort(e);
}

static int load_tree(const char *path, const char *set, const char *name, const json_t *table, struct config_tree *ret,
                     struct error *e) {
        bool is_json = ends_with(path, ".json");
        int r;

        ret->absolute = realpath(path, NULL);
        if (!ret->absolute)
                return unreadable(path, errno, e);
        if (!string_is_clean(ret->absolute))
                return error_set(e, EILSEQ, EXIT_FAILED,
                                 "the path of the config has control characters or is not UTF-8; give it a plain name");
        if (!is_json && !ends_with(path, ".nix"))
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "%s: the name of a config ends in .nix or .json, which says how it is written", path);
        r = read_text(path, &ret->text, e);
        if (r < 0)
                return r;
        if (is_json)
                return load_json(path, ret->text, name, table, &ret->config, e);
        return load_nix(path, set, name, table, ret, e);
}

int config_tree_load(const char *path, const char *set, const char *name, struct config_tree *ret, struct error *e) {
        _cleanup_(config_tree_clear) struct config_tree t = CONFIG_TREE_INIT;
        json_t *table = strcmp(set, CONFIG_SET_HOST) == 0   ? table_load_host()
                        : strcmp(set, CONFIG_SET_ZONE) == 0 ? table_load_zone()
                                                            : table_load();
        int r;

        if (!table)
                return error_errno(e, ENOMEM, EXIT_FAILED, "reading the table of options");
        r = load_tree(path, set, name, table, &t, e);
        json_decref(table);
        if (r < 0)
                return r;
        *ret = t;
        t = CONFIG_TREE_INIT;
        return 0;
}

int config_load(const char *path, const char *name, json_t **ret, struct error *e) {
        _cleanup_(config_tree_clear) struct config_tree t = CONFIG_TREE_INIT;
        const char *problem = container_name_problem(name);
        json_t *spec;
        int r;

        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "container name '%s': %s", name, problem);
        r = config_tree_load(path, CONFIG_SET_CONTAINER, name, &t, e);
        if (r < 0)
                return r;
        r = config_read_sources(t.config, e);
        if (r < 0) {
                config_tree_locate(&t, path, e);
                return r;
        }
        spec = json_pack("{s:i, s:s, s:s, s:O}", "version", SPEC_VERSION, "name", name, "source", t.absolute, "config",
                         t.config);
        if (!spec)
                return error_errno(e, ENOMEM, EXIT_FAILED, "%s: making the spec", path);
        /* What is wrong with the whole rather than with one option: doubles, texts that only the model understands. */
        r = spec_check(spec, name, e);
        if (r < 0) {
                json_decref(spec);
                config_tree_locate(&t, path, e);
                return r;
        }
        *ret = spec;
        return 0;
}
