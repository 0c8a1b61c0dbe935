/* Positions in JSON texts, for messages. */
#include "test.h"

#include "config/json_position.h"

static void assert_position(const char *text, const char *path, unsigned line, unsigned column) {
        json_t *steps = json_loads(path, 0, NULL);
        struct json_position p;

        assert_non_null(steps);
        p = json_position_find(text, steps);
        json_decref(steps);
        if (p.line != line || p.column != column)
                print_error("%s in %s: found %u:%u\n", path, text, p.line, p.column);
        assert_int_equal(p.line, line);
        assert_int_equal(p.column, column);
}

static const char nested[] = "{\n"
                             "  \"a\": 1, \"b\" : { \"a\": [ 10, [ 20,\n"
                             "    \"x,]}\\\"\", 30 ] , { \"c\": null } ] },\n"
                             "  \"\\u0063\": \"ä\", \"d\": true\n"
                             "}\n";

static void test_members(void **state) {
        assert_position(nested, "[]", 1, 1);
        assert_position(nested, "[\"a\"]", 2, 3);
        assert_position(nested, "[\"b\"]", 2, 11);
        assert_position(nested, "[\"b\", \"a\"]", 2, 19);
        assert_position(nested, "[\"b\", \"a\", 2, \"c\"]", 3, 24);
}

static void test_items(void **state) {
        assert_position(nested, "[\"b\", \"a\", 0]", 2, 26);
        assert_position(nested, "[\"b\", \"a\", 1]", 2, 30);
        assert_position(nested, "[\"b\", \"a\", 1, 0]", 2, 32);
        assert_position(nested, "[\"b\", \"a\", 1, 1]", 3, 5);
        assert_position(nested, "[\"b\", \"a\", 1, 2]", 3, 15);
        assert_position(nested, "[\"b\", \"a\", 2]", 3, 22);
}

static void test_escapes_and_characters(void **state) {
        assert_position(nested, "[\"c\"]", 4, 3);
        assert_position(nested, "[\"d\"]", 4, 18);
}

/* What is not there is answered with what it would be in. */
static void test_absent(void **state) {
        assert_position(nested, "[\"b\", \"z\"]", 2, 11);
        assert_position(nested, "[\"b\", \"a\", 9]", 2, 19);
        assert_position(nested, "[\"a\", \"b\", \"c\"]", 2, 3);
        assert_position(nested, "[\"z\"]", 1, 1);
        assert_position(nested, "[0]", 1, 1);
        assert_position(" [ ]", "[0]", 1, 2);
        assert_position(" [ ]", "[-1]", 1, 2);
}

/* The text may be anything: no harm. */
static void test_nonsense(void **state) {
        static const char *const texts[] = {"",        "{",         "[",   "\"",     "{\"", "{\"a", "{\"a\"",
                                            "{\"a\":", "{\"a\":\"", "[1,", "{\"a\\", "}",   "{,"};

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                json_t *path = json_pack("[s, i, s]", "a", 1, "b");

                (void) json_position_find(texts[i], path);
                json_decref(path);
                path = json_pack("[i, s, i]", 1, "a", 0);
                (void) json_position_find(texts[i], path);
                json_decref(path);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_members),
                cmocka_unit_test(test_items),
                cmocka_unit_test(test_escapes_and_characters),
                cmocka_unit_test(test_absent),
                cmocka_unit_test(test_nonsense),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
