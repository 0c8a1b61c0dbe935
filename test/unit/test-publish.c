/* What a resolver finds in the folder of names. */
#include "test.h"

#include "base/file.h"
#include "base/paths.h"
#include "private-root.h"
#include "state/publish.h"

#include <errno.h>
#include <string.h>

static struct network network(const char *name, const char *v4, const char *v6) {
        struct network n = {0};

        (void) snprintf(n.name, sizeof n.name, "%s", name);
        if (v4)
                assert_int_equal(prefix_parse(v4, false, &n.container_v4), 0);
        if (v6)
                assert_int_equal(prefix_parse(v6, false, &n.container_v6), 0);
        assert_int_equal(address_parse("fe80::2", &n.container_link_local), 0);
        return n;
}

static void assert_file(const char *path, const char *text) {
        char *found = NULL;

        assert_int_equal(file_read(path, NAMES_FILE_MAX, &found, NULL), 0);
        assert_text(found, text);
        free(found);
}

static void assert_link(const char *path, const char *wanted) {
        char target[128];
        ssize_t n = readlink(path, target, sizeof target - 1);

        assert_true(n > 0);
        target[n] = '\0';
        assert_text(target, wanted);
}

static void assert_absent(const char *path) {
        assert_int_equal(access(path, F_OK), -1);
}

static void test_life(void **state) {
        struct network n = network("Web", "10.233.0.2/28", "fd00::2/64");

        assert_int_equal(names_publish(&n, 7), 0);
        assert_file(PATH_NAMES "/web", "10.233.0.2\nfd00::2\n");
        assert_link(PATH_NAMES_BY_ADDRESS "/10.233.0.2", "web");
        assert_link(PATH_NAMES_BY_ADDRESS "/fd00::2", "web");
        assert_int_equal(names_publish(&n, 7), 0);
        /* The address "10.233.0.2" goes although "10.233.0.22" begins the same. */
        n = network("web", "10.233.0.22/28", NULL);
        assert_int_equal(names_publish(&n, 7), 0);
        assert_file(PATH_NAMES "/web", "10.233.0.22\nfe80::2%7\n");
        assert_absent(PATH_NAMES_BY_ADDRESS "/10.233.0.2");
        assert_absent(PATH_NAMES_BY_ADDRESS "/fd00::2");
        assert_link(PATH_NAMES_BY_ADDRESS "/10.233.0.22", "web");
        assert_int_equal(names_withdraw("WEB"), 0);
        assert_absent(PATH_NAMES "/web");
        assert_absent(PATH_NAMES_BY_ADDRESS "/10.233.0.22");
        assert_int_equal(names_withdraw("web"), 0);
}

static void test_address_that_moved_on(void **state) {
        struct network a = network("a", "10.233.0.2/28", NULL), b = network("b", "10.233.0.2/28", NULL);

        assert_int_equal(names_publish(&a, 1), 0);
        assert_int_equal(names_publish(&b, 1), 0);
        assert_int_equal(names_withdraw("a"), 0);
        assert_link(PATH_NAMES_BY_ADDRESS "/10.233.0.2", "b");
        assert_int_equal(names_withdraw("b"), 0);
        assert_absent(PATH_NAMES_BY_ADDRESS "/10.233.0.2");
}

static void test_nothing_to_publish(void **state) {
        struct network n = network("web", "10.233.0.2/28", NULL);

        assert_int_equal(names_publish(&n, 1), 0);
        memset(&n.container_v4, 0, sizeof n.container_v4);
        n.container_link_local = ADDRESS_NONE;
        assert_int_equal(names_publish(&n, 1), 0);
        assert_absent(PATH_NAMES "/web");
        (void) snprintf(n.name, sizeof n.name, "../web");
        assert_int_equal(names_publish(&n, 1), -EINVAL);
        assert_int_equal(names_withdraw("../web"), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_life),
                cmocka_unit_test(test_address_that_moved_on),
                cmocka_unit_test(test_nothing_to_publish),
        };

        private_root_enter();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
