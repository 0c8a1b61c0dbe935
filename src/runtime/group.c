/* The tree is at /sys/fs/cgroup, or, where version 1 has the controllers, at /sys/fs/cgroup/unified. There
 * systemd-nspawn makes groups of the same names in version 1's "systemd" tree too, and leaves them (seen, 252): the
 * mirror. */
#include "group.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>

#define FOLDER      "nixos-nspawn"
#define UNIFIED     "/sys/fs/cgroup/unified"
#define MIRROR      "/sys/fs/cgroup/systemd"
#define NUMBERS_MAX 100000

static const char *group_root(void) {
        static const char *const places[] = {"/sys/fs/cgroup", UNIFIED};
        struct statfs fs;

        for (size_t i = 0; i < ELEMENTS_OF(places); i++)
                if (statfs(places[i], &fs) >= 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
                        return places[i];
        return NULL;
}

/* The same group in the mirror; *ret is NULL when there is no mirror. */
static int mirror_path(const char *path, char **ret) {
        *ret = NULL;
        if (strncmp(path, UNIFIED "/", strlen(UNIFIED "/")) != 0)
                return 0;
        *ret = format(MIRROR "%s", path + strlen(UNIFIED));
        return *ret ? 0 : -ENOMEM;
}

static int group_write(const char *group, const char *file, const char *text) {
        _cleanup_(freep) char *path = format("%s/%s", group, file);
        _cleanup_(fd_closep) int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

        if (!path)
                return -ENOMEM;
        if (fd < 0)
                return -errno;
        return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* Who ends as the last one removes the folder, at any moment. */
static int make_in(const char *folder, const char *path) {
        int r;

        do {
                if (mkdir(folder, 0755) < 0 && errno != EEXIST)
                        return -1;
                r = mkdir(path, 0755);
        } while (r < 0 && errno == ENOENT);
        return r;
}

int group_make(const char *name, char **ret, struct error *e) {
        const char *root = group_root();
        _cleanup_(freep) char *folder = NULL;

        if (!root)
                return error_set(
                        e, ENOENT, EXIT_FAILED,
                        "There is no cgroup v2 tree at /sys/fs/cgroup or /sys/fs/cgroup/unified, and containers "
                        "need one: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
        folder = format("%s/" FOLDER, root);
        if (!folder)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot make a cgroup for %s", name);
        for (unsigned i = 1; i < NUMBERS_MAX; i++) {
                _cleanup_(freep) char *path = format("%s/%s.%u", folder, name, i);

                if (!path)
                        return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot make a cgroup for %s", name);
                if (make_in(folder, path) >= 0) {
                        *ret = steal_ptr(path);
                        return 0;
                }
                if (errno != EEXIST)
                        return error_errno(e, errno, EXIT_FAILED, "Cannot make the cgroup %s", path);
        }
        return error_set(e, EEXIST, EXIT_FAILED, "There are %d cgroups %s/%s.N that nothing can remove", NUMBERS_MAX,
                         folder, name);
}

int group_join(const char *path) {
        return group_write(path, "cgroup.procs", "0");
}

int group_join_supervisors(void) {
        const char *root = group_root();
        _cleanup_(freep) char *folder = root ? format("%s/" FOLDER, root) : NULL;

        if (!folder)
                return root ? -ENOMEM : -ENOENT;
        if (mkdir(folder, 0755) < 0 && errno != EEXIST)
                return -errno;
        return group_join(folder);
}

void group_leave_supervisors(void) {
        const char *root = group_root();
        _cleanup_(freep) char *folder = root ? format("%s/" FOLDER, root) : NULL, *mirror = NULL;

        if (!folder || group_join(root) < 0 || rmdir(folder) < 0)
                return;
        if (mirror_path(folder, &mirror) >= 0 && mirror)
                (void) rmdir(mirror);
}

bool group_populated(const char *path) {
        _cleanup_(freep) char *file = format("%s/cgroup.events", path), *text = NULL;

        return file && file_read(file, 4096, &text, NULL) >= 0 && strstr(text, "populated 1");
}

typedef int (*group_visit_t)(const char *path);

/* Those below first. */
static int group_walk(const char *path, group_visit_t visit) {
        _cleanup_(directory_closep) DIR *directory = opendir(path);
        struct dirent *entry;
        int first = 0, r;

        if (!directory)
                return errno == ENOENT ? 0 : -errno;
        while ((entry = readdir(directory))) {
                _cleanup_(freep) char *child = NULL;

                if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
                        continue;
                child = format("%s/%s", path, entry->d_name);
                r = child ? group_walk(child, visit) : -ENOMEM;
                if (r < 0 && first == 0)
                        first = r;
        }
        r = visit(path);
        return first < 0 ? first : r;
}

static int kill_members(const char *path) {
        _cleanup_(freep) char *file = format("%s/cgroup.procs", path);
        _cleanup_(file_closep) FILE *f = file ? fopen(file, "re") : NULL;
        int pid;

        if (!f)
                return file && errno == ENOENT ? 0 : -errno;
        while (fscanf(f, "%d", &pid) == 1)
                if (pid > 0 && kill(pid, SIGKILL) < 0 && errno != ESRCH)
                        return -errno;
        return 0;
}

int group_kill(const char *path) {
        int r = group_write(path, "cgroup.kill", "1");

        if (r >= 0 || access(path, F_OK) < 0)
                return 0;
        return group_walk(path, kill_members); /* kernels before 5.14 */
}

static int remove_one(const char *path) {
        return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int64_t now_ms(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int remove_tree(const char *path, int timeout_ms) {
        int64_t end = now_ms() + timeout_ms;

        for (int wait = 1;; wait = wait < 50 ? wait * 2 : 50) {
                int r;

                if (access(path, F_OK) < 0)
                        return 0;
                r = group_kill(path);
                if (r < 0)
                        return r;
                if (!group_populated(path)) {
                        r = group_walk(path, remove_one);
                        if (r != -EBUSY)
                                return r;
                }
                if (now_ms() >= end)
                        return -ETIMEDOUT;
                (void) poll(NULL, 0, wait);
        }
}

int group_remove(const char *path, int timeout_ms) {
        _cleanup_(freep) char *mirror = NULL;
        int r = remove_tree(path, timeout_ms);

        if (r >= 0)
                r = mirror_path(path, &mirror);
        if (r >= 0 && mirror)
                r = remove_tree(mirror, timeout_ms);
        return r;
}

/* "NAME.17", for NAME. Container names have no dots. */
static bool is_group_of(const char *entry, const char *name) {
        size_t n = strlen(name);

        return !strncmp(entry, name, n) && entry[n] == '.' && entry[n + 1] &&
               strspn(entry + n + 1, "0123456789") == strlen(entry + n + 1);
}

static int remove_all_in(const char *root, const char *name, int timeout_ms) {
        _cleanup_(freep) char *folder = format("%s/" FOLDER, root);
        _cleanup_(directory_closep) DIR *directory = folder ? opendir(folder) : NULL;
        struct dirent *entry;
        int first = 0;

        while (directory && (entry = readdir(directory))) {
                _cleanup_(freep) char *path = NULL;
                int r;

                if (!is_group_of(entry->d_name, name))
                        continue;
                path = format("%s/%s", folder, entry->d_name);
                r = path ? remove_tree(path, timeout_ms) : -ENOMEM;
                if (r < 0 && first == 0)
                        first = r;
        }
        return first;
}

int group_remove_all(const char *name, int timeout_ms) {
        const char *root = group_root();
        int r = root ? remove_all_in(root, name, timeout_ms) : 0, mirror = 0;

        if (root && !strcmp(root, UNIFIED))
                mirror = remove_all_in(MIRROR, name, timeout_ms);
        return r < 0 ? r : mirror;
}
