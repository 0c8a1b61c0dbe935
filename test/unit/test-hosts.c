/* /etc/hosts with our lines and without, byte for byte there and back. */
#include "test.h"

#include "base/cleanup.h"
#include "base/string-list.h"
#include "state/hosts.h"

#include <stdlib.h>

static char foo[] = "10.233.1.2 foo.containers", bar[] = "fc00::2 bar.containers";
static char *const one[] = {foo, NULL}, *const two[] = {foo, bar, NULL}, *const none[] = {NULL};

#define FOO "10.233.1.2 foo.containers # nixos-nspawn apply"
#define BAR "fc00::2 bar.containers # nixos-nspawn apply"

static void expect(const char *text, char *const *lines, int changed, const char *after) {
        char *found = NULL;

        assert_int_equal(hosts_write(text, lines, &found), changed);
        assert_text(found, after);
        free(found);
}

static void test_there_and_back(void **state) {
        static const struct {
                const char *before, *after;
        } cases[] = {
                {"", FOO "\n" BAR "\n"},
                {"127.0.0.1 localhost\n", "127.0.0.1 localhost\n" FOO "\n" BAR "\n"},
                {"127.0.0.1 localhost", "127.0.0.1 localhost\n" FOO "\n" BAR},
                {"\n", "\n" FOO "\n" BAR "\n"},
                {"# a\r\n127.0.0.1\tlocalhost\r\n\r\n", "# a\r\n127.0.0.1\tlocalhost\r\n\r\n" FOO "\n" BAR "\n"},
                /* What looks like ours and is not. */
                {"10.233.1.2 foo.containers\n", "10.233.1.2 foo.containers\n" FOO "\n" BAR "\n"},
                {" # nixos-nspawn apply\n", " # nixos-nspawn apply\n" FOO "\n" BAR "\n"},
                {"# nixos-nspawn apply was here\n", "# nixos-nspawn apply was here\n" FOO "\n" BAR "\n"},
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                expect(cases[i].before, two, 1, cases[i].after);
                expect(cases[i].after, two, 0, cases[i].after);
                expect(cases[i].after, none, 1, cases[i].before);
                expect(cases[i].after, NULL, 1, cases[i].before);
                expect(cases[i].before, none, 0, cases[i].before);
        }
}

static void test_changed(void **state) {
        /* They stay where they are, and so does what others wrote before, between and behind them. */
        expect("a\n" FOO "\n" BAR "\nb\n", one, 1, "a\n" FOO "\nb\n");
        expect("a\n" FOO "\nb\n" BAR "\nc", two, 1, "a\n" FOO "\n" BAR "\nb\nc");
        expect("a\n" FOO "\nb\n" BAR "\nc", none, 1, "a\nb\nc");
        expect(FOO "\nb", one, 0, FOO "\nb");
        expect("a\n" FOO, two, 1, "a\n" FOO "\n" BAR);
        /* Somebody wrote behind ours, whose end of line he had to add. */
        expect("a\n" FOO "\nb\n", none, 1, "a\nb\n");
        expect(FOO, none, 1, "");
}

static void test_read(void **state) {
        _cleanup_(strings_freep) char **list = NULL;

        assert_int_equal(hosts_read("a\n" FOO "\nb\n" BAR, &list), 0);
        assert_text(list[0], foo);
        assert_text(list[1], bar);
        assert_null(list[2]);
        strings_freep(&list);
        assert_int_equal(hosts_read("10.233.1.2 foo.containers\n# nixos-nspawn apply\n", &list), 0);
        assert_null(list[0]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_there_and_back),
                cmocka_unit_test(test_changed),
                cmocka_unit_test(test_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
