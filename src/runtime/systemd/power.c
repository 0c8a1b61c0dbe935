/* start, stop and restart: a job, and what is said when it does not end well. */
#include "power.h"

#include "runtime/refusal.h"
#include "runtime/systemd/detach.h"
#include "runtime/systemd/extend.h"
#include "runtime/systemd/job.h"
#include "runtime/systemd/journal.h"
#include "runtime/systemd/unit.h"
#include "state/store.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

/* From one kill to the next, harder one; and from the last one to the end of everything in the unit. */
#define KILL_TIMEOUT_USEC     UINT64_C(5000000)
#define KILL_ALL_TIMEOUT_USEC UINT64_C(30000000)
/* A first process that has not come to its signal handlers yet ignores the signal: it is sent again. */
#define STOP_AGAIN_USEC UINT64_C(500000)
/* How much longer than us systemd has patience, if who waits here is killed. */
#define STOP_EXTENSION_USEC UINT64_C(30000000)

static void say(runtime_progress_t progress, void *userdata, const char *what) {
        if (progress)
                progress(what, userdata);
}

static int no_memory(const char *name, struct error *e) {
        return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot start or stop %s", name);
}

/* What the unit says about its end. */
static int explain_unit(sd_bus *bus, const char *name, const char *unit, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(freep) char *result = NULL, *tail = NULL;
        char invocation[33];
        int32_t status = 0;

        (void) bus_unit_string(bus, unit, SYSTEMD_SERVICE, "Result", &result);
        (void) bus_unit_int32(bus, unit, SYSTEMD_SERVICE, "ExecMainStatus", &status);
        if (bus_unit_invocation(bus, unit, invocation) >= 0 && *invocation)
                tail = journal_tail(unit, invocation);
        if (result && strcmp(result, "timeout") == 0 && store_load(name, &c, NULL) >= 0)
                return error_set(
                        e, ETIMEDOUT, EXIT_COMMAND,
                        "%s was not ready within %.0f s (timeoutStartSec); 'nixos-nspawn logs %s' has all that "
                        "it said%s%s",
                        name, (double) c.timeout_start_usec / 1e6, name, tail && *tail ? ". The last of it:\n" : "",
                        tail ? tail : "");
        return error_set(e, EIO, EXIT_COMMAND, "%s ended with %s (status %d) before the container was ready%s%s", unit,
                         result ? result : "an error", (int) status,
                         tail && *tail ? ". It said:\n" : ", and said nothing", tail ? tail : "");
}

static int explain(const struct job *j, const char *name, struct error *e) {
        if (strcmp(j->result, "canceled") == 0)
                return error_set(e, ECANCELED, EXIT_FAILED, "%s was stopped before it was ready", name);
        if (strcmp(j->result, "dependency") == 0)
                return error_set(
                        e, EIO, EXIT_COMMAND,
                        "A unit that %s needs could not be started: 'systemctl list-dependencies %s' shows which",
                        j->unit, j->unit);
        if (refusal_read(name, e) > 0) {
                (void) refusal_remove(name);
                return e ? e->code : -EIO;
        }
        return explain_unit(j->bus, name, j->unit, e);
}

static int begin(const char *name, const char *unit, const char *method, struct job *j, struct unit_state *ret_before,
                 struct error *e) {
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r = bus_open(&bus, e);

        if (r < 0)
                return r;
        r = unit_look(bus, unit, ret_before, e);
        if (r < 0)
                return r;
        /* Somebody asks for it now: how often it was tried before does not matter. */
        bus_reset_failed(bus, unit);
        (void) refusal_remove(name);
        return job_begin(j, method, unit, e);
}

/* A pidfd of the container's first process. */
static int leader_open(sd_bus *bus, const char *unit) {
        _cleanup_(freep) char *group = NULL;
        struct process leader;

        return unit_group(bus, unit, &group) >= 0 && unit_leader(group, &leader) >= 0 ? process_open(&leader) : -ESRCH;
}

/* 0: it got the signal. */
static int leader_signal(int leader, int number) {
        return leader < 0 ? leader : syscall(SYS_pidfd_send_signal, leader, number, NULL, 0) < 0 ? -errno : 0;
}

/* One that is being stopped, or may be, before its first process listened: see wait_and_remind(). Its end is what a
 * start that takes the place of the stop waits for. */
static int wait_for_start(struct job *j, const struct unit_state *before, struct error *e) {
        enum runtime_state state = unit_runtime_state(before->active);
        int r;

        if (state == RUNTIME_OFF || state == RUNTIME_RUNNING)
                return job_wait(j, UINT64_MAX, e);
        while ((r = job_wait(j, STOP_AGAIN_USEC, e)) == 0) {
                _cleanup_(unit_state_clear) struct unit_state now = {0};
                /* Before the look: not of the run that begins after it. */
                _cleanup_(fd_closep) int leader = leader_open(j->bus, j->unit);

                if (unit_look(j->bus, j->unit, &now, NULL) >= 0 && unit_runtime_state(now.active) == RUNTIME_STOPPING)
                        (void) leader_signal(leader, SIGRTMIN + 3);
        }
        return r;
}

