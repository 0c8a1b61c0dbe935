/* Growth, consumption, ownership, and what happens when memory is refused. */
#include "test.h"

#include "base/buffer.h"

#include <errno.h>
#include <string.h>

static void test_appends(void **state) {
        struct buffer b = BUFFER_INIT;
        char *text;

        assert_text(buffer_text(&b), "");
        buffer_append_string(&b, "one");
        buffer_append_byte(&b, ' ');
        buffer_append_format(&b, "%s-%d", "two", 3);
        buffer_append(&b, "\0x", 2);
        assert_int_equal(b.size, 11);
        assert_memory_equal(b.data, "one two-3\0x\0", 12);
        text = buffer_steal(&b);
        assert_text(text, "one two-3");
        free(text);
        assert_null(b.data);
        assert_int_equal(b.size, 0);
}

static void test_long_format(void **state) {
        struct buffer b = BUFFER_INIT;

        for (int i = 0; i < 10000; i++)
                buffer_append_format(&b, "%04d\n", i);
        assert_int_equal(buffer_error(&b), 0);
        assert_int_equal(b.size, 50000);
        assert_memory_equal(b.data + 5 * 9999, "9999\n", 6);
        buffer_consume(&b, 5 * 9998);
        assert_text(buffer_text(&b), "9998\n9999\n");
        buffer_consume(&b, b.size);
        assert_text(buffer_text(&b), "");
        buffer_clear(&b);
        buffer_clear(&b);
}

static void test_steal_empty(void **state) {
        struct buffer b = BUFFER_INIT;
        char *text = buffer_steal(&b);

        assert_text(text, "");
        free(text);
}

static void test_refused_memory_sticks(void **state) {
        struct buffer b = BUFFER_INIT;

        buffer_append_string(&b, "kept");
        buffer_append(&b, "x", SIZE_MAX - 2);
        assert_int_equal(buffer_error(&b), -ENOMEM);
        buffer_append_string(&b, " and not this");
        assert_text(buffer_text(&b), "kept");
        assert_null(buffer_steal(&b));
        assert_int_equal(buffer_error(&b), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_appends),
                cmocka_unit_test(test_long_format),
                cmocka_unit_test(test_steal_empty),
                cmocka_unit_test(test_refused_memory_sticks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
