/* Each config/NAME is a config; config/NAME.expected is what becomes of it: the options that differ from those of an
 * empty config, or the exit status and the message.
 *
 * The tests run in the folder of the configs, so that the messages hold no path of the machine. */
#include "../unit/test.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "config/config.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

/* What is in v and not the same in base. */
static json_t *difference(const json_t *v, const json_t *base) {
        json_t *result = json_object(), *value;
        const char *key;

        json_object_foreach ((json_t *) v, key, value) {
                json_t *other = json_object_get(base, key);

                if (json_equal(value, other))
                        continue;
                if (json_is_object(value) && json_is_object(other))
                        json_object_set_new(result, key, difference(value, other));
                else
                        json_object_set(result, key, value);
        }
        return result;
}

static json_t *load(const char *path, struct error *e) {
        json_t *spec = NULL;

        if (config_load(path, "example", &spec, e) < 0)
                assert_null(spec);
        else
                assert_true(json_is_object(json_object_get(spec, "config")));
        return spec;
}

static json_t *load_config(const char *path) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        json_t *spec = load(path, &e), *config = json_incref(json_object_get(spec, "config"));

        if (!spec)
                print_error("%s: %s\n", path, error_message(&e));
        assert_non_null(spec);
        assert_int_equal(json_integer_value(json_object_get(spec, "version")), 1);
        assert_text(json_string_value(json_object_get(spec, "name")), "example");
        assert_true(string_starts_with(json_string_value(json_object_get(spec, "source")), "/"));
        json_decref(spec);
        return config;
}

/* The folder of the tests as a person in it sees it. */
static void append_message(const char *s, struct buffer *b) {
        const char *here;

        while ((here = strstr(s, GOLDEN))) {
                buffer_append(b, s, (size_t) (here - s));
                buffer_append_string(b, ".");
                s = here + strlen(GOLDEN);
        }
        buffer_append_string(b, s);
}

static void print_outcome(const char *path, const json_t *empty, struct buffer *b) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        json_t *spec = load(path, &e);

        if (!spec) {
                buffer_append_format(b, "exit status %d: ", e.exit_status);
                for (const struct error *one = &e; one; one = one->next) {
                        append_message(error_message(one), b);
                        if (one->next)
                                buffer_append_string(b, "\n");
                }
        } else {
                json_t *changed = difference(json_object_get(spec, "config"), empty);
                char *text = json_dumps(changed, JSON_INDENT(2) | JSON_SORT_KEYS);

                buffer_append_string(b, text);
                free(text);
                json_decref(changed);
        }
        buffer_append_string(b, "\n");
        json_decref(spec);
}

static unsigned check_config(const char *path, const json_t *empty) {
        _cleanup_(buffer_clear) struct buffer found = BUFFER_INIT;
        _cleanup_(freep) char *expected_path = format("%s.expected", path), *expected = NULL;

        print_outcome(path, empty, &found);
        if (getenv("UPDATE_GOLDEN")) {
                assert_int_equal(file_write_atomic(expected_path, found.data, found.size, 0644, false), 0);
                return 0;
        }
        assert_int_equal(file_read(expected_path, 1 << 20, &expected, NULL), 0);
        if (strcmp(expected, buffer_text(&found)) == 0)
                return 0;
        print_error("%s: expected\n%s%s: found\n%s", path, expected, path, buffer_text(&found));
        return 1;
}

static void test_configs(void **state) {
        json_t *empty = load_config("empty.json");
        unsigned wrong = 0;
        glob_t g = {0};

        assert_int_equal(glob("*.nix", 0, NULL, &g), 0);
        assert_int_equal(glob("*.json", GLOB_APPEND, NULL, &g), 0);
        assert_int_equal(glob("*.txt", GLOB_APPEND, NULL, &g), 0);
        assert_true(g.gl_pathc > 70);
        for (size_t i = 0; i < g.gl_pathc; i++)
                wrong += check_config(g.gl_pathv[i], empty);
        globfree(&g);
        json_decref(empty);
        assert_int_equal(wrong, 0);
}

static void assert_same(const char *nix, const char *json) {
        json_t *a = load_config(nix), *b = load_config(json);
        char *from_nix = json_dumps(a, JSON_INDENT(1) | JSON_SORT_KEYS);
        char *from_json = json_dumps(b, JSON_INDENT(1) | JSON_SORT_KEYS);

        assert_text(from_nix, from_json);
        free(from_nix);
        free(from_json);
        json_decref(a);
        json_decref(b);
}

static void test_both_languages(void **state) {
        assert_same(GOLDEN "/../../../examples/example.nix", "example.json");
        assert_same("everything.nix", "everything.json");
        assert_same("empty.nix", "empty.json");
}

static void assert_refused(const char *path, const char *name, int exit_status, const char *message) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        json_t *spec = NULL;

        assert_true(config_load(path, name, &spec, &e) < 0);
        assert_null(spec);
        assert_text(error_message(&e), message);
        assert_int_equal(e.exit_status, exit_status);
}

/* Nobody has to be interested in the words. */
static void test_without_words(void **state) {
        static const char *const paths[] = {"nowhere.nix",        "wrong-type.nix",    "wrong-type.json",
                                            "wrong-syntax.nix",   "wrong-syntax.json", "wrong-port-twice.json",
                                            "wrong-etc-empty.nix"};
        json_t *spec = NULL;

        for (size_t i = 0; i < ELEMENTS_OF(paths); i++)
                assert_true(config_load(paths[i], "example", &spec, NULL) < 0);
        assert_null(spec);
}

