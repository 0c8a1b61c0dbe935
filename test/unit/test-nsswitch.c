/* nsswitch.conf of several distributions, byte for byte there and back. */
#include "test.h"

#include "base/cleanup.h"
#include "state/nsswitch.h"

#include <stdlib.h>

static const struct {
        const char *before, *after;
} cases[] = {
        /* Debian 12 */
        {"# /etc/nsswitch.conf\n#\n# Example configuration of GNU Name Service Switch functionality.\n\n"
         "passwd:         files systemd\ngroup:          files systemd\nshadow:         files\n\n"
         "hosts:          files dns\nnetworks:       files\n",
         "# /etc/nsswitch.conf\n#\n# Example configuration of GNU Name Service Switch functionality.\n\n"
         "passwd:         files systemd\ngroup:          files systemd\nshadow:         files\n\n"
         "hosts:          files nspawn dns\nnetworks:       files\n"},
        /* Debian with libnss-mymachines, -resolve, -myhostname */
        {"hosts:          files mymachines resolve [!UNAVAIL=return] dns myhostname\n",
         "hosts:          files nspawn mymachines resolve [!UNAVAIL=return] dns myhostname\n"},
        /* Fedora */
        {"#hosts: db files\npasswd:     files systemd\nhosts:      files myhostname resolve [!UNAVAIL=return] dns\n",
         "#hosts: db files\npasswd:     files systemd\nhosts:      files nspawn myhostname resolve [!UNAVAIL=return] "
         "dns\n"},
        /* Arch: files comes late, behind what would answer for it */
        {"hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\nnetworks: files\n",
         "hosts: mymachines nspawn resolve [!UNAVAIL=return] files myhostname dns\nnetworks: files\n"},
        /* NixOS */
        {"passwd:    files systemd\nhosts:     mymachines resolve [!UNAVAIL=return] files myhostname dns\n",
         "passwd:    files systemd\nhosts:     mymachines nspawn resolve [!UNAVAIL=return] files myhostname dns\n"},
        /* mdns, with an action behind files */
        {"hosts:\tfiles [SUCCESS=return NOTFOUND=continue] mdns4_minimal [NOTFOUND=return]\tdns\n",
         "hosts:\tfiles [SUCCESS=return NOTFOUND=continue] nspawn mdns4_minimal [NOTFOUND=return]\tdns\n"},
        /* Tabs, blanks in front, several blanks, a trailing comment, no newline at the end */
        {"  hosts :\t\tfiles  \t dns   # files nspawn dns", "  hosts :\t\tfiles nspawn  \t dns   # files nspawn dns"},
        {"hosts:files#x\n", "hosts:files nspawn#x\n"},
        {"hosts: files [NOTFOUND=return] dns\n", "hosts: nspawn files [NOTFOUND=return] dns\n"},
        {"hosts:\tmymachines\tresolve [!UNAVAIL=return]\tfiles\n",
         "hosts:\tmymachines nspawn\tresolve [!UNAVAIL=return]\tfiles\n"},
        {"hosts: resolve [ !UNAVAIL = return ] files\n", "hosts: nspawn resolve [ !UNAVAIL = return ] files\n"},
        {"hosts: mdns4_minimal [NOTFOUND=return] files dns\n",
         "hosts: nspawn mdns4_minimal [NOTFOUND=return] files dns\n"},
        {"hosts: myhostname mymachines\n", "hosts: myhostname mymachines nspawn\n"},
        {"hosts: [NOTFOUND=return]\tfiles\n", "hosts: [NOTFOUND=return]\tfiles nspawn\n"},
        /* Without files */
        {"hosts:   dns\n", "hosts:   nspawn dns\n"},
        {"hosts:\n", "hosts: nspawn\n"},
        {"hosts:   # nothing\n", "hosts:    nspawn# nothing\n"},
        /* Without hosts: */
        {"passwd: files\n", "passwd: files\nhosts: files nspawn dns # added by nixos-nspawn\n"},
        {"passwd: files", "passwd: files\nhosts: files nspawn dns # added by nixos-nspawn"},
        {"", "hosts: files nspawn dns # added by nixos-nspawn\n"},
        {"# hosts: files\nhostsx: files\n",
         "# hosts: files\nhostsx: files\nhosts: files nspawn dns # added by nixos-nspawn\n"},
        /* A last line that becomes what we would have added */
        {"passwd: files\nhosts: files dns\n", "passwd: files\nhosts: files nspawn dns\n"},
        {"passwd: files\nhosts: files dns", "passwd: files\nhosts: files nspawn dns"},
        /* Our own line, the word taken out by hand */
        {"passwd: files\nhosts: files dns # added by nixos-nspawn\n",
         "passwd: files\nhosts: files\tnspawn dns # added by nixos-nspawn\n"},
        {"passwd: files\nhosts: files dns # added by nixos-nspawn",
         "passwd: files\nhosts: files\tnspawn dns # added by nixos-nspawn"},
        /* Line ends of another system */
        {"hosts: files dns\r\npasswd: files\r\n", "hosts: files nspawn dns\r\npasswd: files\r\n"},
};

static void test_there_and_back(void **state) {
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char *text = NULL;

                assert_false(nsswitch_has(cases[i].before));
                assert_int_equal(nsswitch_add(cases[i].before, &text), 1);
                assert_text(text, cases[i].after);
                free(text);
                assert_true(nsswitch_has(cases[i].after));
                assert_int_equal(nsswitch_remove(cases[i].after, &text), 1);
                assert_text(text, cases[i].before);
                free(text);
        }
}

static void test_twice(void **state) {
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char *text = NULL;

                assert_int_equal(nsswitch_add(cases[i].after, &text), 0);
                assert_text(text, cases[i].after);
                free(text);
                assert_int_equal(nsswitch_remove(cases[i].before, &text), 0);
                assert_text(text, cases[i].before);
                free(text);
        }
}

static void test_what_others_wrote(void **state) {
        static const struct {
                const char *before, *after;
        } removals[] = {
                {"hosts: files dns nspawn\n", "hosts: files dns\n"},
                {"hosts: nspawn\n", "hosts:\n"},
                {"hosts: files nspawn [NOTFOUND=return] dns\n", "hosts: files dns\n"},
                {"hosts: files nspawn nspawnx dns\n", "hosts: files nspawnx dns\n"},
                {"hosts: files nspawn[NOTFOUND=return] dns\n", "hosts: files dns\n"},
        };

        for (size_t i = 0; i < ELEMENTS_OF(removals); i++) {
                char *text = NULL;

                assert_int_equal(nsswitch_remove(removals[i].before, &text), 1);
                assert_text(text, removals[i].after);
                free(text);
        }
        assert_false(nsswitch_has("hosts: files nspawnx\n# hosts: nspawn\npasswd: nspawn\n"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_there_and_back),
                cmocka_unit_test(test_twice),
                cmocka_unit_test(test_what_others_wrote),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
