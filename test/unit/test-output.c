/* The writer: the same values as text and as JSON, one of them at a time. */
#include "test.h"

#include "front/output.h"

#include <errno.h>
#include <string.h>

static const struct output_column columns[] = {
        {"NAME", "name", false, false, NULL},
        {"PORT", "port", true, false, NULL},
        {"ADDRESSES", "addresses", false, true, NULL},
        {"UP", "up", false, false, "never"},
};

struct written {
        struct output output;
        char *text;
        size_t size;
};

static void begin(struct written *w, bool json, unsigned width) {
        *w = (struct written){.output = {.json = json, .width = width}};
        w->output.stream = open_memstream(&w->text, &w->size);
        assert_non_null(w->output.stream);
}

static void assert_written(struct written *w, const char *text) {
        (void) fclose(w->output.stream);
        assert_text(w->text, text);
        free(w->text);
}

static json_t *example_rows(void) {
        json_t *rows = json_pack("[{s:s,s:i,s:[s,s],s:b},{s:s,s:n,s:[],s:n}]", "name", "example", "port", 8181,
                                 "addresses", "10.233.0.2", "fd00::2", "up", 1, "name", "b", "port", "addresses", "up");

        assert_non_null(rows);
        return rows;
}

static void test_table(void **state) {
        json_t *rows = example_rows();
        struct written w;

        begin(&w, false, 0);
        assert_int_equal(output_table(&w.output, columns, ELEMENTS_OF(columns), rows, NULL), 0);
        assert_written(&w, "NAME    PORT ADDRESSES           UP\n"
                           "example 8181 10.233.0.2, fd00::2 yes\n"
                           "b          - -                   never\n");
        json_decref(rows);
}

static void test_narrow_terminal_cuts(void **state) {
        json_t *rows = example_rows();
        struct written w;

        begin(&w, false, 30);
        assert_int_equal(output_table(&w.output, columns, ELEMENTS_OF(columns), rows, NULL), 0);
        (void) fclose(w.output.stream);
        for (char *line = strtok(w.text, "\n"); line; line = strtok(NULL, "\n"))
                assert_true(strlen(line) <= 30);
        free(w.text);
        json_decref(rows);
}

static void test_empty_table_is_silent(void **state) {
        json_t *rows = json_array();
        struct written w;

        begin(&w, false, 0);
        assert_int_equal(output_table(&w.output, columns, ELEMENTS_OF(columns), rows, NULL), 0);
        assert_written(&w, "");
        json_decref(rows);
}

static void test_details(void **state) {
        json_t *rows = example_rows();
        struct written w;

        begin(&w, false, 0);
        output_line(&w.output, "Container %s", "example");
        output_details(&w.output, columns, ELEMENTS_OF(columns), json_array_get(rows, 0));
        output_details(&w.output, columns, ELEMENTS_OF(columns), json_array_get(rows, 1));
        assert_written(&w, "Container example\n"
                           "  NAME: example\n  PORT: 8181\n  ADDRESSES: 10.233.0.2\n  ADDRESSES: fd00::2\n  UP: yes\n"
                           "  NAME: b\n  UP: never\n");
        json_decref(rows);
}

/* Nothing but JSON, in one line, members in the order in which they were set. */
static void test_json(void **state) {
        json_t *rows = example_rows();
        struct written w;

        begin(&w, true, 80);
        output_line(&w.output, "Container %s", "example");
        assert_int_equal(output_table(&w.output, columns, ELEMENTS_OF(columns), rows, NULL), 0);
        output_details(&w.output, columns, ELEMENTS_OF(columns), json_array_get(rows, 0));
        assert_int_equal(output_json(&w.output, rows, NULL), 0);
        assert_written(&w, "[{\"name\": \"example\", \"port\": 8181, \"addresses\": [\"10.233.0.2\", \"fd00::2\"], "
                           "\"up\": true}, {\"name\": \"b\", \"port\": null, \"addresses\": [], \"up\": null}]\n");

        begin(&w, false, 0);
        assert_int_equal(output_json(&w.output, rows, NULL), 0);
        assert_written(&w, "");
        json_decref(rows);
}

static void test_error(void **state) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct written w;

        (void) error_set(&e, EINVAL, EXIT_CONTAINER, "a \"bad\" name");
        begin(&w, true, 0);
        output_error(&w.output, &e, 10);
        assert_written(&w, "{\"error\": {\"message\": \"a \\\"bad\\\" name\", \"exitStatus\": 10}}\n");
        begin(&w, false, 0);
        output_error(&w.output, &e, 10);
        assert_written(&w, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_narrow_terminal_cuts),
                cmocka_unit_test(test_empty_table_is_silent),
                cmocka_unit_test(test_details),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
