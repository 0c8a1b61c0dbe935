/* nspawn-proxy: forwards on the host's loopback addresses to containers.
 *
 *     nspawn-proxy [--ready-fd FD] [--log FILE] [--idle SECONDS] [--debug]
 *
 * Its log is bounded by how little it says: stderr goes there already.
 *
 * NAT cannot do this for ::1, and for 127.0.0.1 only by letting packets of other machines reach the host's own loopback
 * services. Exactly one lives (PATH_PROXY_LOCK). It is a process of its own so that connections through it go on when
 * nspawn-netd is restarted; it ends by itself when it has nothing to listen for. */
#include "proxy.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "netd/daemon.h"
#include "netd/varlink-server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define IDLE_SECONDS 5
#define LOCK_WAIT_MS 500 /* for one that is just ending */

struct program {
        sd_event *event;
        struct proxy *proxy;
        struct varlink_server *control;
        sd_event_source *idle;
        struct daemon_options options;
        struct daemon_socket socket;
        int lock;
        uint64_t last_call; /* when it last looked */
};

/* Ends when it has nothing to do and nobody has called since the last look. Connections do not count: the daemon keeps
 * its own, and makes another one when it finds that end closed. */
static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        struct program *m = userdata;
        uint64_t call = varlink_server_last_call(m->control);
        bool idle = link_is_empty(&m->proxy->services) && call == m->last_call;

        if (idle && daemon_socket_leave(&m->socket, m->control))
                return sd_event_exit(m->event, m->socket.activated ? EXIT_IDLE : 0);
        m->last_call = call;
        (void) sd_event_source_set_time_relative(source, m->options.idle_usec);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int set_up(struct program *m, struct error *e) {
        sigset_t set;
        int fd, r;

        r = directory_make(PATH_RUN, 0755);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot make '%s'", PATH_RUN);
        m->lock = lock_take(PATH_PROXY_LOCK, LOCK_WAIT_MS);
        if (m->lock < 0)
                return m->lock == -EAGAIN ? -EAGAIN
                                          : error_errno(e, m->lock, EXIT_FAILED, "cannot lock '%s'", PATH_PROXY_LOCK);
        r = lock_sign(m->lock);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot write '%s'", PATH_PROXY_LOCK);
        daemon_raise_descriptors();
        (void) signal(SIGPIPE, SIG_IGN); /* splice(2) has no MSG_NOSIGNAL */
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        r = sd_event_default(&m->event);
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_time_relative(m->event, &m->idle, CLOCK_MONOTONIC, m->options.idle_usec,
                                               m->options.idle_usec / 10, on_idle, m);
        if (r >= 0)
                r = proxy_new(m->event, &m->proxy);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot set up the event loop");
        fd = daemon_socket_get(&m->socket);
        if (fd < 0)
                return error_errno(e, fd, EXIT_FAILED, "cannot listen on '%s'", PATH_PROXY_SOCKET);
        r = control_new(m->proxy, fd, &m->control);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot serve '%s'", PATH_PROXY_SOCKET) : 0;
}

int main(int argc, char *argv[]) {
        struct program m = {
                .options = {.ready = -1, .level = LOG_INFO, .idle_usec = IDLE_SECONDS * UINT64_C(1000000)},
                .socket = {.path = PATH_PROXY_SOCKET},
                .lock = -1,
        };
        struct error e = ERROR_INIT;
        int r;

        r = daemon_options_parse(argc, argv, &m.options);
        log_open("nspawn-proxy", m.options.level);
        if (r < 0) {
                (void) fprintf(stderr, "usage: nspawn-proxy [--ready-fd FD] [--log FILE] [--idle SECONDS] [--debug]\n");
                return EXIT_USAGE;
        }
        r = set_up(&m, &e);
        /* Another one lives: say nothing, who started us asks it. */
        if (r < 0 && r != -EAGAIN) {
                log_error("%s", error_message(&e));
                if (m.options.ready >= 0)
                        (void) dprintf(m.options.ready, "%s", error_message(&e));
        }
        if (r == 0 && m.options.ready >= 0)
                (void) dprintf(m.options.ready, "ready");
        m.options.ready = fd_close(m.options.ready);
        if (r == 0) {
                (void) sd_notify(false, "READY=1");
                (void) sd_event_set_watchdog(m.event, true);
                r = sd_event_loop(m.event);
                (void) sd_notify(false, "STOPPING=1");
        }
        m.control = varlink_server_free(m.control);
        m.proxy = proxy_free(m.proxy);
        sd_event_source_disable_unref(m.idle);
        sd_event_unref(m.event);
        fd_closep(&m.lock);
        error_clear(&e);
        return r < 0 && r != -EAGAIN ? EXIT_FAILED : r < 0 ? EXIT_OK : r;
}
