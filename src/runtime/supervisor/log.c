/* The log: systemd-nspawn writes it itself, at the end of the file, so it goes on when this process is gone. Here it is
 * only kept small: beyond LOG_MAX its beginning goes to NAME.log.1.
 *
 * systemd-nspawn ends, and the container with it, when a write fails. So the room for what it writes next is reserved
 * behind the end of the file; where there is none left, a log gives its own past for it.
 *
 * The beginning is cut off (fallocate(2), FALLOC_FL_COLLAPSE_RANGE), so that what is written meanwhile stays: at whole
 * blocks, so a little of what was there stays too. A file system that cannot do that has the file emptied, and what is
 * written between the copy and that is lost. */
#include "supervisor.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "runtime/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#define LOG_MAX       (8 * 1024 * 1024)
#define CUT_ALIGNMENT ((off_t) 65536) /* no file system has larger blocks */
/* A container that writes without a pause is looked at this often. */
#define LOG_PAUSE_USEC UINT64_C(50000)
/* What is reserved, and what is enough where there is not as much. */
#define AHEAD_MAX  (4 * 1024 * 1024)
#define AHEAD_MIN  (256 * 1024)
#define TAIL_BYTES 4096
#define TAIL_LINES 10

static off_t log_size(const struct supervisor *s) {
        struct stat st;

        return fstat(s->log, &st) < 0 ? 0 : st.st_size;
}

/* Copies from offset up to end. */
static int copy(int out, int in, off_t offset, off_t end) {
        while (offset < end) {
                ssize_t n = sendfile(out, in, &offset, (size_t) (end - offset));

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
        }
        return 0;
}

/* The offset of this run's first line, after so much of the beginning is gone. */
static void move_offset(struct supervisor *s, off_t cut) {
        s->record.log_offset -= s->record.log_offset < (uint64_t) cut ? s->record.log_offset : (uint64_t) cut;
        s->log_room = 0;
}

static bool collapse(struct supervisor *s, off_t cut) {
        if (fallocate(s->log, FALLOC_FL_COLLAPSE_RANGE, 0, cut) < 0)
                return false;
        move_offset(s, cut);
        return true;
}

static int empty(struct supervisor *s) {
        int r = ftruncate(s->log, 0);

        move_offset(s, INT64_MAX);
        return r;
}

/* Whoever follows the log finds what was cut off there at the same offset, so all of it is copied; of one that grew out
 * of bounds while nobody watched, only the end. */
static int rotate(struct supervisor *s, off_t size) {
        _cleanup_(freep) char *path = format(PATH_LOGS "/%s.log.1", s->name);
        _cleanup_(fd_closep) int out = -1;
        off_t cut = (size - 1) / CUT_ALIGNMENT * CUT_ALIGNMENT; /* less than all of it, which the kernel wants */
        int r;

        if (!path)
                return -ENOMEM;
        out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
        r = out < 0 ? -errno : copy(out, s->log, size > 4 * (off_t) LOG_MAX ? cut - LOG_MAX : 0, cut);
        if (!collapse(s, cut)) {
                if (r >= 0)
                        r = copy(out, s->log, cut, log_size(s));
                r = empty(s) < 0 ? -errno : r;
        }
        return r;
}

static bool is_full(int r) {
        return r == -ENOSPC || r == -EDQUOT;
}

/* Only what is not yet: tmpfs, when it is full, lets go also what was reserved there before. A file system that cannot
 * reserve fails when it is full, as it would without. */
static int reserve(struct supervisor *s, off_t ahead) {
        off_t size = log_size(s), from = s->log_room > size ? s->log_room : size;

        if (from < size + ahead && fallocate(s->log, FALLOC_FL_KEEP_SIZE, from, size + ahead - from) < 0 &&
            errno != EOPNOTSUPP)
                return -errno;
        s->log_ahead = ahead;
        s->log_room = size + ahead > from ? size + ahead : from;
        return 0;
}

static void forget(struct supervisor *s) {
        _cleanup_(freep) char *path = format(PATH_LOGS "/%s.log.1", s->name);
        off_t size = log_size(s);

        if (path)
                (void) unlink(path);
        if (size > CUT_ALIGNMENT && !collapse(s, (size - 1) / CUT_ALIGNMENT * CUT_ALIGNMENT))
                (void) empty(s);
}

