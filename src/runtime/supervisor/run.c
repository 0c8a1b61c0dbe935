/* One run: a list of steps forward, and one way back that does not depend on how far they came. */
#include "supervisor.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "netd/client.h"
#include "runtime/definition.h"
#include "runtime/group.h"
#include "runtime/guest.h"
#include "runtime/leftovers.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <time.h>

#define GROUP_TIMEOUT_MS 10000
#define NETD_TIMEOUT_MS  30000
/* From killing what is in the container until systemd-nspawn, which cleans up after it, is killed too. */
#define KILL_TIMEOUT_USEC UINT64_C(3000000)
/* A first process that has not come to its signal handlers yet ignores the signal: it is sent again. */
#define STOP_AGAIN_USEC UINT64_C(500000)

static int step_clear(struct supervisor *s, struct error *e) {
        int r = group_remove_all(s->name, GROUP_TIMEOUT_MS);

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot end what an earlier run of %s left in its cgroup",
                                   s->name);
        return leftovers_remove(s->name, e);
}

static int step_definition(struct supervisor *s, struct error *e) {
        int r = definition_read(s->name, &s->container, &s->network, e);

        if (r >= 0)
                s->record.stop_signal = s->container.hand ? s->container.hand->kill_signal : SIGRTMIN + 3;
        return r;
}

static int step_root(struct supervisor *s, struct error *e) {
        int r;

        guest_system_clear(&s->system);
        if (s->container.kind == CONTAINER_NSPAWN)
                return 0;
        r = guest_system_find(&s->container, &s->system, e);
        return r < 0 ? r : guest_root_prepare(&s->container, &s->system, e);
}

static int step_guest_folder(struct supervisor *s, struct error *e) {
        int r = guest_folder_make(&s->container, &s->network, e);

        return r < 0 || !hand_has_settings(&s->container) ? r : hand_write_settings(&s->container, e);
}

static int step_resolver(struct supervisor *s, struct error *e) {
        return guest_resolver_write(&s->container, &s->network, e);
}

static int step_attach(struct supervisor *s, struct error *e) {
        int r;

        if (!container_is_attached(&s->container))
                return 0;
        control_phase(s, "preparing the network");
        s->attached = true; /* even a failure may have begun */
        r = daemon_ensure(e);
        if (r < 0)
                return r;
        return netd_call("Attach", json_pack("{s:s}", "name", s->name), NETD_TIMEOUT_MS, NULL, e);
}

static int step_group(struct supervisor *s, struct error *e) {
        free(s->record.group);
        s->record.group = NULL;
        return group_make(s->name, &s->record.group, e);
}

static int step_nspawn(struct supervisor *s, struct error *e) {
        control_phase(s, "starting the container");
        return nspawn_spawn(s, e);
}

static int step_record(struct supervisor *s, struct error *e) {
        int r = record_write(s->name, &s->record);

        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot write " PATH_CONTAINERS "/%s/state.json", s->name) : 0;
}

static const struct {
        const char *what;
        int (*act)(struct supervisor *s, struct error *e);
} steps[] = {
        {"clear up after an earlier run", step_clear},
        {"read the definition", step_definition},
        {"prepare the root folder", step_root},
        {"make the guest's folder", step_guest_folder},
        {"write the guest's resolv.conf", step_resolver},
        {"attach the network", step_attach},
        {"watch the daemon", daemon_watch},
        {"make a cgroup", step_group},
        {"restrict devices", devices_restrict},
        {"start systemd-nspawn", step_nspawn},
        {"write the state", step_record},
};

static uint64_t realtime_usec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_REALTIME, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static int on_start_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        struct supervisor *s = userdata;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        _cleanup_(freep) char *tail = log_tail(s);

        (void) error_set(
                &e, ETIMEDOUT, EXIT_COMMAND,
                "%s was not ready within %.0f s (timeoutStartSec); 'nixos-nspawn logs %s' has all that it said%s%s",
                s->name, (double) s->container.timeout_start_usec / 1e6, s->name,
                tail && *tail ? ". The last of it:\n" : "", tail ? tail : "");
        life_failed(s, &e);
        run_kill(s);
        return 0;
}

