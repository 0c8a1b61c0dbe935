/* Each guest/NAME.json is a spec; guest/NAME.expected holds the files that it asks for inside the guest. */
#include "../unit/test.h"

#include "base/buffer.h"
#include "base/file.h"
#include "config/guest.h"

#include <glob.h>
#include <string.h>

static void print_files(const struct guest_files *f, struct buffer *b) {
        for (size_t i = 0; i < f->n; i++) {
                const struct guest_file *g = f->files + i;

                if (g->target) {
                        buffer_append_format(b, "==> %s -> %s\n", g->path, g->target);
                        continue;
                }
                buffer_append_format(b, "==> %s %04o %s %s\n%s", g->path, (unsigned) g->mode,
                                     g->user ? g->user : "root", g->group ? g->group : "root", g->content);
        }
}

static void check_spec(const char *path) {
        _cleanup_(buffer_clear) struct buffer found = BUFFER_INIT;
        _cleanup_(guest_files_clear) struct guest_files files = {0};
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        _cleanup_(freep) char *expected_path = format("%.*s.expected", (int) (strlen(path) - strlen(".json")), path);
        _cleanup_(freep) char *expected = NULL;
        json_error_t where;
        json_t *spec = json_load_file(path, 0, &where);

        if (!spec)
                print_error("%s: %s (line %d)\n", path, where.text, where.line);
        assert_non_null(spec);
        assert_non_null(expected_path);
        if (guest_files_make(spec, &files, &e) < 0)
                buffer_append_format(&found, "error: %s\n", error_message(&e));
        print_files(&files, &found);
        json_decref(spec);
        if (getenv("UPDATE_GOLDEN")) {
                assert_int_equal(file_write_atomic(expected_path, found.data, found.size, 0644, false), 0);
                return;
        }
        assert_int_equal(file_read(expected_path, 1 << 20, &expected, NULL), 0);
        if (strcmp(expected, buffer_text(&found)) != 0)
                print_error("%s: not as in %s\n", path, expected_path);
        assert_string_equal(buffer_text(&found), expected);
}

static void test_specs(void **state) {
        glob_t g = {0};

        assert_int_equal(glob(GOLDEN "/*.json", 0, NULL, &g), 0);
        assert_true(g.gl_pathc >= 3);
        for (size_t i = 0; i < g.gl_pathc; i++)
                check_spec(g.gl_pathv[i]);
        globfree(&g);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_specs),
        };

        return cmocka_run_group_tests_name("guest files", tests, NULL, NULL);
}
