/* What a running guest does about other files: from two lists of files to lists of units. */
#include "test.h"

#include "config/guest_changes.h"

#include <string.h>

/* path, content (or "-> TARGET"); NULL at the end. */
static struct guest_files make(struct guest_file *files, const char *const (*lines)[2]) {
        struct guest_files f = {.files = files};

        for (; (*lines)[0]; lines++) {
                const char *text = (*lines)[1];
                struct guest_file *file = files + f.n++;

                *file = (struct guest_file){.path = (char *) (*lines)[0], .mode = 0644};
                if (strncmp(text, "-> ", 3) == 0)
                        file->target = (char *) text + 3;
                else
                        file->content = (char *) text;
        }
        return f;
}

static void assert_list(char *const *list, const char *expected) {
        char text[512] = "";

        for (; list && *list; list++) {
                strcat(text, text[0] ? " " : "");
                strcat(text, *list);
        }
        assert_string_equal(text, expected);
}

struct expected {
        const char *stop, *restart, *reload, *start, *problem;
        bool tmpfiles;
};

static void assert_changes(const char *const (*old)[2], const char *const (*new)[2], struct expected x) {
        struct guest_file a[8], b[8];
        struct guest_files before = make(a, old), after = make(b, new);
        struct guest_changes c = GUEST_CHANGES_INIT;

        assert_int_equal(guest_changes_make(&before, &after, &c), 0);
        assert_list(c.stop, x.stop ?: "");
        assert_list(c.restart, x.restart ?: "");
        assert_list(c.reload, x.reload ?: "");
        assert_list(c.start, x.start ?: "");
        assert_int_equal(c.tmpfiles, x.tmpfiles);
        if (x.problem)
                assert_text(c.problem, x.problem);
        else
                assert_null(c.problem);
        guest_changes_clear(&c);
}

#define FILES(...) ((const char *const[][2]){__VA_ARGS__ __VA_OPT__(, ){NULL, NULL}})
#define UNIT       "/etc/systemd/system/"

static void test_nothing(void **state) {
        assert_changes(FILES(), FILES(), (struct expected){0});
        assert_changes(FILES({UNIT "a.service", "x"}), FILES({UNIT "a.service", "x"}), (struct expected){0});
        assert_changes(FILES({"/etc/motd", "x"}), FILES({"/etc/motd", "y"}, {"/etc/other", "z"}), (struct expected){0});
}

static void test_units(void **state) {
        assert_changes(FILES(), FILES({UNIT "a.service", "x"}, {UNIT "multi-user.target.wants/a.service", "-> ../a"}),
                       (struct expected){.restart = "a.service", .start = "a.service"});
        assert_changes(FILES({UNIT "a.service", "x"}, {UNIT "multi-user.target.wants/a.service", "-> ../a"}), FILES(),
                       (struct expected){.stop = "a.service"});
        assert_changes(FILES({UNIT "a.service", "x"}), FILES({UNIT "a.service", "y"}),
                       (struct expected){.restart = "a.service"});
        assert_changes(FILES({UNIT "a.service", "x"}, {UNIT "x.target.wants/a.service", "-> ../a"}),
                       FILES({UNIT "a.service", "y"}, {UNIT "x.target.wants/a.service", "-> ../a"}),
                       (struct expected){.restart = "a.service", .start = "a.service"});
        assert_changes(FILES(), FILES({UNIT "a.service.d/overrides.conf", "x"}),
                       (struct expected){.restart = "a.service"});
        assert_changes(FILES({UNIT "a@.service", "x"}), FILES({UNIT "a@.service", "y"}),
                       (struct expected){.restart = "a@*.service"});
        assert_changes(FILES({UNIT "a.service", "x\nX-RestartIfChanged=false\n"}),
                       FILES({UNIT "a.service", "y\nX-RestartIfChanged=false\n"}), (struct expected){0});
        assert_changes(FILES({UNIT "a.service", "x"}), FILES({UNIT "a.service", "-> /dev/null"}),
                       (struct expected){.stop = "a.service"});
        assert_changes(FILES({UNIT "a.service", "-> /dev/null"}), FILES(), (struct expected){0});
}

static void test_what_units_read(void **state) {
        assert_changes(FILES({"/etc/nixos-nspawn/scripts/a=x2db/start", "x"}),
                       FILES({"/etc/nixos-nspawn/scripts/a=x2db/start", "y"}),
                       (struct expected){.restart = "a\\x2db.service"});
        assert_changes(FILES({"/etc/nginx/nginx.conf", "x"}), FILES({"/etc/nginx/nginx.conf", "y"}),
                       (struct expected){.reload = "nginx.service"});
        assert_changes(FILES({"/etc/nginx/nginx.conf", "x"}, {UNIT "nginx.service", "x"}),
                       FILES({"/etc/nginx/nginx.conf", "y"}, {UNIT "nginx.service", "y"}),
                       (struct expected){.restart = "nginx.service"});
        assert_changes(FILES({"/etc/nginx/nginx.conf", "x"}, {UNIT "nginx.service", "x"}), FILES(),
                       (struct expected){.stop = "nginx.service"});
        assert_changes(FILES({"/etc/nixos-nspawn/firewall.nft", "x"}), FILES({"/etc/nixos-nspawn/firewall.nft", "y"}),
                       (struct expected){.reload = "firewall.service"});
        assert_changes(FILES(), FILES({"/etc/systemd/network/a.network", "x"}),
                       (struct expected){.reload = "systemd-networkd.service"});
        assert_changes(FILES(), FILES({"/etc/sysctl.d/a.conf", "x"}),
                       (struct expected){.restart = "systemd-sysctl.service"});
        assert_changes(FILES(), FILES({"/etc/tmpfiles.d/a.conf", "x"}), (struct expected){.tmpfiles = true});
}

static void test_problems(void **state) {
        assert_changes(FILES({"/etc/hostname", "a"}), FILES({"/etc/hostname", "b"}),
                       (struct expected){.problem = "the host name"});
        assert_changes(FILES(), FILES({"/etc/fstab", "a"}), (struct expected){.problem = "/etc/fstab"});
        assert_changes(FILES(), FILES({UNIT "dbus.service.d/overrides.conf", "a"}),
                       (struct expected){.restart = "dbus.service", .problem = "the message bus"});
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing),
                cmocka_unit_test(test_units),
                cmocka_unit_test(test_what_units_read),
                cmocka_unit_test(test_problems),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
