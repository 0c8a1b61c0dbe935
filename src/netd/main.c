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
#include "base/parse.h"
#include "base/paths.h"
#include "netd/manager.h"
#include "netd/service.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#define IDLE_SECONDS 60
#define LOCK_WAIT_MS 2000 /* for one that is just ending */
#define LOG_MAX      ((off_t) 1024 * 1024)
#define DESCRIPTORS  ((rlim_t) 1048576)
#define EXIT_IDLE    77 /* RestartPreventExitStatus= of the unit: any other end is followed by a start */

struct daemon {
        sd_event *event;
        struct manager *manager;
        struct varlink_server *server;
        sd_event_source *idle;
        const char *log; /* NULL: stderr is somebody else's */
        int ready;       /* pipe of who started us, or -1 */
        int lock;
        bool activated; /* the socket is systemd's */
        uint64_t idle_usec;
        uint64_t busy; /* when it last had something to do */
};

static int options_parse(int argc, char *argv[], struct daemon *d, int *level) {
        static const struct option options[] = {
                {"ready-fd", required_argument, NULL, 'r'},
                {"log", required_argument, NULL, 'l'},
                {"idle", required_argument, NULL, 'i'},
                {"debug", no_argument, NULL, 'd'},
                {0},
        };
        uint64_t fd;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 'r':
                        if (parse_unsigned(optarg, 3, INT32_MAX, &fd) < 0 || fcntl((int) fd, F_SETFD, FD_CLOEXEC) < 0)
                                return -EINVAL;
                        d->ready = (int) fd;
                        break;
                case 'l':
                        d->log = optarg;
                        break;
                case 'i':
                        if (parse_unsigned(optarg, 0, UINT32_MAX, &d->idle_usec) < 0)
                                return -EINVAL;
                        d->idle_usec *= UINT64_C(1000000);
                        break;
                case 'd':
                        *level = LOG_DEBUG;
                        break;
                default:
                        return -EINVAL;
                }
        return optind == argc ? 0 : -EINVAL;
}

/* What went wrong, to who started us and to the log. */
static void report(struct daemon *d, const char *message) {
        if (d->ready >= 0)
                (void) dprintf(d->ready, "%s", message);
        d->ready = fd_close(d->ready);
}

/* One generation of an older log is kept. */
static int log_bound(sd_event_source *source, void *userdata) {
        const struct daemon *d = userdata;
        _cleanup_(freep) char *older = NULL;
        _cleanup_(fd_closep) int fd = -1;
        struct stat st;

        if (fstat(STDERR_FILENO, &st) < 0 || st.st_size < LOG_MAX)
                return 0;
        older = format("%s.1", d->log);
        if (!older || rename(d->log, older) < 0)
                return 0;
        fd = open(d->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        if (fd >= 0)
                (void) dup2(fd, STDERR_FILENO);
        return 0;
}

static int socket_bind(void) {
        const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PATH_NETD_SOCKET};
        _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        mode_t mask;
        int r;

        if (fd < 0)
                return -errno;
        /* Whoever left it is dead: we have the lock. */
        r = file_remove(PATH_NETD_SOCKET);
        if (r < 0)
                return r;
        mask = umask(0177);
        r = bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
        (void) umask(mask);
        if (r < 0)
                return r;
        if (listen(fd, SOMAXCONN) < 0)
                return -errno;
        return steal_fd(&fd);
}

static int socket_get(struct daemon *d) {
        int n = sd_listen_fds(true);

        if (n < 0)
                return n;
        if (n == 0)
                return socket_bind();
        if (n > 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
                return -EINVAL;
        if (fcntl(SD_LISTEN_FDS_START, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        d->activated = true;
        return SD_LISTEN_FDS_START;
}

/* When there is nothing to keep and nobody to answer. A client that connects right now must not be lost: it cannot come
 * once the socket has another name, and who came before is looked for once more. */
static bool idle_end(struct daemon *d) {
        static const char aside[] = PATH_NETD_SOCKET ".ending";

        if (d->activated) /* systemd keeps the socket, and starts us again */
                return true;
        if (rename(PATH_NETD_SOCKET, aside) < 0)
                return errno == ENOENT;
        if (varlink_server_accept(d->server) > 0)
                return rename(aside, PATH_NETD_SOCKET) < 0;
        (void) file_remove(aside);
        return true;
}

static int server_open(struct daemon *d, int fd) {
        return varlink_server_new(d->event, fd, &service_interface, d->manager, &d->server);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        struct daemon *d = userdata;
        uint64_t now = manager_now(d->manager), call = varlink_server_last_call(d->server);
        int r;

        if (manager_each(d->manager, NULL) || varlink_server_connections(d->server) > 0)
                d->busy = now;
        if (call > d->busy)
                d->busy = call;
        if (now - d->busy >= d->idle_usec) {
                if (idle_end(d)) {
                        log_debug("nothing to keep, ending");
                        (void) forwarding_restore(PATH_NETD_SYSCTLS, NULL);
                        return sd_event_exit(d->event, d->activated ? EXIT_IDLE : 0);
                }
                d->busy = now;
        }
        r = sd_event_source_set_time(source, d->busy + d->idle_usec);
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

/* Each link has sockets of its own. */
static void descriptors_raise(void) {
        struct rlimit limit = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS};

        if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
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
        fd = socket_get(d);
        r = fd < 0 ? fd : server_open(d, fd);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot listen on " PATH_NETD_SOCKET);
        d->busy = manager_now(d->manager);
        r = sd_event_add_time_relative(d->event, &d->idle, CLOCK_MONOTONIC, d->idle_usec, 0, on_idle, d);
        /* Before each wait; a source that is called after each event would cost another turn of the loop. */
        if (r >= 0 && d->log)
                r = sd_event_source_set_prepare(d->idle, log_bound);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot set a timer") : 0;
}

static void daemon_close(struct daemon *d) {
        if (d->server && !d->activated)
                (void) file_remove(PATH_NETD_SOCKET);
        d->server = varlink_server_free(d->server);
        sd_event_source_disable_unref(d->idle);
        d->manager = manager_free(d->manager);
        d->event = sd_event_unref(d->event);
        d->ready = fd_close(d->ready);
        d->lock = fd_close(d->lock);
}

int main(int argc, char *argv[]) {
        struct daemon d = {.ready = -1, .lock = -1, .idle_usec = IDLE_SECONDS * UINT64_C(1000000)};
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        int level = LOG_INFO, r;

        r = options_parse(argc, argv, &d, &level);
        log_open("nspawn-netd", level);
        if (r < 0) {
                (void) fprintf(stderr, "usage: nspawn-netd [--ready-fd FD] [--log FILE] [--idle SECONDS] [--debug]\n");
                return EXIT_USAGE;
        }
        descriptors_raise();
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