static int start_timer_set(struct supervisor *s) {
        /* A container that reboots before it was ready has only the one time limit. */
        if (s->start_timer || s->container.timeout_start_usec == UINT64_MAX)
                return 0;
        return sd_event_add_time_relative(s->loop, &s->start_timer, CLOCK_MONOTONIC, s->container.timeout_start_usec, 0,
                                          on_start_timeout, s);
}

int run_start(struct supervisor *s, struct error *e) {
        int r = 0;

        s->record.state = RUNTIME_STARTING;
        s->record.since_usec = realtime_usec();
        s->record.nspawn = s->record.leader = PROCESS_NONE;
        r = record_write(s->name, &s->record);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot write " PATH_CONTAINERS "/%s/state.json", s->name);
        for (size_t i = 0; i < ELEMENTS_OF(steps) && r >= 0; i++) {
                r = supervisor_fault(steps[i].what, e);
                if (r >= 0)
                        r = steps[i].act(s, e);
        }
        if (r >= 0) {
                r = start_timer_set(s);
                if (r < 0)
                        (void) error_errno(e, r, EXIT_FAILED, "Cannot set the time limit of %s's start", s->name);
        }
        if (r < 0)
                (void) run_end(s, true, NULL);
        else
                control_phase(s, "waiting for the container");
        return r;
}

int run_adopt(struct supervisor *s, struct error *e) {
        int r = record_read(s->name, &s->record);

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot read " PATH_CONTAINERS "/%s/state.json", s->name);
        (void) process_identify(getpid(), &s->record.supervisor);
        s->attached = true;
        s->nspawn = process_open(&s->record.nspawn);
        if (s->nspawn >= 0)
                r = nspawn_watch(s);
        if (s->nspawn < 0 || r < 0)
                return error_errno(e, s->nspawn < 0 ? s->nspawn : r, EXIT_FAILED,
                                   "Cannot take over the systemd-nspawn of %s", s->name);
        (void) daemon_watch(s, NULL);
        s->leader = process_open(&s->record.leader);
        s->stopping = s->record.state == RUNTIME_STOPPING;
        if (s->stopping)
                run_stop(s, STOP_TIMEOUT_USEC);
        r = record_write(s->name, &s->record);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot take over %s", s->name) : 0;
}

static int end_group(struct supervisor *s, struct error *e) {
        int r = s->record.group ? group_remove(s->record.group, GROUP_TIMEOUT_MS) : 0;

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot end all processes of %s in %s", s->name, s->record.group);
        free(s->record.group);
        s->record.group = NULL;
        return 0;
}

static int end_leftovers(struct supervisor *s, struct error *e) {
        return leftovers_remove(s->name, e);
}

static int end_attachment(struct supervisor *s, struct error *e) {
        int r;

        daemon_unwatch(s);
        if (!s->attached)
                return 0;
        r = daemon_ensure(e);
        if (r >= 0)
                r = netd_call("Detach", json_pack("{s:s}", "name", s->name), NETD_TIMEOUT_MS, NULL, e);
        if (r >= 0)
                s->attached = false;
        return r;
}

static int end_guest_folder(struct supervisor *s, struct error *e) {
        int r = guest_folder_remove(s->name);

        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot remove " PATH_CONTAINERS "/%s/guest", s->name) : 0;
}

static const struct {
        const char *what;
        int (*act)(struct supervisor *s, struct error *e);
        bool detaching;
} endings[] = {
        {"remove the cgroup", end_group, false},
        {"remove what systemd-nspawn left", end_leftovers, false},
        {"detach the network", end_attachment, true},
        {"remove the guest's folder", end_guest_folder, false},
};

