/* A reader sees the old file or the new one, never a half: written without a name, synced when asked, linked or renamed
 * over. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>

char *format(const char *fmt, ...) {
        char *s = NULL;
        va_list arguments;
        int n;

        va_start(arguments, fmt);
        n = vasprintf(&s, fmt, arguments);
        va_end(arguments);
        return n < 0 ? NULL : s;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_size) {
        _cleanup_(fd_closep) int fd = -1;
        _cleanup_(freep) char *data = NULL;
        size_t size = 0, capacity;
        struct stat st;

        /* O_NONBLOCK: a FIFO put in the file's place must not hang us. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        if (st.st_size > 0 && (uint64_t) st.st_size > max)
                return -EFBIG;
        /* Files of /proc and /sys say 0, and a file may grow while it is read: st_size is only a first guess. */
        capacity = (size_t) st.st_size + 1;
        if (capacity < 4096)
                capacity = 4096;
        for (;;) {
                char *grown = realloc(data, capacity + 1);
                ssize_t n;

                if (!grown)
                        return -ENOMEM;
                data = grown;
                n = read(fd, data + size, capacity - size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
                if (size == capacity)
                        capacity *= 2;
        }
        data[size] = '\0';
        *ret = steal_ptr(data);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int file_write_all(int fd, const char *data, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, data, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t) n;
        }
        return 0;
}

/* "DIR/.NAME.XXXXXX", hidden so that whoever lists the directory passes it by. */
static char *temporary_name(const char *path) {
        const char *slash = strrchr(path, '/');
        int directory = slash ? (int) (slash - path) + 1 : 0;

        return format("%.*s.%s.XXXXXX", directory, path, path + directory);
}

/* The directory that path is in; malloc'd. */
static char *directory_of(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? format("%.*s", (int) (slash == path ? 1 : slash - path), path) : format(".");
}

