/* JobRemoved tells how a job ended; it is subscribed to before the job is asked for. When the connection breaks, which
 * it does when systemd executes itself anew, the unit's state tells instead. */
#include "job.h"

#include "runtime/systemd/unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#define RECONNECT_PAUSE_MS 50
#define RECONNECTS_MAX     200

static uint64_t now_usec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

void job_clear(struct job *j) {
        bus_freep(&j->bus);
        freep(&j->path);
        *j = JOB_INIT;
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *path, *unit, *result;
        struct job *j = userdata;
        uint32_t id;

        if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
                return 0;
        if (j->path && strcmp(path, j->path) == 0)
                (void) snprintf(j->result, sizeof j->result, "%s", result);
        return 0;
}

static int listen_for_end(struct job *j, struct error *e) {
        int r;

        bus_freep(&j->bus);
        r = bus_open(&j->bus, e);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(j->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved", on_removed, j);
        if (r >= 0)
                r = sd_bus_call_method(j->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL, NULL,
                                       NULL);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot subscribe to what systemd does") : 0;
}

int job_begin(struct job *j, const char *method, const char *unit, struct error *e) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(message_freep) sd_bus_message *reply = NULL;
        const char *path;
        int r;

        j->unit = unit;
        j->method = method;
        r = listen_for_end(j, e);
        if (r < 0)
                return r;
        r = sd_bus_call_method(j->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method, &error, &reply, "ss", unit,
                               "replace");
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return error_set(e, sd_bus_error_has_name(&error, "org.freedesktop.systemd1.NoSuchUnit") ? ENOENT : -r,
                                 EXIT_COMMAND, "systemd refused %s of %s: %s", method, unit,
                                 error.message ? error.message : strerror(-r));
        j->path = strdup(path);
        return j->path ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "Cannot wait for %s", unit);
}

/* Of ".../job/4711"; 0: none. Jobs keep their numbers when systemd executes itself anew. */
static uint32_t job_number(const struct job *j) {
        const char *slash = j->path ? strrchr(j->path, '/') : NULL;

        return slash ? (uint32_t) strtoul(slash + 1, NULL, 10) : 0;
}

/* After a lost connection: the job is still there, or another one has taken its place, or the unit is what it was to
 * become, or it is not. */
static int look_again(struct job *j) {
        _cleanup_(unit_state_clear) struct unit_state state = {0};
        bool to_stop = strcmp(j->method, "StopUnit") == 0, there;
        int r = unit_look(j->bus, j->unit, &state, NULL);

        if (r < 0)
                return r;
        if (state.job != 0 && state.job == job_number(j))
                return 0;
        there = state.active && strcmp(state.active, "active") == 0;
        (void) snprintf(j->result, sizeof j->result, "%s",
                        there != to_stop ? "done"
                        : state.job != 0 ? "canceled"
                                         : "failed");
        return 0;
}

static int reconnect(struct job *j, struct error *e) {
        int r = 0;

        for (int i = 0; i < RECONNECTS_MAX; i++) {
                (void) poll(NULL, 0, RECONNECT_PAUSE_MS);
                r = listen_for_end(j, NULL);
                if (r >= 0)
                        r = look_again(j);
                if (r >= 0)
                        return 0;
        }
        return error_errno(e, r, EXIT_FAILED, "systemd went away while it was waited for %s", j->unit);
}

int job_wait(struct job *j, uint64_t timeout_usec, struct error *e) {
        uint64_t now = now_usec(), end = timeout_usec > UINT64_MAX - now ? UINT64_MAX : now + timeout_usec;

        while (j->result[0] == '\0') {
                int r = sd_bus_process(j->bus, NULL);

                if (r == 0) {
                        now = now_usec();
                        if (now >= end)
                                return 0;
                        r = sd_bus_wait(j->bus, end == UINT64_MAX ? UINT64_MAX : end - now);
                }
                if (r == -EINTR)
                        continue;
                if (r < 0)
                        r = reconnect(j, e);
                if (r < 0)
                        return r;
        }
        return 1;
}