int run_end(struct supervisor *s, bool detach, struct error *e) {
        bool done[ELEMENTS_OF(endings)] = {false};
        int first = 0;

        s->stop_timer = sd_event_source_disable_unref(s->stop_timer);
        s->notify_source = sd_event_source_disable_unref(s->notify_source);
        s->nspawn_source = sd_event_source_disable_unref(s->nspawn_source);
        fd_closep(&s->nspawn);
        fd_closep(&s->leader);
        fd_closep(&s->notify);
        /* What fails is tried once more after everything else is gone. */
        for (int pass = 0; pass < 2; pass++) {
                first = 0;
                for (size_t i = 0; i < ELEMENTS_OF(endings); i++) {
                        _cleanup_(error_clear) struct error failure = ERROR_INIT;
                        int r;

                        if (done[i] || (endings[i].detaching && !detach))
                                continue;
                        r = supervisor_fault(endings[i].what, &failure);
                        if (r >= 0)
                                r = endings[i].act(s, &failure);
                        done[i] = r >= 0;
                        if (r >= 0)
                                continue;
                        log_warning("Cannot %s of %s: %s", endings[i].what, s->name, error_message(&failure));
                        if (first == 0) {
                                first = r;
                                if (e && pass == 1)
                                        error_move(e, &failure);
                        }
                }
                if (first == 0)
                        break;
        }
        return first;
}

static void leader_signal(struct supervisor *s, int number) {
        if (s->leader >= 0 && syscall(SYS_pidfd_send_signal, s->leader, number, NULL, 0) < 0 && errno != ESRCH)
                log_warning("Cannot signal the first process of %s: %s", s->name, strerror(errno));
}

static int on_kill_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        struct supervisor *s = userdata;

        log_warning("Killing systemd-nspawn of %s too", s->name);
        if (s->record.group)
                (void) group_kill(s->record.group);
        if (s->nspawn >= 0)
                (void) syscall(SYS_pidfd_send_signal, s->nspawn, SIGKILL, NULL, 0);
        return 0;
}

void run_kill(struct supervisor *s) {
        _cleanup_(freep) char *payload = s->record.group ? format("%s/payload", s->record.group) : NULL;

        log_warning("Killing what runs in %s", s->name);
        s->start_timer = sd_event_source_disable_unref(s->start_timer);
        s->stop_timer = sd_event_source_disable_unref(s->stop_timer);
        leader_signal(s, SIGKILL);
        if (payload)
                (void) group_kill(payload);
        if (sd_event_add_time_relative(s->loop, &s->stop_timer, CLOCK_MONOTONIC, s->leader >= 0 ? KILL_TIMEOUT_USEC : 0,
                                       0, on_kill_timeout, s) < 0)
                (void) on_kill_timeout(NULL, 0, s);
}

static int on_stop_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct supervisor *s = userdata;
        uint64_t now;

        (void) sd_event_now(s->loop, CLOCK_MONOTONIC, &now);
        if (now >= s->stop_deadline) {
                log_warning("%s did not stop in time", s->name);
                run_kill(s);
                return 0;
        }
        uint64_t next = s->stop_deadline;
        if (!s->was_ready) {
                leader_signal(s, s->record.stop_signal);
                if (next - now > STOP_AGAIN_USEC)
                        next = now + STOP_AGAIN_USEC;
        }
        (void) sd_event_source_set_time(source, next);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

void run_stop(struct supervisor *s, uint64_t timeout_usec) {
        uint64_t now;

        s->was_ready = s->record.state == RUNTIME_RUNNING;
        s->record.state = RUNTIME_STOPPING;
        (void) record_write(s->name, &s->record);
        control_phase(s, "stopping");
        s->start_timer = sd_event_source_disable_unref(s->start_timer);
        s->stop_timer = sd_event_source_disable_unref(s->stop_timer);
        /* Nothing in it runs yet, or nothing that a signal is for. */
        if (s->leader < 0 || s->record.stop_signal == 0) {
                run_kill(s);
                return;
        }
        leader_signal(s, s->record.stop_signal);
        (void) sd_event_now(s->loop, CLOCK_MONOTONIC, &now);
        s->stop_deadline = timeout_usec > UINT64_MAX - now ? UINT64_MAX : now + timeout_usec;
        if (sd_event_add_time(s->loop, &s->stop_timer, CLOCK_MONOTONIC, now, 0, on_stop_timer, s) < 0)
                run_kill(s);
}
