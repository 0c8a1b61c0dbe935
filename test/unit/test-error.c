/* The text that a person gets to see, layer by layer. */
#include "test.h"

#include "base/error.h"

#include <errno.h>

static void test_layers(void **state) {
        struct error e = ERROR_INIT;

        assert_int_equal(error_errno(&e, ENOENT, EXIT_CONTAINER, "cannot open '%s'", "x.json"), -ENOENT);
        assert_text(error_message(&e), "cannot open 'x.json': No such file or directory");
        assert_int_equal(error_prefix(&e, -EIO, "container '%s'", "web"), -ENOENT);
        assert_text(error_message(&e), "container 'web': cannot open 'x.json': No such file or directory");
        assert_int_equal(e.exit_status, EXIT_CONTAINER);
        /* The old message may be an argument of the new one. */
        assert_int_equal(error_set(&e, -EINVAL, EXIT_FAILED, "<%s>", e.message), -EINVAL);
        assert_text(error_message(&e), "<container 'web': cannot open 'x.json': No such file or directory>");
        error_clear(&e);
        error_clear(&e);
        assert_int_equal(e.code, 0);
}

static void test_null_keeps_the_number(void **state) {
        assert_int_equal(error_set(NULL, EPERM, EXIT_FAILED, "x"), -EPERM);
        assert_int_equal(error_errno(NULL, -EPERM, EXIT_FAILED, "x"), -EPERM);
        assert_int_equal(error_prefix(NULL, -EIO, "x"), -EIO);
        error_clear(NULL);
}

static void test_code_alone(void **state) {
        struct error e = {.code = -ENOSPC};

        assert_text(error_message(&e), "No space left on device");
        assert_int_equal(error_prefix(&e, -EIO, "pool"), -ENOSPC);
        assert_text(error_message(&e), "pool: No space left on device");
        error_clear(&e);
        assert_int_equal(error_prefix(&e, -EIO, "disk"), -EIO);
        assert_text(error_message(&e), "disk: Input/output error");
        error_clear(&e);
}

static void test_move(void **state) {
        struct error from = ERROR_INIT, to = ERROR_INIT;

        error_set(&from, EBUSY, EXIT_COMMAND, "from");
        error_set(&to, EPERM, EXIT_FAILED, "to");
        error_move(&to, &from);
        assert_int_equal(to.code, -EBUSY);
        assert_int_equal(to.exit_status, EXIT_COMMAND);
        assert_text(error_message(&to), "from");
        assert_null(from.message);
        error_move(NULL, &to);
        assert_null(to.message);
}

static void test_several(void **state) {
        struct error all = ERROR_INIT, one = ERROR_INIT;

        error_append(&all, &one); /* nothing was wrong */
        assert_int_equal(all.code, 0);
        for (unsigned i = 1; i <= 3; i++) {
                (void) error_set(&one, EINVAL, EXIT_CONTAINER, "%u", i);
                error_append(&all, &one);
                assert_null(one.message);
        }
        (void) error_prefix(&all, -EINVAL, "c.json");
        assert_text(error_message(&all), "c.json: 1");
        assert_text(error_message(all.next), "c.json: 2");
        assert_text(error_message(all.next->next), "c.json: 3");
        assert_null(all.next->next->next);
        error_move(&one, &all);
        assert_null(all.next);
        /* Another error takes the place of all. */
        (void) error_set(&one, EIO, EXIT_FAILED, "other");
        assert_null(one.next);
        error_clear(&one);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_layers),     cmocka_unit_test(test_null_keeps_the_number),
                cmocka_unit_test(test_code_alone), cmocka_unit_test(test_move),
                cmocka_unit_test(test_several),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