static int directory_sync(const char *path) {
        _cleanup_(fd_closep) int fd = -1;
        _cleanup_(freep) char *directory = directory_of(path);

        if (!directory)
                return -ENOMEM;
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

struct content {
        const void *data;
        size_t size;
        mode_t mode;
        const struct stat *like; /* whose owner it gets, too; or NULL */
        bool sync;
};

static int write_content(int fd, const struct content *c) {
        int r = c->like && fchown(fd, c->like->st_uid, c->like->st_gid) < 0 ? -errno : 0;

        if (r == 0)
                r = file_write_all(fd, c->data, c->size);
        if (r == 0 && c->mode != 0600 && fchmod(fd, c->mode) < 0) /* which is what it was made with */
                r = -errno;
        if (r == 0 && c->sync && fsync(fd) < 0)
                r = -errno;
        return r;
}

/* Makes a name for something, at the path that it is given: -1 with errno. */
typedef int (*make_t)(const char *source, const char *path);

static int make_link(const char *source, const char *path) {
        return linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/* Under a name that is free, and then over path. There is no mkostemp for links: names are tried. */
static int make_over(make_t make, const char *source, const char *path) {
        for (unsigned attempt = 0; attempt < 100; attempt++) {
                _cleanup_(freep) char *temporary = temporary_name(path);
                struct timespec now;

                if (!temporary)
                        return -ENOMEM;
                (void) clock_gettime(CLOCK_MONOTONIC, &now);
                (void) snprintf(temporary + strlen(temporary) - 6, 7, "%06lx",
                                ((unsigned long) now.tv_nsec + attempt + (unsigned long) getpid()) & 0xffffff);
                if (make(source, temporary) < 0) {
                        if (errno == EEXIST)
                                continue;
                        return -errno;
                }
                if (rename(temporary, path) < 0) {
                        int r = -errno;

                        (void) unlink(temporary);
                        return r;
                }
                return 0;
        }
        return -EEXIST;
}

/* With no name until it is whole, so that whoever is killed meanwhile leaves nothing (open(2), O_TMPFILE).
 * -EOPNOTSUPP: there are no such files here (NFS), or no way to name one (no /proc). */
static int write_unnamed(const char *path, const struct content *c) {
        _cleanup_(freep) char *directory = directory_of(path);
        _cleanup_(fd_closep) int fd = -1;
        char self[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
        int r;

        if (!directory)
                return -ENOMEM;
        fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0)
                return -EOPNOTSUPP;
        r = write_content(fd, c);
        if (r < 0)
                return r;
        (void) snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
        if (make_link(self, path) == 0)
                return 0;
        return errno == EEXIST ? make_over(make_link, self, path) : -EOPNOTSUPP;
}

static int write_named(const char *path, const struct content *c) {
        _cleanup_(freep) char *temporary = temporary_name(path);
        _cleanup_(fd_closep) int fd = -1;
        int r;

        if (!temporary)
                return -ENOMEM;
        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = write_content(fd, c);
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(temporary);
        return r;
}

static int write_beside(const char *path, const struct content *c) {
        int r = write_unnamed(path, c);

        if (r == -EOPNOTSUPP)
                r = write_named(path, c);
        return r == 0 && c->sync ? directory_sync(path) : r;
}

int file_write_atomic(const char *path, const void *data, size_t size, mode_t mode, bool sync) {
        return write_beside(path, &(struct content){.data = data, .size = size, .mode = mode, .sync = sync});
}

int file_replace(const char *path, const void *data, size_t size, mode_t absent) {
        _cleanup_(freep) char *target = realpath(path, NULL);
        struct stat st;

        if (!target && errno != ENOENT)
                return -errno;
        if (!target)
                return file_write_atomic(path, data, size, absent, true);
        if (stat(target, &st) < 0)
                return -errno;
        /* What is there belongs to Nix, whether it can be written to or not. */
        if (strncmp(target, "/nix/store/", strlen("/nix/store/")) == 0)
                return -EROFS;
        return write_beside(
                target,
                &(struct content){.data = data, .size = size, .mode = st.st_mode & 07777, .like = &st, .sync = true});
}

int symlink_atomic(const char *target, const char *path) {
        return make_over(symlink, target, path);
}

static int directory_make_one(const char *path, mode_t mode) {
        struct stat st;

        if (mkdir(path, mode) == 0)
                /* The umask has no say: the caller named the mode. */
                return chmod(path, mode) < 0 ? -errno : 0;
        if (errno != EEXIST)
                return -errno;
        if (stat(path, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int directory_make(const char *path, mode_t mode) {
        _cleanup_(freep) char *copy = strdup(path);
        int r;

        if (!copy)
                return -ENOMEM;
        if (!*path)
                return -ENOENT;
        for (char *p = copy + 1; *p; p++) {
                if (*p != '/' || p[-1] == '/')
                        continue;
                *p = '\0';
                r = directory_make_one(copy, mode);
                *p = '/';
                if (r < 0)
                        return r;
        }
        return directory_make_one(copy, mode);
}

int file_remove(const char *path) {
        return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* The file that fd has open still stands at path: another holder may have removed it while we waited. */
static bool still_there(int fd, const char *path) {
        struct stat a, b;

        return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int64_t now_ms(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int lock_take(const char *path, int timeout_ms) {
        int64_t deadline = timeout_ms > 0 ? now_ms() + timeout_ms : 0;

        for (;;) {
                _cleanup_(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

                if (fd < 0)
                        return -errno;
                while (flock(fd, LOCK_EX | (timeout_ms < 0 ? 0 : LOCK_NB)) < 0) {
                        if (errno == EINTR)
                                continue;
                        if (errno != EWOULDBLOCK)
                                return -errno;
                        if (timeout_ms == 0 || now_ms() >= deadline)
                                return -EAGAIN;
                        /* flock(2) knows no time limit, and an alarm would take the process's signals. */
                        (void) nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
                }
                if (still_there(fd, path))
                        return steal_fd(&fd);
        }
}

int lock_sign(int fd) {
        char text[16];
        int n = snprintf(text, sizeof(text), "%d\n", (int) getpid());

        return ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t) n, 0) != n ? -errno : 0;
}

/* Trying is the only answer that the kernel gives on every file system; the lock is had for a moment at most, and
 * shared. */
static int lock_try(const char *path) {
        _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        if (flock(fd, LOCK_SH | LOCK_NB) == 0)
                return -ESRCH;
        return errno == EWOULDBLOCK ? steal_fd(&fd) : -errno;
}

bool lock_is_held(const char *path) {
        _cleanup_(fd_closep) int fd = lock_try(path);

        return fd >= 0;
}

/* Its number is not another process's meanwhile, as long as the lock is held once its descriptor is open. */
int lock_holder_open(const char *path) {
        _cleanup_(fd_closep) int fd = lock_try(path), process = -1;
        char text[16];
        ssize_t n;
        char *end;
        long pid;

        if (fd < 0)
                return fd;
        n = pread(fd, text, sizeof(text) - 1, 0);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        pid = strtol(text, &end, 10);
        if (pid <= 0 || pid > INT32_MAX || *end != '\n')
                return -ESRCH; /* has it, and has not said so yet */
        process = pidfd_open((pid_t) pid, 0);
        if (process < 0)
                return -errno;
        return flock(fd, LOCK_SH | LOCK_NB) == 0 ? -ESRCH : steal_fd(&process);
}
