/* nspawn-supervisor [--adopt] [--report FD] NAME
 *
 * Started by the command line in a session of its own; --report: a socket on which it says how the start goes. Ends
 * with its container. SIGTERM stops the container cleanly, a second one at once. */
#include "supervisor.h"

#include "base/log.h"
#include "base/parse.h"
#include "model/names.h"
#include "runtime/group.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>

/* Somebody may be looking whether the lock is held. */
#define LOCK_TIMEOUT_MS 2000

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *information, void *userdata) {
        struct supervisor *s = userdata;
        bool again = s->stopping;

        s->stopping = true;
        s->restarting = false;
        if (again)
                run_kill(s);
        else
                run_stop(s, STOP_TIMEOUT_USEC);
        return 0;
}

static int supervise(struct supervisor *s, bool adopt, int report, struct error *e) {
        int r = sd_event_new(&s->loop);

        if (r >= 0 && report >= 0)
                r = control_add_client(s, report, WISH_READY);
        if (r >= 0)
                r = sd_event_add_signal(s->loop, NULL, SIGTERM, on_signal, s);
        if (r >= 0)
                r = sd_event_add_signal(s->loop, NULL, SIGINT, on_signal, s);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot supervise %s", s->name);
        s->lock = supervisor_lock(s->name, LOCK_TIMEOUT_MS);
        if (s->lock == -EAGAIN)
                return error_set(e, EALREADY, EXIT_CONTAINER,
                                 "%s has a supervisor already; it is running or being started", s->name);
        if (s->lock < 0)
                return error_errno(e, s->lock, EXIT_FAILED, "Cannot take the lock of %s", s->name);
        r = log_file_open(s, e);
        if (r >= 0 && !adopt)
                r = log_reserve(s, e);
        if (r >= 0)
                r = control_open(s, e);
        if (r < 0)
                return r;
        if (log_watch(s) < 0)
                log_warning("Cannot watch the log of %s: it will not be rotated", s->name);
        (void) group_join_supervisors();
        return process_identify(getpid(), &s->record.supervisor);
}

static void supervisor_clear(struct supervisor *s) {
        control_close(s);
        (void) sd_event_source_disable_unref(s->log_source);
        (void) sd_event_source_disable_unref(s->log_timer);
        daemon_unwatch(s);
        (void) sd_event_unref(s->loop);
        log_close(s);
        fd_closep(&s->lock);
        record_clear(&s->record);
        network_clear(&s->network);
        container_clear(&s->container);
        guest_system_clear(&s->system);
        error_clear(&s->failure);
        free(s->name);
}

/* Nothing has begun: only the starter has to know. */
static int refuse(struct supervisor *s, struct error *e) {
        log_error("%s", error_message(e));
        control_answer(s, WISH_READY, e);
        return EXIT_FAILURE;
}

int main(int argc, char *argv[]) {
        static const struct option options[] = {
                {"adopt", no_argument, NULL, 'a'}, {"report", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
        _cleanup_(supervisor_clear) struct supervisor s = SUPERVISOR_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        bool adopt = false;
        uint64_t number;
        int report = -1, c;
        sigset_t blocked;

        log_open("nspawn-supervisor", LOG_INFO);
        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'a')
                        adopt = true;
                else if (c == 'r' && parse_unsigned(optarg, 3, INT32_MAX, &number) >= 0)
                        report = (int) number;
                else
                        return EXIT_USAGE;
        }
        if (optind + 1 != argc || container_name_problem(argv[optind])) {
                log_error("Usage: nspawn-supervisor [--adopt] [--report FD] NAME");
                return EXIT_USAGE;
        }
        if (report >= 0)
                (void) fcntl(report, F_SETFD, FD_CLOEXEC);
        (void) sigemptyset(&blocked);
        (void) sigaddset(&blocked, SIGTERM);
        (void) sigaddset(&blocked, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &blocked, NULL);
        s.name = strdup(argv[optind]);
        if (!s.name)
                return EXIT_FAILURE;
        if (supervise(&s, adopt, report, &e) < 0)
                return refuse(&s, &e);
        life_start(&s, adopt);
        return sd_event_loop(s.loop) < 0 ? EXIT_FAILURE : s.exit_code;
}
