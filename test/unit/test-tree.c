/* Which packages a spec needs, names of providers, and the operations below a root that a guest owns. */
#include "test.h"

#include "base/file.h"
#include "runtime/beneath.h"
#include "runtime/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void assert_packages(const char *config, const char *expected) {
        json_t *spec = json_pack("{s:o}", "config", json_loads(config, 0, NULL));
        char **packages, text[128] = "";

        assert_non_null(spec);
        assert_int_equal(tree_packages(spec, &packages), 0);
        for (char **p = packages; *p; p++) {
                (void) strcat(strcat(text, *p), " ");
                free(*p);
        }
        free(packages);
        json_decref(spec);
        assert_string_equal(text, expected);
}

static void test_packages(void **state) {
        assert_packages("{}", "");
        assert_packages("{\"services\": {\"nginx\": {\"enable\": false}}}", "");
        assert_packages("{\"services\": {\"nginx\": {\"enable\": true}}}", "nginx ");
        assert_packages("{\"services\": {\"openssh\": {\"enable\": true}, \"nginx\": {\"enable\": true}}}",
                        "nginx openssh-server ");
        assert_packages("{\"services\": {\"nginx\": \"yes\", \"openssh\": {\"enable\": 1}}}", "");
}

static void test_providers(void **state) {
        enum provider p;

        for (int i = PROVIDER_AUTO; i <= PROVIDER_IMAGE; i++) {
                assert_int_equal(provider_parse(provider_name((enum provider) i), &p), 0);
                assert_int_equal(p, i);
        }
        assert_int_equal(provider_parse("Debian", &p), -EINVAL);
        assert_int_equal(provider_parse("", &p), -EINVAL);
}

static int make_root(void **state) {
        char path[] = "/tmp/test-tree.XXXXXX";

        *state = mkdtemp(path) ? strdup(path) : NULL;
        return *state ? 0 : -1;
}

static int remove_root(void **state) {
        int r = tree_remove(*state);

        free(*state);
        return r;
}

static unsigned n_made;

static void count_made(const char *path, void *userdata) {
        n_made++;
}

static int put(int root, const char *path, const char *text) {
        const struct beneath_entry entry = {
                .data = text, .size = strlen(text), .mode = 0640, .uid = getuid(), .gid = getgid()};
        _cleanup_(fd_closep) int folder = -1;
        const char *name;

        folder = beneath_parent(root, path, getuid(), count_made, NULL, &name);
        return folder < 0 ? folder : beneath_put(folder, name, &entry);
}

static void assert_content(int root, const char *path, const char *expected) {
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(beneath_read(root, path, 100, &text, NULL), 0);
        assert_text(text, expected);
}

static void test_beneath(void **state) {
        _cleanup_(fd_closep) int root = beneath_open(*state);
        _cleanup_(freep) char *text = NULL;

        assert_true(root >= 0);
        n_made = 0;
        assert_int_equal(put(root, "/etc/a/b/c", "one"), 0);
        assert_int_equal(n_made, 3);
        assert_int_equal(put(root, "/etc/a/b/c", "two"), 0);
        assert_int_equal(n_made, 3);
        assert_content(root, "/etc/a/b/c", "two");
        assert_int_equal(beneath_read(root, "/etc/a/b/c", 2, &text, NULL), -EFBIG);
        assert_int_equal(beneath_read(root, "/etc/a/b", 100, &text, NULL), -EISDIR);
        assert_int_equal(put(root, "/etc/a/b", "file"), -EISDIR);
        assert_int_equal(put(root, "/etc/a/b/c/d", "file"), -ENOTDIR);
        assert_int_equal(beneath_remove(root, "/etc/a", false), -EISDIR);
        assert_int_equal(beneath_remove(root, "/etc/a", true), -ENOTEMPTY);
        assert_int_equal(beneath_remove(root, "/etc/a/b/c", false), 0);
        assert_int_equal(beneath_remove(root, "/etc/a/b/c", false), 0);
        assert_int_equal(beneath_remove(root, "/etc/a/b", true), 0);
        assert_int_equal(beneath_remove(root, "/nowhere/at/all", false), 0);
        assert_int_equal(put(root, "/etc/..", "x"), -EINVAL);
        assert_int_equal(put(root, "etc", "x"), -EINVAL);
        assert_int_equal(put(root, "/etc/", "x"), -EINVAL);
}

/* Links that a guest makes: followed inside the root, never out of it, and not at the end. */
static void test_beneath_links(void **state) {
        _cleanup_(fd_closep) int root = beneath_open(*state);
        struct stat st;

        assert_true(root >= 0);
        assert_int_equal(mkdirat(root, "srv", 0755), 0);
        assert_int_equal(symlinkat("/srv", root, "inside"), 0);
        assert_int_equal(symlinkat("../../../../../../../../srv", root, "climbing"), 0);
        assert_int_equal(symlinkat("/proc/self/root/tmp", root, "magic"), 0);
        assert_int_equal(symlinkat("/srv/target", root, "file"), 0);
        assert_int_equal(symlinkat("loop", root, "loop"), 0);
        assert_int_equal(put(root, "/inside/a", "a"), 0);
        assert_content(root, "/srv/a", "a");
        assert_int_equal(put(root, "/climbing/b", "b"), 0);
        assert_content(root, "/srv/b", "b");
        assert_true(put(root, "/magic/c", "c") < 0);
        assert_int_equal(put(root, "/loop/d", "d"), -ELOOP);
        assert_int_equal(put(root, "/file", "f"), 0);
        assert_int_equal(fstatat(root, "file", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISREG(st.st_mode));
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(fstatat(root, "srv/target", &st, AT_SYMLINK_NOFOLLOW), -1);
        assert_int_equal(beneath_remove(root, "/inside", false), 0);
        assert_content(root, "/srv/a", "a");
        assert_int_equal(beneath_open("/proc/self/root"), -ENOTDIR);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_packages),
                cmocka_unit_test(test_providers),
                cmocka_unit_test_setup_teardown(test_beneath, make_root, remove_root),
                cmocka_unit_test_setup_teardown(test_beneath_links, make_root, remove_root),
        };

        return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
