/* What follows from what happened: ready, ended, to be started again, over. */
#include "supervisor.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "netd/client.h"
#include "runtime/group.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define DESCRIBE_MS 5000
/* nspawn's exit status when the container asked for a reboot. */
#define STATUS_REBOOT 133

void life_failed(struct supervisor *s, struct error *e) {
        if (s->failure.code == 0)
                error_move(&s->failure, e);
}

/* Nobody is to be told that a container is there whose link the daemon could not complete. */
static int check_network(struct supervisor *s, struct error *e) {
        json_t *reply = NULL, *network;
        const char *state, *problem;
        int r = 0;

        if (!s->attached || netd_call("Describe", json_pack("{s:s}", "name", s->name), DESCRIBE_MS, &reply, NULL) < 0)
                return 0;
        network = json_object_get(reply, "network");
        state = json_string_value(json_object_get(network, "state"));
        problem = json_string_value(json_object_get(network, "problem"));
        if (state && !strcmp(state, "broken"))
                r = error_set(e, EIO, EXIT_CONTAINER, "The network of %s cannot be completed: %s", s->name,
                              problem ? problem : "see " PATH_LOGS "/netd.log");
        json_decref(reply);
        return r;
}

void life_ready(struct supervisor *s) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct timespec t;

        if (s->record.state != RUNTIME_STARTING)
                return;
        if (check_network(s, &e) < 0) {
                life_failed(s, &e);
                run_kill(s);
                return;
        }
        (void) clock_gettime(CLOCK_REALTIME, &t);
        s->start_timer = sd_event_source_disable_unref(s->start_timer);
        s->record.state = RUNTIME_RUNNING;
        s->record.since_usec = (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
        if (record_write(s->name, &s->record) < 0)
                log_warning("Cannot write down that %s is ready", s->name);
        control_answer(s, WISH_READY, NULL);
}

/* Why it is not running, for those who wait for readiness. */
static void explain_end(struct supervisor *s, int wait_status) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        _cleanup_(freep) char *tail = log_tail(s), *how = NULL;

        if (s->record.state == RUNTIME_RUNNING || s->failure.code != 0)
                return;
        if (s->record.state == RUNTIME_STOPPING) {
                (void) error_set(&e, ECANCELED, EXIT_FAILED, "%s was stopped before it was ready", s->name);
                /* That is no failure of the stop itself. */
                control_answer(s, WISH_READY, &e);
                return;
        }
        how = WIFSIGNALED(wait_status)
                      ? format("signal %d (%s)", WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)))
                      : format("status %d", WEXITSTATUS(wait_status));
        (void) error_set(&e, EIO, EXIT_COMMAND, "systemd-nspawn of %s ended with %s before the container was ready%s%s",
                         s->name, how ? how : "an error", tail && *tail ? ". It said:\n" : ", and said nothing",
                         tail ? tail : "");
        life_failed(s, &e);
}

/* Everything that shows that there was a supervisor goes, the lock last; then those who wait are told. */
static void life_finish(struct supervisor *s) {
        _cleanup_(freep) char *folder = supervisor_path(s->name, NULL);
        const struct error *failure = NULL;
        int r;

        s->start_timer = sd_event_source_disable_unref(s->start_timer);
        r = folder ? tree_remove(folder) : -ENOMEM;
        if (r < 0)
                log_warning("Cannot remove %s: %s", folder ? folder : s->name, strerror(-r));
        group_leave_supervisors();
        log_close(s); /* before the next one writes to it, and reserves room there */
        s->lock = fd_close(s->lock);
        if (s->failure.code != 0) {
                log_error("%s", error_message(&s->failure));
                s->exit_code = 1;
        }
        if (s->failure.code == 0)
                (void) error_set(&s->failure, ECANCELED, EXIT_FAILED, "%s has ended", s->name);
        else
                failure = &s->failure;
        control_answer(s, WISH_READY, &s->failure);
        control_answer(s, WISH_GONE, failure);
        (void) sd_event_exit(s->loop, s->exit_code);
}

void life_nspawn_ended(struct supervisor *s, int wait_status) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        bool reboot = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == STATUS_REBOOT;
        bool again = !s->stopping && s->failure.code == 0 && (s->restarting || reboot);

        if (!again)
                explain_end(s, wait_status);
        if (run_end(s, !again, &e) < 0)
                life_failed(s, &e);
        if (again && s->failure.code == 0) {
                s->restarting = false;
                control_phase(s, "starting again");
                if (run_start(s, &e) >= 0)
                        return;
                life_failed(s, &e);
        }
        life_finish(s);
}

void life_start(struct supervisor *s, bool adopt) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if ((adopt ? run_adopt(s, &e) : run_start(s, &e)) >= 0) {
                /* Who asked for an adoption waits for no more than that. */
                if (adopt)
                        control_answer(s, WISH_READY, NULL);
                return;
        }
        if (adopt)
                (void) run_end(s, true, NULL);
        life_failed(s, &e);
        life_finish(s);
}
