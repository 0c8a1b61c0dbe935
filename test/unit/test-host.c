/* Files for systemd: they follow the definition, ours change and go, those of others stay as they are. */
#include "test.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/paths.h"
#include "private-root.h"
#include "state/allocations.h"
#include "state/host.h"
#include "state/store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define DROP_IN_FOLDER "/etc/systemd/system/systemd-nspawn@web.service.d"
#define DROP_IN        DROP_IN_FOLDER "/50-nixos-nspawn.conf"
#define AUTOSTART      "/etc/systemd/system/machines.target.wants/systemd-nspawn@web.service"
#define NETWORK        "/etc/systemd/network/20-ve-web.network"

static bool exists(const char *path) {
        struct stat st;

        return lstat(path, &st) == 0;
}

static int set_up(void **state) {
        int r = tree_remove(PATH_LIB) || tree_remove(PATH_RUN) || tree_remove("/etc/systemd");

        private_root_write("/etc/machine-id", "fedcba9876543210fedcba9876543210\n");
        return r;
}

static struct store_generation define(const char *timeout, bool auto_start) {
        _cleanup_(allocations_freep) struct allocations *all = NULL;
        struct store_generation g = {0};
        struct error e = ERROR_INIT;
        struct allocation ranges;
        json_t *spec = json_pack("{s:i, s:s, s:s, s:{s:{s:s, s:{s:b}}}}", "version", 1, "name", "web", "source",
                                 "/x.json", "config", "nixosContainer", "timeoutStartSec", timeout, "activation",
                                 "autoStart", auto_start);

        if (allocations_load(&all, &e) < 0 || allocations_get(all, "web", NULL, 0, &ranges, &e) < 0 ||
            allocations_save(all, &e) < 0 || store_save_generation("web", spec, NULL, 0, &g, &e) < 0)
                fail_msg("%s", error_message(&e));
        json_decref(spec);
        return g;
}

/* Which files changed, as letters. */
static const char *follow(void) {
        static const char letters[_HOST_FILE_MAX] = {'u', 'n', 'a', 'U', 'A'};
        static char text[_HOST_FILE_MAX + 1];
        bool changed[_HOST_FILE_MAX] = {false};
        struct error e = ERROR_INIT;
        size_t n = 0;

        if (host_files_follow("web", changed, &e) < 0)
                fail_msg("%s", error_message(&e));
        for (enum host_file f = 0; f < _HOST_FILE_MAX; f++)
                if (changed[f])
                        text[n++] = letters[f];
        text[n] = '\0';
        return text;
}

static void test_follow(void **state) {
        struct store_generation second;
        struct error e = ERROR_INIT;
        char *text = NULL;

        assert_text(follow(), "");
        (void) define("90s", true);
        assert_text(follow(), "una");
        assert_text(follow(), "");
        assert_true(exists(AUTOSTART));
        second = define("5min", false);
        assert_text(follow(), "ua");
        assert_false(exists(AUTOSTART));
        assert_int_equal(file_read(DROP_IN, 1 << 16, &text, NULL), 0);
        assert_non_null(strstr(text, "TimeoutStartSec=300s\n"));
        free(text);
        /* Taken back. */
        assert_int_equal(store_drop_generation("web", &second, &e), 0);
        assert_text(follow(), "ua");
        assert_true(exists(AUTOSTART));
        assert_int_equal(store_remove("web", &e), 0);
        assert_text(follow(), "una");
        assert_false(exists(DROP_IN_FOLDER));
        assert_false(exists("/etc/systemd/system/machines.target.wants"));
        assert_false(exists(NETWORK));
        assert_text(follow(), "");
}

static void test_others(void **state) {
        bool changed[_HOST_FILE_MAX] = {false};
        struct error e = ERROR_INIT;
        char *text = NULL;

        (void) define("90s", true);
        assert_int_equal(directory_make(DROP_IN_FOLDER, 0755), 0);
        assert_int_equal(directory_make("/etc/systemd/network", 0755), 0);
        private_root_write(DROP_IN_FOLDER "/60-mine.conf", "[Service]\nCPUWeight=10\n");
        private_root_write(NETWORK, "[Match]\nName=ve-web\n");
        assert_int_equal(host_files_follow("web", changed, &e), -EEXIST);
        assert_non_null(strstr(error_message(&e), NETWORK));
        assert_true(changed[HOST_DROP_IN]);
        assert_true(host_file_exists(HOST_DROP_IN, "web"));
        assert_false(host_file_exists(HOST_NETWORK, "web"));
        assert_false(host_file_exists(HOST_AUTOSTART, "web"));
        error_clear(&e);
        /* Taken back: the rest of it goes, theirs stays. */
        assert_int_equal(store_remove("web", &e), 0);
        assert_text(follow(), "u");
        assert_true(exists(DROP_IN_FOLDER "/60-mine.conf"));
        assert_int_equal(file_read(NETWORK, 1 << 16, &text, NULL), 0);
        assert_text(text, "[Match]\nName=ve-web\n");
        free(text);
}

/* `systemctl enable` makes a relative link on some systems. */
static void test_link_of_another_form(void **state) {
        (void) define("90s", true);
        assert_int_equal(directory_make("/etc/systemd/system/machines.target.wants", 0755), 0);
        assert_int_equal(symlink("../systemd-nspawn@.service", AUTOSTART), 0);
        assert_text(follow(), "un");
        (void) define("90s", false);
        assert_text(follow(), "a");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_follow, set_up),
                cmocka_unit_test_setup(test_others, set_up),
                cmocka_unit_test_setup(test_link_of_another_form, set_up),
        };

        private_root_enter();
        return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