static int start(const char *name, const char *method, runtime_progress_t progress, void *userdata, struct error *e) {
        _cleanup_(unit_state_clear) struct unit_state before = {0};
        _cleanup_(freep) char *unit = unit_name(name);
        _cleanup_(job_clear) struct job j = JOB_INIT;
        int r;

        if (!unit)
                return no_memory(name, e);
        if (!store_runs(name))
                return error_set(e, ENOENT, EXIT_USAGE, "Container %s does not exist!", name);
        say(progress, userdata, "starting the container");
        r = begin(name, unit, method, &j, &before, e);
        if (r < 0)
                return r;
        say(progress, userdata, "waiting for the container");
        r = wait_for_start(&j, &before, e);
        if (r < 0)
                return r;
        return strcmp(j.result, "done") == 0 ? 0 : explain(&j, name, e);
}

int unit_start(const char *name, runtime_progress_t progress, void *userdata, struct error *e) {
        return start(name, "StartUnit", progress, userdata, e);
}

int unit_restart(const char *name, runtime_progress_t progress, void *userdata, struct error *e) {
        return start(name, "RestartUnit", progress, userdata, e);
}

/* systemd-nspawn passes the wish to stop on once: one whose PID 1 was not ready for it is reminded. And the unit's own
 * limit (TimeoutStopSec=) may be shorter than what was asked for here. */
static int wait_and_remind(struct job *j, bool was_ready, uint64_t timeout_usec, struct error *e) {
        for (;;) {
                _cleanup_(fd_closep) int leader = was_ready ? -ESRCH : leader_open(j->bus, j->unit);
                uint64_t turn = timeout_usec < STOP_AGAIN_USEC ? timeout_usec : STOP_AGAIN_USEC;
                int r = job_wait(j, turn, e);

                if (r != 0 || turn == timeout_usec)
                        return r;
                (void) unit_extend(j->bus, j->unit, STOP_EXTENSION_USEC);
                (void) leader_signal(leader, SIGRTMIN + 3);
                if (timeout_usec != UINT64_MAX)
                        timeout_usec -= turn;
        }
}

static void kill_unit(const struct job *j, const char *whom) {
        (void) sd_bus_call_method(j->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "KillUnit", NULL, NULL, "ssi",
                                  j->unit, whom, SIGKILL);
}

/* Gently first: systemd-nspawn cleans up after a container whose first process was killed; and whoever kills everything
 * in the unit may hit `nspawn-unit detach` (the kernel itself does: what is cloned into a group that was killed
 * before dies at once, seen with 6.18). What has ended at that moment is no failure. */
static int kill_all(struct job *j, const char *name, struct error *e) {
        _cleanup_(fd_closep) int leader = leader_open(j->bus, j->unit);
        int r = 0;

        if (leader_signal(leader, SIGKILL) >= 0)
                r = job_wait(j, KILL_TIMEOUT_USEC, e);
        if (r == 0) {
                kill_unit(j, "main");
                r = job_wait(j, KILL_TIMEOUT_USEC, e);
        }
        if (r == 0) {
                kill_unit(j, "all");
                r = job_wait(j, KILL_ALL_TIMEOUT_USEC, e);
        }
        if (r == 0)
                return error_set(e, ETIMEDOUT, EXIT_FAILED,
                                 "%s does not end although everything in it was killed; see 'systemctl status %s'",
                                 name, j->unit);
        /* That it was killed is what was asked for. */
        bus_reset_failed(j->bus, j->unit);
        return r;
}

/* Whoever is told that it is off finds nothing of it. */
static int clear_up(sd_bus *bus, const char *unit, const char *name, struct error *e) {
        int r = unit_recover(name, e);

        if (r == 0)
                unit_wait_links(bus, unit, name);
        return r < 0 ? r : 0;
}

int unit_stop(const char *name, uint64_t timeout_usec, runtime_progress_t progress, void *userdata, struct error *e) {
        _cleanup_(error_clear) struct error refused = ERROR_INIT;
        _cleanup_(unit_state_clear) struct unit_state before = {0};
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        _cleanup_(freep) char *unit = unit_name(name);
        _cleanup_(job_clear) struct job j = JOB_INIT;
        int r = unit ? bus_open(&bus, e) : no_memory(name, e);

        if (r < 0)
                return r;
        r = unit_look(bus, unit, &before, e);
        if (r < 0)
                return r;
        /* Not loaded, or off with no job that would change that. */
        if (unit_runtime_state(before.active) == RUNTIME_OFF && before.job == 0)
                return clear_up(bus, unit, name, e);
        say(progress, userdata, "stopping");
        r = job_begin(&j, "StopUnit", unit, &refused);
        if (r == -ENOENT)
                return clear_up(bus, unit, name, e);
        if (r < 0) {
                error_move(e ? e : &refused, &refused);
                return r;
        }
        r = wait_and_remind(&j, unit_runtime_state(before.active) == RUNTIME_RUNNING, timeout_usec, e);
        if (r == 0) {
                say(progress, userdata, "killing what runs in it");
                r = kill_all(&j, name, e);
        }
        if (r < 0)
                return r;
        if (strcmp(j.result, "canceled") == 0)
                return error_set(e, ECANCELED, EXIT_FAILED, "%s was started by somebody else while it was stopped",
                                 name);
        /* A unit that ended badly has ended. */
        return clear_up(bus, unit, name, e);
}