static void test_files(void **state) {
        assert_refused(
                "nowhere.nix", "example", EXIT_FAILED,
                "reading the config 'nowhere.nix': No such file or directory; name a .nix or .json file that is there");
        assert_refused("nowhere.json", "example", EXIT_FAILED,
                       "reading the config 'nowhere.json': No such file or directory; name a .nix or .json file that "
                       "is there");
        assert_refused("empty.nix", "../x", EXIT_CONTAINER,
                       "container name '../x': a name consists of the letters a to z and A to Z, digits, '-' and '_'");
}

struct generated {
        char folder[64];
        char *path;
};

static void generate(struct generated *g, const char *name, const char *text, size_t size) {
        strcpy(g->folder, "/tmp/nixos-nspawn-config.XXXXXX");
        assert_non_null(mkdtemp(g->folder));
        g->path = format("%s/%s", g->folder, name);
        assert_non_null(g->path);
        assert_int_equal(file_write_atomic(g->path, text, size, 0644, false), 0);
}

static void assert_generated_refused(const char *name, const char *text, size_t size, const char *message) {
        _cleanup_(freep) char *whole = NULL;
        struct generated g;

        generate(&g, name, text, size);
        whole = format("%s%s", g.path, message);
        assert_refused(g.path, "example", EXIT_CONTAINER, whole);
        free(g.path);
        assert_int_equal(tree_remove(g.folder), 0);
}

static void test_huge_files(void **state) {
        size_t size = (1 << 20) + 1;
        char *text = malloc(size);

        assert_non_null(text);
        memset(text, ' ', size);
        assert_generated_refused("huge.nix", text, size, ": larger than 1 MiB, which no config is");
        assert_generated_refused("huge.json", text, size, ": larger than 1 MiB, which no config is");
        free(text);
}

static void test_deep_nesting(void **state) {
        size_t depth = 100000;
        char *text = malloc(depth + 1);

        assert_non_null(text);
        memset(text, '[', depth);
        text[depth] = '\0';
        assert_generated_refused("deep.nix", text, depth, ":1:4999: memory exhausted; it is nested too deeply");
        assert_generated_refused("deep.json", text, depth, ":1:2049: not JSON: maximum parsing depth reached near '['");
        free(text);
}

static void test_huge_results(void **state) {
        static const char large[] = "{ environment.etc.x.text = builtins.concatStringsSep \"\" (builtins.genList (_: "
                                    "\"0123456789012345678901234567890123456789\") 1000000); }";
        static const char list[] = "{ services.openssh.ports = builtins.genList (x: x) 500000000; }";

        assert_generated_refused("large.nix", large, strlen(large), ": the evaluated config is larger than 32 MiB");
        assert_generated_refused("list.nix", list, strlen(list),
                                 ": out of memory; does the config go round in circles?");
}

/* The first thing that a person without Nix sees. */
static void test_without_nix(void **state) {
        const char *path = getenv("PATH");
        _cleanup_(freep) char *before = strdup(path ? path : "");

        assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
        assert_refused(
                "empty.nix", "example", EXIT_COMMAND,
                "empty.nix: the program nix-instantiate, which evaluates a config in Nix, is not there; install it "
                "(Debian: apt install nix-bin), or write the config as JSON");
        json_decref(load_config("example.json"));
        assert_int_equal(setenv("PATH", before, 1), 0);
}

/* A Nix that fails as a program, not because of the config. */
static void assert_program_fails(const char *script, const char *message) {
        const char *path = getenv("PATH");
        _cleanup_(freep) char *before = strdup(path ? path : ""), *with = NULL;
        struct generated g;

        generate(&g, "nix-instantiate", script, strlen(script));
        assert_int_equal(chmod(g.path, 0755), 0);
        with = format("%s:%s", g.folder, before);
        assert_int_equal(setenv("PATH", with, 1), 0);
        assert_refused("empty.nix", "example", EXIT_COMMAND, message);
        assert_int_equal(setenv("PATH", before, 1), 0);
        free(g.path);
        assert_int_equal(tree_remove(g.folder), 0);
}

static void test_failing_nix(void **state) {
        assert_program_fails(
                "#!/bin/sh\nkill -SEGV $$\n",
                "empty.nix: nix-instantiate was ended by signal 11 (Segmentation fault); does the config go "
                "round in circles?");
        assert_program_fails("#!/bin/sh\nexit 3\n", "empty.nix: nix-instantiate failed and said nothing");
        assert_program_fails(
                "#!/bin/sh\necho '{'\n",
                "empty.nix: nix-instantiate printed what is not JSON: string or '}' expected near end of file");
}

/* Nothing is made where Nix keeps its things. */
static void test_leaves_nothing_behind(void **state) {
        struct stat st;
        bool before = stat("/nix", &st) == 0;

        json_decref(load_config("example.nix"));
        assert_int_equal(stat("/nix", &st) == 0, before);
        assert_int_not_equal(stat("/nonexistent", &st), 0);
}

static int enter_folder(void **state) {
        return chdir(GOLDEN) < 0 || setenv("NIXOS_NSPAWN_PORTABLE", GOLDEN "/../../../nix/portable", 1) < 0 ? -1 : 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_configs),      cmocka_unit_test(test_both_languages),
                cmocka_unit_test(test_files),        cmocka_unit_test(test_without_words),
                cmocka_unit_test(test_huge_files),   cmocka_unit_test(test_deep_nesting),
                cmocka_unit_test(test_huge_results), cmocka_unit_test(test_without_nix),
                cmocka_unit_test(test_failing_nix),  cmocka_unit_test(test_leaves_nothing_behind),
        };

        return cmocka_run_group_tests(tests, enter_folder, NULL);
}
