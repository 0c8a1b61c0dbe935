/* Users of a guest, from files that the guest wrote. */
#include "test.h"

#include "base/buffer.h"
#include "base/file.h"
#include "runtime/enter.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/test-guest-user.XXXXXX";

static void write_file(const char *name, const char *text) {
        _cleanup_(freep) char *path = format("%s/etc/%s", folder, name);

        assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, false), 0);
}

static int setup(void **state) {
        _cleanup_(freep) char *etc = NULL;

        if (!mkdtemp(folder))
                return -1;
        etc = format("%s/etc", folder);
        return mkdir(etc, 0755);
}

static int teardown(void **state) {
        return tree_remove(folder);
}

static void test_found(void **state) {
        struct guest_user u;

        write_file("passwd", "root:x:0:0:root:/root:/bin/bash\n"
                             "web:x:33:33:,,,:/var/www:/usr/sbin/nologin\n"
                             "last:x:1000:1000::/home/last:/bin/sh");
        write_file("group", "root:x:0:\nadm:x:4:web,last\nweb:x:33:web\nbroken\nten:x:ten:web\nvideo:x:44:other,web\n");
        assert_int_equal(guest_user_find(folder, "web", &u), 0);
        assert_int_equal(u.uid, 33);
        assert_int_equal(u.gid, 33);
        assert_text(u.home, "/var/www");
        assert_text(u.shell, "/usr/sbin/nologin");
        assert_int_equal(u.n_groups, 3);
        assert_int_equal(u.groups[0], 33);
        assert_int_equal(u.groups[1], 4);
        assert_int_equal(u.groups[2], 44);
        assert_int_equal(guest_user_find(folder, "1000", &u), 0);
        assert_text(u.name, "last");
        assert_int_equal(guest_user_find(folder, "nobody", &u), -ESRCH);
        assert_int_equal(guest_user_find(folder, "", &u), -ESRCH);
        assert_int_equal(guest_user_find(folder, "4294967295", &u), -ESRCH);
}

static void test_damaged(void **state) {
        struct guest_user u;
        char line[2048];

        memset(line, 'x', sizeof line);
        strcpy(line + 1000, ":x:7:7::/:/bin/sh\n");
        write_file("passwd", line);
        assert_int_equal(guest_user_find(folder, "7", &u), -ESRCH); /* the name has no room */
        write_file("passwd",
                   ":::::::\n\nroot\nroot:x:0x0:0::/:/s\nroot:x:-1:0::/:/s\nroot:x:4294967295:0::/:/s\nroot:x:0\n");
        assert_int_equal(guest_user_find(folder, "root", &u), -ESRCH);
        write_file("passwd", "");
        assert_int_equal(guest_user_find(folder, "root", &u), -ESRCH);
        assert_int_equal(guest_user_find("/nonexistent", "root", &u), -ESRCH);
}

static void test_many_groups(void **state) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        struct guest_user u;

        for (unsigned i = 0; i < 200; i++)
                buffer_append_format(&b, "g%u:x:%u:web\n", i, 2000 + i);
        write_file("passwd", "web:x:33:33::/:/bin/sh\n");
        write_file("group", buffer_text(&b));
        assert_int_equal(guest_user_find(folder, "web", &u), 0);
        assert_int_equal(u.n_groups, ELEMENTS_OF(u.groups));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_found),
                cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_many_groups),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
