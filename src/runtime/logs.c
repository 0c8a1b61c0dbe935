/* The log as a person reads it: the last lines, then what comes, across rotations (supervisor/log.c), without what a
 * guest could do to the reader's terminal. */
#include "logs.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/paths.h"
#include "runtime/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define CHUNK 65536

/* From *offset to the end of what is there now. */
static int print_from(int in, off_t *offset, struct clean *c, int out) {
        for (;;) {
                _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
                char data[CHUNK];
                ssize_t n = pread(in, data, sizeof data, *offset);
                int r;

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                *offset += n;
                clean_push(c, data, (size_t) n, &b);
                r = buffer_error(&b);
                if (r >= 0)
                        r = file_write_all(out, buffer_text(&b), b.size);
                if (r < 0)
                        return r;
        }
}

/* Where the last *lines lines begin; *lines: how many more there would have to be. */
static off_t last_lines(int fd, off_t size, int *lines) {
        off_t end = size;
        bool first = true;

        while (end > 0) {
                char data[CHUNK];
                off_t start = end > CHUNK ? end - CHUNK : 0;
                ssize_t n = pread(fd, data, (size_t) (end - start), start);

                if (n <= 0)
                        break;
                for (ssize_t i = n; i > 0; i--) {
                        if (data[i - 1] != '\n') {
                                first = false;
                                continue;
                        }
                        if (first) { /* the end of the last line begins none */
                                first = false;
                                continue;
                        }
                        if (--*lines == 0)
                                return start + i;
                }
                end = start;
        }
        if (size > 0)
                --*lines;
        return 0;
}

static off_t size_of(int fd) {
        struct stat st;

        return fd >= 0 && fstat(fd, &st) >= 0 ? st.st_size : 0;
}

static int open_log(const char *name, const char *suffix) {
        _cleanup_(freep) char *path = format(PATH_LOGS "/%s.log%s", name, suffix);
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

        return fd < 0 ? (path ? -errno : -ENOMEM) : fd;
}

/* Its beginning was cut off, and is in the copy at the same place; what was behind that is the beginning now. */
static int print_rotated(const char *name, off_t *offset, struct clean *c, int out) {
        _cleanup_(fd_closep) int old = open_log(name, ".1");
        off_t cut = size_of(old);
        int r = cut > *offset ? print_from(old, offset, c, out) : 0;

        *offset = *offset > cut ? *offset - cut : 0;
        return r;
}

static int follow_log(const char *name, int log, off_t offset, struct clean *c, int out) {
        _cleanup_(fd_closep) int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        _cleanup_(freep) char *path = format(PATH_LOGS "/%s.log", name);
        int r;

        if (watch < 0 || !path || inotify_add_watch(watch, path, IN_MODIFY | IN_ATTRIB) < 0)
                return errno > 0 ? -errno : -ENOMEM;
        for (;;) {
                struct pollfd wait[] = {{.fd = watch, .events = POLLIN}, {.fd = out, .events = 0}};
                char events[4096];
                struct stat st;

                if (size_of(log) < offset) {
                        r = print_rotated(name, &offset, c, out);
                        if (r < 0)
                                return r;
                }
                r = print_from(log, &offset, c, out);
                if (r < 0)
                        return r;
                if (fstat(log, &st) < 0 || st.st_nlink == 0)
                        return 0; /* the container was removed */
                r = poll(wait, ELEMENTS_OF(wait), -1);
                if (r < 0 && errno != EINTR)
                        return -errno;
                if (r > 0 && (wait[1].revents & (POLLERR | POLLHUP)))
                        return 0; /* nobody reads any more */
                while (read(watch, events, sizeof events) > 0)
                        ;
        }
}

int supervised_logs(const char *name, int fd, int lines, bool follow, struct error *e) {
        _cleanup_(fd_closep) int log = open_log(name, ""), old = -1;
        off_t offset = 0, old_offset = 0;
        struct clean clean = {0};
        int r = 0;

        if (log == -EACCES)
                return error_set(e, EACCES, EXIT_FAILED,
                                 "Cannot open the log " PATH_LOGS "/%s.log, which only root may read: run it with sudo",
                                 name);
        if (log < 0)
                return error_errno(
                        e, log, log == -ENOENT ? EXIT_CONTAINER : EXIT_FAILED,
                        "Cannot open the log " PATH_LOGS "/%s.log; a container has one from its first start on", name);
        if (lines == 0)
                offset = size_of(log);
        else {
                int left = lines < 0 ? -1 : lines;

                if (left > 0)
                        offset = last_lines(log, size_of(log), &left);
                if (left != 0)
                        old = open_log(name, ".1");
                if (old >= 0) {
                        if (left > 0)
                                old_offset = last_lines(old, size_of(old), &left);
                        r = print_from(old, &old_offset, &clean, fd);
                }
        }
        if (r >= 0)
                r = print_from(log, &offset, &clean, fd);
        if (r >= 0 && follow)
                r = follow_log(name, log, offset, &clean, fd);
        if (r == -EPIPE)
                r = 0;
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot print the log of %s", name) : 0;
}
