/* Files: whole or absent; removal of trees that try to trick it. */
#include "test.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/test-file.XXXXXX";

static int set_up(void **state) {
        strcpy(strrchr(folder, '.'), ".XXXXXX");
        return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int tear_down(void **state) {
        return chdir("/") == 0 ? tree_remove(folder) : -1;
}

static bool exists(const char *path) {
        struct stat st;

        return lstat(path, &st) == 0;
}

static void write_text(const char *path, const char *text) {
        assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, false), 0);
}

static void test_write_and_read(void **state) {
        struct stat st;
        char *text = NULL;
        size_t size = 0;

        assert_int_equal(file_write_atomic("f", "old", 3, 0600, true), 0);
        assert_int_equal(file_write_atomic("f", "new\0er", 6, 0640, false), 0);
        assert_int_equal(stat("f", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(file_read("f", 6, &text, &size), 0);
        assert_int_equal(size, 6);
        assert_memory_equal(text, "new\0er\0", 7);
        free(text);
        assert_int_equal(file_read("f", 5, &text, NULL), -EFBIG);
        assert_int_equal(file_read("absent", 5, &text, NULL), -ENOENT);
        assert_int_equal(file_read(".", 5, &text, NULL), -EISDIR);
        assert_int_equal(mkfifo("fifo", 0600), 0);
        assert_int_equal(file_read("fifo", 5, &text, NULL), -EINVAL);
        assert_int_equal(file_read("/proc/self/stat", 65536, &text, &size), 0);
        assert_true(size > 0);
        free(text);
}

static void test_failed_write_leaves_the_old_file(void **state) {
        char *text = NULL;

        assert_int_equal(mkdir("d", 0755), 0);
        write_text("d/f", "old");
        assert_int_equal(mkdir("d/busy", 0755), 0);
        write_text("d/busy/inside", "");
        assert_int_equal(file_write_atomic("d/busy", "x", 1, 0644, false), -EISDIR);
        assert_int_equal(file_write_atomic("absent/f", "x", 1, 0644, false), -ENOENT);
        assert_int_equal(file_read("d/f", 100, &text, NULL), 0);
        assert_text(text, "old");
        free(text);
        /* Nothing temporary stays behind: f and busy go, then d is empty. */
        assert_int_equal(tree_remove("d/busy"), 0);
        assert_int_equal(file_remove("d/f"), 0);
        assert_int_equal(rmdir("d"), 0);
}

/* Each write to a name that is not there yet, killed a little later than the one before. */
static void test_killed_write_leaves_nothing(void **state) {
        static char data[4 << 20];
        struct dirent *entry;
        struct stat st;
        unsigned killed = 0;
        DIR *d;

        assert_int_equal(mkdir("killed", 0755), 0);
        for (unsigned i = 0; i < 60; i++) {
                _cleanup_(freep) char *path = format("killed/%u", i);
                int status, ready[2];
                pid_t pid;

                assert_int_equal(pipe(ready), 0);
                pid = fork();
                assert_true(pid >= 0);
                if (pid == 0) {
                        (void) write(ready[1], "", 1);
                        _exit(file_write_atomic(path, data, sizeof(data), 0644, true) < 0);
                }
                assert_int_equal(read(ready[0], &status, 1), 1);
                (void) usleep(i * 100);
                assert_int_equal(kill(pid, SIGKILL), 0);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                killed += WIFSIGNALED(status);
                (void) close(ready[0]);
                (void) close(ready[1]);
        }
        assert_true(killed > 0);
        d = opendir("killed");
        assert_non_null(d);
        while ((entry = readdir(d))) {
                if (entry->d_type != DT_REG)
                        continue;
                assert_int_equal(fstatat(dirfd(d), entry->d_name, &st, 0), 0);
                if (entry->d_name[0] == '.' || st.st_size != sizeof(data))
                        fail_msg("%s with %jd bytes is left", entry->d_name, (intmax_t) st.st_size);
        }
        (void) closedir(d);
        assert_int_equal(tree_remove("killed"), 0);
}

/* Where there is no /proc, and so no way to name what has none. */
static void test_write_without_proc(void **state) {
        char *text = NULL;
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                    mount("none", "/proc", "tmpfs", 0, NULL) < 0)
                        _exit(2);
                _exit(file_write_atomic("plain", "old", 3, 0644, true) < 0 ||
                      file_write_atomic("plain", "new", 3, 0644, true) < 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(file_read("plain", 3, &text, NULL), 0);
        assert_text(text, "new");
        free(text);
        assert_int_equal(file_remove("plain"), 0);
}

static void test_symlink(void **state) {
        char target[16] = "";

        assert_int_equal(symlink_atomic("one", "link"), 0);
        assert_int_equal(symlink_atomic("two", "link"), 0);
        assert_int_equal(readlink("link", target, sizeof target), 3);
        assert_memory_equal(target, "two", 3);
        assert_int_equal(mkdir("directory", 0755), 0);
        assert_int_equal(symlink_atomic("x", "directory"), -EISDIR);
        assert_int_equal(file_remove("link"), 0);
        assert_int_equal(file_remove("link"), 0);
}

static void test_directory_make(void **state) {
        mode_t before = umask(077);
        struct stat st;

        assert_int_equal(directory_make("a/b//c/", 0755), 0);
        umask(before);
        assert_int_equal(stat("a/b/c", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0755);
        assert_int_equal(directory_make("a/b/c", 0700), 0);
        assert_int_equal(stat("a/b/c", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0755);
        write_text("a/f", "");
        assert_int_equal(directory_make("a/f", 0755), -ENOTDIR);
        assert_int_equal(directory_make("a/f/g", 0755), -ENOTDIR);
        assert_int_equal(directory_make("", 0755), -ENOENT);
}

static void test_remove_follows_no_link(void **state) {
        assert_int_equal(directory_make("outside/kept", 0755), 0);
        write_text("outside/kept/f", "");
        assert_int_equal(directory_make("tree/sub", 0755), 0);
        assert_int_equal(symlink("../../outside", "tree/sub/link"), 0);
        assert_int_equal(symlink("outside", "top"), 0);
        assert_int_equal(tree_remove("tree"), 0);
        assert_false(exists("tree"));
        assert_int_equal(tree_remove("top"), 0);
        assert_false(exists("top"));
        assert_true(exists("outside/kept/f"));
        assert_int_equal(tree_remove("absent"), 0);
}

static void test_remove_deep_tree(void **state) {
        int fd;

        assert_int_equal(mkdir("deep", 0755), 0);
        /* A guest may have called something like our own moved directories. */
        assert_int_equal(mkdir("deep/.removed-0", 0755), 0);
        fd = open("deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int i = 0; i < 3000; i++) {
                int next;

                assert_int_equal(mkdirat(fd, "x", 0755), 0);
                assert_int_equal(mkdirat(fd, "y", 0755), 0);
                next = openat(fd, "x", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                close(fd);
                fd = next;
        }
        close(fd);
        assert_int_equal(tree_remove("deep"), 0);
        assert_false(exists("deep"));
}

/* In a mount namespace of its own; needs root, as everything here does in the end. */
static void test_remove_stops_at_mounts(void **state) {
        pid_t pid;
        int status;

        assert_int_equal(directory_make("mounted/here", 0755), 0);
        assert_int_equal(directory_make("source", 0755), 0);
        write_text("source/precious", "");
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                    mount("source", "mounted/here", NULL, MS_BIND, NULL) < 0)
                        _exit(2);
                _exit(tree_remove("mounted") == -EBUSY && exists("mounted/here/precious") ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_true(exists("source/precious"));
        assert_int_equal(tree_remove("mounted"), 0);
}

/* As /var/empty of many systems. Where a filesystem has no such flag there is nothing to be in the way. */
static void set_immutable(const char *path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC), flags = FS_IMMUTABLE_FL;

        assert_true(fd >= 0);
        (void) ioctl(fd, FS_IOC_SETFLAGS, &flags);
        close(fd);
}

static void test_remove_immutable(void **state) {
        assert_int_equal(directory_make("root/var/empty", 0555), 0);
        write_text("root/var/empty/file", "");
        set_immutable("root/var/empty/file");
        set_immutable("root/var/empty");
        assert_int_equal(tree_remove("root"), 0);
        assert_false(exists("root"));
}

static void test_lock(void **state) {
        int fd = lock_take("lock", 0), other;
        struct stat st;

        assert_true(fd >= 0);
        assert_int_equal(stat("lock", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(lock_take("lock", 0), -EAGAIN);
        assert_int_equal(lock_take("lock", 30), -EAGAIN);
        /* The file was removed and made anew by others: the old lock does not count. */
        assert_int_equal(unlink("lock"), 0);
        other = lock_take("lock", -1);
        assert_true(other >= 0);
        close(fd);
        close(other);
        fd = lock_take("lock", -1);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(lock_take("absent/lock", 0), -ENOENT);
}

static int lock_in_child(int *ready) {
        int ends[2];
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int fd = lock_take("signed", 0);

                if (fd < 0 || write(fd, "4294967295 and more\n", 20) != 20 || lock_sign(fd) < 0 ||
                    write(ends[1], "", 1) != 1)
                        _exit(1);
                pause();
        }
        close(ends[1]);
        *ready = ends[0];
        return pid;
}

static void test_lock_holder(void **state) {
        struct pollfd p = {.fd = -1, .events = POLLIN};
        int ready, fd, status;
        char byte;
        pid_t pid;

        assert_int_equal(lock_holder_open("signed"), -ESRCH);
        assert_false(lock_is_held("signed"));
        pid = lock_in_child(&ready);
        assert_int_equal(read(ready, &byte, 1), 1);
        close(ready);
        assert_true(lock_is_held("signed"));
        p.fd = lock_holder_open("signed");
        assert_true(p.fd >= 0);
        assert_int_equal(poll(&p, 1, 0), 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(poll(&p, 1, 5000), 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        close(p.fd);
        /* What it wrote is there, and nobody's. */
        assert_true(exists("signed"));
        assert_int_equal(lock_holder_open("signed"), -ESRCH);
        assert_false(lock_is_held("signed"));
        /* Held, and not signed yet, or by something else. */
        assert_int_equal(truncate("signed", 0), 0);
        fd = lock_take("signed", 0);
        assert_true(fd >= 0);
        assert_true(lock_is_held("signed"));
        assert_int_equal(lock_holder_open("signed"), -ESRCH);
        assert_int_equal(write(fd, "0\n", 2), 2);
        assert_int_equal(lock_holder_open("signed"), -ESRCH);
        close(fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_write_and_read),
                cmocka_unit_test(test_failed_write_leaves_the_old_file),
                cmocka_unit_test(test_killed_write_leaves_nothing),
                cmocka_unit_test(test_write_without_proc),
                cmocka_unit_test(test_symlink),
                cmocka_unit_test(test_directory_make),
                cmocka_unit_test(test_remove_follows_no_link),
                cmocka_unit_test(test_remove_deep_tree),
                cmocka_unit_test(test_remove_stops_at_mounts),
                cmocka_unit_test(test_remove_immutable),
                cmocka_unit_test(test_lock),
                cmocka_unit_test(test_lock_holder),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