/* Only when it is time to: to reserve counts as a change of the file, which is watched. */
static int make_room(struct supervisor *s) {
        int r;

        if (log_size(s) + s->log_ahead / 2 < s->log_room)
                return 0;
        r = reserve(s, AHEAD_MAX);
        if (is_full(r))
                forget(s);
        for (off_t ahead = AHEAD_MAX; is_full(r) && ahead >= AHEAD_MIN; ahead /= 4)
                r = reserve(s, ahead);
        return r;
}

int log_file_open(struct supervisor *s, struct error *e) {
        _cleanup_(freep) char *path = format(PATH_LOGS "/%s.log", s->name);
        int r = path ? directory_make(PATH_LOGS, 0755) : -ENOMEM;

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot make the folder " PATH_LOGS);
        s->log = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (s->log < 0)
                return error_errno(e, errno, EXIT_FAILED, "Cannot open the log %s", path);
        return 0;
}

int log_reserve(struct supervisor *s, struct error *e) {
        int r = make_room(s);

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED,
                                   "Cannot reserve %d KiB for the log " PATH_LOGS "/%s.log, without which "
                                   "systemd-nspawn does not run; make room there",
                                   AHEAD_MIN / 1024, s->name);
        return 0;
}

void log_close(struct supervisor *s) {
        /* What was reserved and not needed. */
        if (s->log >= 0 && s->log_room > 0)
                (void) ftruncate(s->log, log_size(s));
        fd_closep(&s->log);
}

/* What is said here goes to this very log, which is looked at again then: what stays so is said once. */
static void log_check(struct supervisor *s) {
        off_t size = log_size(s);
        int r;

        r = size > LOG_MAX ? rotate(s, size) : 0;
        if (r < 0)
                log_warning("Cannot rotate the log of %s: %s", s->name, strerror(-r));
        r = make_room(s);
        if (r < 0 && !s->log_full)
                log_warning("Cannot reserve room for the log of %s, which ends when it cannot write: %s", s->name,
                            strerror(-r));
        s->log_full = r < 0;
}

static int on_log_pause_over(sd_event_source *source, uint64_t usec, void *userdata) {
        struct supervisor *s = userdata;

        log_check(s);
        (void) sd_event_source_set_enabled(s->log_source, SD_EVENT_ONESHOT);
        return 0;
}

static int on_log_written(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct supervisor *s = userdata;
        char ignored[4096];

        while (read(fd, ignored, sizeof ignored) > 0)
                ;
        log_check(s);
        (void) sd_event_source_set_time_relative(s->log_timer, LOG_PAUSE_USEC);
        (void) sd_event_source_set_enabled(s->log_timer, SD_EVENT_ONESHOT);
        return 0;
}

/* Not sd_event_add_inotify(): a source of that kind that is switched off with events waiting keeps the loop spinning
 * (seen, 252). */
int log_watch(struct supervisor *s) {
        _cleanup_(freep) char *path = format("/proc/self/fd/%d", s->log);
        _cleanup_(fd_closep) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        int r;

        if (!path)
                return -ENOMEM;
        if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY) < 0)
                return -errno;
        r = sd_event_add_time_relative(s->loop, &s->log_timer, CLOCK_MONOTONIC, 0, 0, on_log_pause_over, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->log_timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_io(s->loop, &s->log_source, fd, EPOLLIN, on_log_written, s);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(s->log_source, true);
        if (r >= 0) {
                (void) steal_fd(&fd);
                r = sd_event_source_set_enabled(s->log_source, SD_EVENT_ONESHOT);
        }
        return r;
}

char *log_tail(struct supervisor *s) {
        char text[TAIL_BYTES];
        struct clean clean = {.plain = true};
        struct buffer b = BUFFER_INIT;
        off_t from = log_size(s) - TAIL_BYTES;
        size_t start, lines = 0;
        ssize_t n;

        if (from < (off_t) s->record.log_offset)
                from = (off_t) s->record.log_offset;
        n = pread(s->log, text, sizeof text, from);
        if (n <= 0)
                return strdup("");
        while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
                n--;
        for (start = (size_t) n; start > 0; start--)
                if (text[start - 1] == '\n' && ++lines == TAIL_LINES)
                        break;
        buffer_append_string(&b, "  ");
        while (start < (size_t) n) {
                const char *end = memchr(text + start, '\n', (size_t) n - start);
                size_t size = end ? (size_t) (end - text) - start : (size_t) n - start;

                clean_push(&clean, text + start, size, &b);
                start += size + 1;
                if (end)
                        buffer_append_string(&b, "\n  ");
        }
        return buffer_steal(&b);
}
