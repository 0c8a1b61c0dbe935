/* Messages only: what the container's console, systemd-nspawn and nspawn-unit wrote, as the log of the other kind of
 * host has it, without what a guest could do to the reader's terminal. */
#include "journal.h"

#include "base/buffer.h"
#include "base/file.h"
#include "netd/varlink-client.h"
#include "runtime/clean.h"
#include "runtime/systemd/bus.h"
#include "state/store.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <systemd/sd-journal.h>

#define TAIL_LINES 10
/* journald reads what it is sent as fast as it can; who just learned of a failure may be faster. */
#define JOURNALD_SOCKET "/run/systemd/journal/io.systemd.journal"
#define SYNC_TIMEOUT_MS 2000
#define FOLLOW_PAUSE_MS 1000

static void journal_closep(sd_journal **j) {
        if (*j)
                sd_journal_close(*j);
        *j = NULL;
}

static int match(sd_journal *j, const char *field, const char *value) {
        _cleanup_(freep) char *text = format("%s=%s", field, value);

        return text ? sd_journal_add_match(j, text, 0) : -ENOMEM;
}

/* invocation: only of that run; NULL: of all. */
static int journal_open(const char *unit, const char *invocation, sd_journal **ret) {
        _cleanup_(varlink_reply_clear) struct varlink_reply reply = VARLINK_REPLY_INIT;
        int r;

        (void) varlink_exchange(JOURNALD_SOCKET, "io.systemd.Journal.Synchronize", NULL, SYNC_TIMEOUT_MS, &reply);
        r = sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (r >= 0)
                r = match(*ret, "_SYSTEMD_UNIT", unit);
        if (r >= 0 && invocation)
                r = match(*ret, "_SYSTEMD_INVOCATION_ID", invocation);
        return r;
}

static int entry_append(sd_journal *j, struct clean *c, struct buffer *b) {
        const char *name = "MESSAGE=";
        const void *data;
        size_t size;
        int r = sd_journal_get_data(j, "MESSAGE", &data, &size);

        if (r < 0 || size < strlen(name))
                return r == -ENOENT ? 0 : r;
        clean_push(c, (const char *) data + strlen(name), size - strlen(name), b);
        /* An escape sequence does not go on in the next entry. */
        c->state = CLEAN_TEXT;
        return buffer_error(b);
}

/* From the entry after the current one to the last one. */
static int print_rest(sd_journal *j, struct clean *c, int fd, bool *ret_any) {
        int r;

        while ((r = sd_journal_next(j)) > 0) {
                _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;

                *ret_any = true;
                r = entry_append(j, c, &b);
                buffer_append_string(&b, "\n");
                if (r >= 0)
                        r = buffer_error(&b);
                if (r >= 0)
                        r = file_write_all(fd, buffer_text(&b), b.size);
                if (r < 0)
                        break;
        }
        return r;
}

/* Before the last N; sd_journal_next() then finds the first of them. */
static int seek(sd_journal *j, int lines) {
        int r;

        if (lines < 0)
                return sd_journal_seek_head(j);
        r = sd_journal_seek_tail(j);
        if (r >= 0)
                r = sd_journal_previous_skip(j, (uint64_t) lines + 1);
        /* Fewer than that: all of them. */
        if (r >= 0 && r <= lines)
                r = sd_journal_seek_head(j);
        return r;
}

static int follow_rest(sd_journal *j, const char *name, struct clean *c, int fd) {
        bool any;
        int r = 0;

        /* It ends with its reader, or with the container's definition. */
        while (r >= 0 && store_runs(name)) {
                struct pollfd wait[] = {{.fd = sd_journal_get_fd(j), .events = POLLIN}, {.fd = fd, .events = 0}};

                if (wait[0].fd < 0)
                        return wait[0].fd;
                if (poll(wait, ELEMENTS_OF(wait), FOLLOW_PAUSE_MS) < 0 && errno != EINTR)
                        return -errno;
                if (wait[1].revents & (POLLERR | POLLHUP))
                        return 0;
                r = sd_journal_process(j);
                if (r >= 0)
                        r = print_rest(j, c, fd, &any);
        }
        return r;
}

int journal_print(const char *name, int fd, int lines, bool follow, struct error *e) {
        _cleanup_(journal_closep) sd_journal *j = NULL;
        _cleanup_(freep) char *unit = unit_name(name);
        struct clean clean = {0};
        bool any = false;
        int r = unit ? journal_open(unit, NULL, &j) : -ENOMEM;

        if (r >= 0 && follow) /* what comes from here on is noticed */
                r = sd_journal_get_fd(j);
        if (r >= 0)
                r = seek(j, lines);
        if (r >= 0)
                r = print_rest(j, &clean, fd, &any);
        if (r >= 0 && follow)
                r = follow_rest(j, name, &clean, fd);
        else if (r >= 0 && !any && lines != 0 && geteuid() != 0)
                return error_set(e, EACCES, EXIT_FAILED,
                                 "The journal has nothing of %s that this user may read: run it with sudo", unit);
        else if (r >= 0 && !any && lines != 0)
                return error_set(e, ENOENT, EXIT_CONTAINER,
                                 "The journal has nothing of %s; a container is in it from its first start on", unit);
        if (r == -EPIPE)
                r = 0;
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot print the journal of %s", name) : 0;
}

char *journal_tail(const char *unit, const char *invocation) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        _cleanup_(journal_closep) sd_journal *j = NULL;
        struct clean clean = {.plain = true};
        int r = journal_open(unit, invocation, &j);

        if (r >= 0)
                r = seek(j, TAIL_LINES);
        while (r >= 0 && (r = sd_journal_next(j)) > 0) {
                buffer_append_string(&b, b.size > 0 ? "\n  " : "  ");
                r = entry_append(j, &clean, &b);
        }
        return buffer_steal(&b);
}
