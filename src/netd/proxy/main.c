/* nspawn-proxy: forwards on the host's loopback addresses to containers.
 *
 *     nspawn-proxy [--ready-fd FD] [--log FILE]
 *
 * NAT cannot do this for ::1, and for 127.0.0.1 only by letting packets of other machines reach the host's own loopback
 * services. Exactly one lives (PATH_PROXY_LOCK). It is a process of its own so that connections through it go on when
 * nspawn-netd is restarted; it ends by itself when it has nothing to listen for. */
#include "proxy.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/paths.h"
#include "netd/varlink-server.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#define IDLE_USEC    (5 * UINT64_C(1000000))
#define LOCK_WAIT_MS 500 /* for one that is just ending */
#define DESCRIPTORS  ((rlim_t) 1048576)
#define EXIT_IDLE    77 /* RestartPreventExitStatus= of the unit: any other end is followed by a start */

struct program {
        sd_event *event;
        struct proxy *proxy;
        struct varlink_server *control;
        sd_event_source *idle;
        int ready, lock;
        bool was_idle;
        bool activated; /* the socket is systemd's */
};

static int options_parse(int argc, char *argv[], struct program *m) {
        static const struct option options[] = {
                {"ready-fd", required_argument, NULL, 'r'},
                {"log", required_argument, NULL, 'l'},
                {0},
        };
        uint64_t fd;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 'r':
                        if (parse_unsigned(optarg, 3, INT32_MAX, &fd) < 0 || fcntl((int) fd, F_SETFD, FD_CLOEXEC) < 0)
                                return -EINVAL;
                        m->ready = (int) fd;
                        break;
                case 'l': /* stderr goes there already, and hardly anything is said */
                        break;
                default:
                        return -EINVAL;
                }
        return optind == argc ? 0 : -EINVAL;
}

static int socket_bind(void) {
        const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PATH_PROXY_SOCKET};
        _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        mode_t mask;
        int r;

        if (fd < 0)
                return -errno;
        /* Whoever left it is dead: we have the lock. */
        r = file_remove(PATH_PROXY_SOCKET);
        if (r < 0)
                return r;
        mask = umask(0177);
        r = bind(fd, (const struct sockaddr *) &address, sizeof address) < 0 ? -errno : 0;
        (void) umask(mask);
        if (r < 0)
                return r;
        return listen(fd, SOMAXCONN) < 0 ? -errno : steal_fd(&fd);
}

static int socket_get(struct program *m) {
        int n = sd_listen_fds(true);

        if (n <= 0)
                return n < 0 ? n : socket_bind();
        if (n > 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
                return -EINVAL;
        if (fcntl(SD_LISTEN_FDS_START, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        m->activated = true;
        return SD_LISTEN_FDS_START;
}

/* Two descriptors a connection, and up to two pipes. */
static void raise_limit(void) {
        struct rlimit l;

        if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){DESCRIPTORS, DESCRIPTORS}) == 0)
                return;
        if (getrlimit(RLIMIT_NOFILE, &l) < 0)
                return;
        l.rlim_cur = l.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &l);
}

/* A client that connects right now must not be lost: it cannot come once the socket has another name, and who came
 * before is looked for once more. */
static bool idle_end(struct program *m) {
        static const char aside[] = PATH_PROXY_SOCKET ".ending";

        if (m->activated) /* systemd keeps the socket, and starts us again */
                return true;
        if (rename(PATH_PROXY_SOCKET, aside) < 0)
                return errno == ENOENT;
        if (varlink_server_accept(m->control) > 0)
                return rename(aside, PATH_PROXY_SOCKET) < 0;
        (void) file_remove(aside);
        return true;
}

/* Ends after two looks in a row with nothing to do. */
static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        struct program *m = userdata;
        bool idle = link_is_empty(&m->proxy->services) && varlink_server_connections(m->control) == 0;

        if (idle && m->was_idle && idle_end(m))
                return sd_event_exit(m->event, m->activated ? EXIT_IDLE : 0);
        m->was_idle = idle;
        (void) sd_event_source_set_time_relative(source, IDLE_USEC);
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
        raise_limit();
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
                r = sd_event_add_time_relative(m->event, &m->idle, CLOCK_MONOTONIC, IDLE_USEC, IDLE_USEC / 10, on_idle,
                                               m);
        if (r >= 0)
                r = proxy_new(m->event, &m->proxy);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot set up the event loop");
        fd = socket_get(m);
        if (fd < 0)
                return error_errno(e, fd, EXIT_FAILED, "cannot listen on '%s'", PATH_PROXY_SOCKET);
        r = control_new(m->proxy, fd, &m->control);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot serve '%s'", PATH_PROXY_SOCKET) : 0;
}

int main(int argc, char *argv[]) {
        struct program m = {.ready = -1, .lock = -1};
        struct error e = ERROR_INIT;
        int r;

        log_open("nspawn-proxy", LOG_INFO);
        if (options_parse(argc, argv, &m) < 0) {
                (void) fprintf(stderr, "Usage: nspawn-proxy [--ready-fd FD] [--log FILE]\n");
                return EXIT_USAGE;
        }
        r = set_up(&m, &e);
        /* Another one lives: say nothing, who started us asks it. */
        if (r < 0 && r != -EAGAIN) {
                log_error("%s", error_message(&e));
                if (m.ready >= 0)
                        (void) dprintf(m.ready, "%s", error_message(&e));
        }
        if (r == 0 && m.ready >= 0)
                (void) dprintf(m.ready, "ready");
        m.ready = fd_close(m.ready);
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
