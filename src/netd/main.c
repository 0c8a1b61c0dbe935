/* nspawn-netd: keeps the networks of the containers on this host.
 *
 *     nspawn-netd [--ready-fd FD] [--log FILE] [--idle SECONDS] [--debug]
 *
 * Exactly one lives (PATH_NETD_LOCK). It is started on demand by netd_ensure(), or by systemd, and ends by itself when
 * there is nothing to keep. When it ends, by whatever way, containers' networks stay as they are; the next one takes
 * them over from their records. */
#include "apply/forwarding.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "netd/daemon.h"
#include "netd/manager.h"
#include "netd/service.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#define IDLE_SECONDS 60
#define LOCK_WAIT_MS 2000 /* for one that is just ending */
#define LOG_MAX      ((off_t) 1024 * 1024)

struct daemon {
        sd_event *event;
        struct manager *manager;
        struct varlink_server *server;
        sd_event_source *idle;
        struct daemon_options options;
        struct daemon_socket socket;
        int lock;
        uint64_t busy; /* when it last had something to do */
};

/* What went wrong, to who started us and to the log. */
static void report(struct daemon *d, const char *message) {
        if (d->options.ready >= 0)
                (void) dprintf(d->options.ready, "%s", message);
        d->options.ready = fd_close(d->options.ready);
}

/* One generation of an older log is kept. */
static int log_bound(sd_event_source *source, void *userdata) {
        const struct daemon *d = userdata;
        _cleanup_(freep) char *older = NULL;
        _cleanup_(fd_closep) int fd = -1;
        struct stat st;

        if (fstat(STDERR_FILENO, &st) < 0 || st.st_size < LOG_MAX)
                return 0;
        older = format("%s.1", d->options.log);
        if (!older || rename(d->options.log, older) < 0)
                return 0;
        fd = open(d->options.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        if (fd >= 0)
                (void) dup2(fd, STDERR_FILENO);
        return 0;
}

static int server_open(struct daemon *d, int fd) {
        return varlink_server_new(d->event, fd, &service_interface, d->manager, &d->server);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        struct daemon *d = userdata;
        uint64_t now = manager_now(d->manager), call = varlink_server_last_call(d->server);
        int r;

        if (manager_each(d->manager, NULL) || manager_keeps_host(d->manager) ||
            varlink_server_connections(d->server) > 0)
                d->busy = now;
        if (call > d->busy)
                d->busy = call;
        if (now - d->busy >= d->options.idle_usec) {
                if (daemon_socket_leave(&d->socket, d->server)) {
                        log_debug("nothing to keep, ending");
                        (void) forwarding_restore(PATH_NETD_SYSCTLS, NULL);
                        return sd_event_exit(d->event, d->socket.activated ? EXIT_IDLE : 0);
                }
                d->busy = now;
        }
        r = sd_event_source_set_time(source, d->busy + d->options.idle_usec);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int signals_open(sd_event *event) {
        static const int ending[] = {SIGTERM, SIGINT};
        sigset_t set;
        int r;

        (void) signal(SIGPIPE, SIG_IGN);
        (void) signal(SIGHUP, SIG_IGN);
        (void) sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTS_OF(ending); i++)
                (void) sigaddset(&set, ending[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTS_OF(ending); i++) {
                r = sd_event_add_signal(event, NULL, ending[i], NULL, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int daemon_open(struct daemon *d, struct error *e) {
        int r, fd;

        r = sd_event_default(&d->event);
        if (r >= 0)
                r = signals_open(d->event);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot make an event loop");
        r = manager_new(d->event, &d->manager, e);
        if (r < 0)
                return r;
        fd = daemon_socket_get(&d->socket);
        r = fd < 0 ? fd : server_open(d, fd);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot listen on " PATH_NETD_SOCKET);
        d->busy = manager_now(d->manager);
        r = sd_event_add_time_relative(d->event, &d->idle, CLOCK_MONOTONIC, d->options.idle_usec, 0, on_idle, d);
        /* Before each wait; a source that is called after each event would cost another turn of the loop. */
        if (r >= 0 && d->options.log)
                r = sd_event_source_set_prepare(d->idle, log_bound);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot set a timer") : 0;
}

static void daemon_close(struct daemon *d) {
        if (d->server && !d->socket.activated)
                (void) file_remove(PATH_NETD_SOCKET);
        d->server = varlink_server_free(d->server);
        sd_event_source_disable_unref(d->idle);
        d->manager = manager_free(d->manager);
        d->event = sd_event_unref(d->event);
        d->options.ready = fd_close(d->options.ready);
        d->lock = fd_close(d->lock);
}

int main(int argc, char *argv[]) {
        struct daemon d = {
                .options = {.ready = -1, .level = LOG_INFO, .idle_usec = IDLE_SECONDS * UINT64_C(1000000)},
                .socket = {.path = PATH_NETD_SOCKET},
                .lock = -1,
        };
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        int r;

        r = daemon_options_parse(argc, argv, &d.options);
        log_open("nspawn-netd", d.options.level);
        if (r < 0) {
                (void) fprintf(stderr, "usage: nspawn-netd [--ready-fd FD] [--log FILE] [--idle SECONDS] [--debug]\n");
                return EXIT_USAGE;
        }
        daemon_raise_descriptors();
        (void) umask(0022);

        r = directory_make(PATH_RUN, 0755);
        if (r >= 0)
                r = d.lock = lock_take(PATH_NETD_LOCK, LOCK_WAIT_MS);
        if (r >= 0)
                r = lock_sign(d.lock);
        if (r == -EAGAIN) {
                /* Silence tells netd_ensure() to ask that one. */
                log_debug("another nspawn-netd runs");
                return 0;
        }
        r = r < 0 ? error_errno(&e, r, EXIT_FAILED, "cannot take the lock " PATH_NETD_LOCK) : daemon_open(&d, &e);
        if (r >= 0) {
                report(&d, "ready");
                (void) sd_notify(false, "READY=1");
                (void) sd_event_set_watchdog(d.event, true);
                log_debug("ready");
                (void) malloc_trim(0); /* starting took more than going on does */
                r = sd_event_loop(d.event);
                (void) sd_notify(false, "STOPPING=1");
                if (r < 0)
                        (void) error_errno(&e, r, EXIT_FAILED, "the event loop ended");
        }
        if (r < 0) {
                log_error("%s", error_message(&e));
                report(&d, error_message(&e));
        }
        daemon_close(&d);
        return r < 0 ? EXIT_FAILURE : r;
}
