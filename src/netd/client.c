/* One connection a call: the daemon may be replaced between two calls, and a connection costs 30 µs. */
#include "client.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "state/paths.h"
#include "varlink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#define INTERFACE       "io.nixos.Nspawn"
#define PROGRAM         LIBEXECDIR "/nspawn-netd"
#define PING_TIMEOUT_MS 5000
/* A daemon that starts repairs everything first; with a thousand containers that takes a moment. */
#define START_TIMEOUT_MS 30000

static int64_t now_ms(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What is left of a time limit; -1 stays "none". */
static int remaining(int64_t deadline) {
        int64_t left;

        if (deadline < 0)
                return -1;
        left = deadline - now_ms();
        return left < 0 ? 0 : (int) left;
}

static int wait_for(int fd, short events, int64_t deadline) {
        struct pollfd p = {.fd = fd, .events = events};
        int r;

        do
                r = poll(&p, 1, remaining(deadline));
        while (r < 0 && errno == EINTR);
        return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

static int netd_connect(int64_t deadline) {
        const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PATH_NETD_SOCKET};
        _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        while (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0) {
                /* EAGAIN: the queue of a busy daemon is full, and poll() does not say when it has room. */
                if (errno == EAGAIN && remaining(deadline) != 0)
                        (void) poll(NULL, 0, 5);
                else if (errno != EINTR)
                        return errno == EAGAIN ? -ETIMEDOUT : -errno;
        }
        return steal_fd(&fd);
}

static int netd_send(int fd, const struct buffer *b, int64_t deadline) {
        for (size_t sent = 0; sent < b->size;) {
                ssize_t n = send(fd, b->data + sent, b->size - sent, MSG_NOSIGNAL);
                int r;

                if (n >= 0)
                        sent += (size_t) n;
                else if (errno == EAGAIN) {
                        r = wait_for(fd, POLLOUT, deadline);
                        if (r < 0)
                                return r;
                } else if (errno != EINTR)
                        return -errno;
        }
        return 0;
}

/* Reads up to the NUL that ends the message. */
static int netd_receive(int fd, struct buffer *b, int64_t deadline) {
        for (;;) {
                char chunk[16 * 1024];
                ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
                int r;

                if (n > 0) {
                        buffer_append(b, chunk, (size_t) n);
                        if (buffer_error(b) < 0)
                                return buffer_error(b);
                        if (memchr(chunk, 0, (size_t) n))
                                return 0;
                        if (b->size > VARLINK_REPLY_MAX)
                                return -EMSGSIZE;
                } else if (n == 0)
                        return -ECONNRESET;
                else if (errno == EAGAIN) {
                        r = wait_for(fd, POLLIN, deadline);
                        if (r < 0)
                                return r;
                } else if (errno != EINTR)
                        return -errno;
        }
}

static int exchange(const char *method, json_t *parameters, int timeout_ms, struct varlink_reply *ret) {
        int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
        _cleanup_(buffer_clear) struct buffer call = BUFFER_INIT, answer = BUFFER_INIT;
        _cleanup_(fd_closep) int fd = -1;
        _cleanup_(freep) char *name = NULL;
        int r;

        if (asprintf(&name, INTERFACE ".%s", method) < 0) {
                name = NULL;
                return -ENOMEM;
        }
        r = varlink_call_append(&call, name, parameters, false, false);
        if (r < 0)
                return r;
        fd = netd_connect(deadline);
        if (fd < 0)
                return fd;
        r = netd_send(fd, &call, deadline);
        if (r < 0)
                return r;
        r = netd_receive(fd, &answer, deadline);
        if (r < 0)
                return r;
        return varlink_reply_parse(answer.data, strlen(answer.data), ret);
}

/* A Varlink error, in the words that the daemon sent along. */
static int error_from_reply(const char *method, const struct varlink_reply *reply, struct error *e) {
        const char *message = json_string_value(json_object_get(reply->parameters, "message"));
        json_int_t code = json_integer_value(json_object_get(reply->parameters, "errno"));
        json_int_t status = json_integer_value(json_object_get(reply->parameters, "exitStatus"));

        if (!message)
                return error_set(e, EPROTO, EXIT_FAILED,
                                 "nspawn-netd does not understand '%s' (%s); is another version running? "
                                 "It ends with the method Stop and starts again by itself",
                                 method, reply->error);
        if (code <= 0 || code > 4095)
                code = EIO;
        if (status <= 0 || status > 255)
                status = EXIT_FAILED;
        return error_set(e, (int) code, (int) status, "%s", message);
}

int netd_call(const char *method, json_t *parameters, int timeout_ms, json_t **ret, struct error *e) {
        _cleanup_(varlink_reply_clear) struct varlink_reply reply = VARLINK_REPLY_INIT;
        int r;

        r = exchange(method, parameters, timeout_ms, &reply);
        json_decref(parameters);
        if (r == -ETIMEDOUT)
                return error_set(e, ETIMEDOUT, EXIT_FAILED,
                                 "nspawn-netd did not answer '%s' within %d ms; see " PATH_LOGS "/netd.log", method,
                                 timeout_ms);
        if (r == -ECONNREFUSED || r == -ENOENT)
                return error_set(e, r, EXIT_FAILED,
                                 "nspawn-netd is not running (asked for '%s' at " PATH_NETD_SOCKET ")", method);
        if (r == -ECONNRESET || r == -EPIPE)
                return error_set(e, r, EXIT_FAILED,
                                 "nspawn-netd ended while it was asked for '%s'; see " PATH_LOGS "/netd.log", method);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot ask nspawn-netd for '%s' at " PATH_NETD_SOCKET, method);
        if (reply.error)
                return error_from_reply(method, &reply, e);
        if (ret)
                *ret = reply.parameters ? json_incref(reply.parameters) : json_object();
        return 0;
}

bool netd_running(void) {
        _cleanup_(varlink_reply_clear) struct varlink_reply reply = VARLINK_REPLY_INIT;

        return exchange("Ping", NULL, PING_TIMEOUT_MS, &reply) >= 0 && !reply.error;
}

/* In the child: becomes a daemon's ancestor and executes it. Reports on ready what went wrong before. */
static void daemon_execute(int ready) {
        int null, log;

        if (setsid() < 0 || fork() != 0)
                _exit(0);

        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        log = open(PATH_LOGS "/netd.log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
            dup2(log >= 0 ? log : null, STDERR_FILENO) < 0)
                _exit(1);
        if (ready != 3 && dup2(ready, 3) < 0)
                _exit(1);
        (void) fcntl(3, F_SETFD, 0);
        (void) close_range(4, ~0U, 0);
        if (chdir("/") < 0)
                _exit(1);
        (void) umask(0022);
        execl(PROGRAM, "nspawn-netd", "--ready-fd", "3", "--log", PATH_LOGS "/netd.log", (char *) NULL);
        (void) dprintf(3, "cannot execute " PROGRAM ": %s; is nixos-nspawn installed whole?", strerror(errno));
        _exit(1);
}

/* Starts a daemon and reads its report: nothing, when it ended without a word (another one holds the lock, or it was
 * killed); "ready"; or a message. -1 stands for no time limit. */
static int daemon_start(int64_t deadline, struct buffer *report, struct error *e) {
        _cleanup_(fd_closep) int read_end = -1, write_end = -1;
        int ends[2], r;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot start nspawn-netd: no pipe");
        read_end = ends[0];
        write_end = ends[1];
        pid = fork();
        if (pid < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot start nspawn-netd: fork failed");
        if (pid == 0)
                daemon_execute(write_end);
        fd_closep(&write_end);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;

        for (;;) {
                char chunk[512];
                ssize_t n;

                r = wait_for(read_end, POLLIN, deadline);
                if (r < 0)
                        return error_set(e, r, EXIT_FAILED,
                                         "nspawn-netd was started but is not ready after %d s; see " PATH_LOGS
                                         "/netd.log",
                                         START_TIMEOUT_MS / 1000);
                n = read(read_end, chunk, sizeof(chunk));
                if (n == 0)
                        return buffer_error(report);
                if (n > 0 && report->size < 4096)
                        buffer_append(report, chunk, (size_t) n);
                else if (n < 0 && errno != EINTR)
                        return error_errno(e, errno, EXIT_FAILED, "cannot hear from nspawn-netd");
        }
}

int netd_ensure(struct error *e) {
        int64_t deadline = now_ms() + START_TIMEOUT_MS;
        int r;

        r = directory_make(PATH_RUN, 0755);
        if (r >= 0)
                r = directory_make(PATH_LOGS, 0755);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot make the folders " PATH_RUN " and " PATH_LOGS);

        for (;;) {
                _cleanup_(varlink_reply_clear) struct varlink_reply reply = VARLINK_REPLY_INIT;
                _cleanup_(buffer_clear) struct buffer report = BUFFER_INIT;

                r = exchange("Ping", NULL, PING_TIMEOUT_MS, &reply);
                if (r >= 0)
                        return 0;
                if (r == -ETIMEDOUT)
                        return error_set(e, r, EXIT_FAILED,
                                         "nspawn-netd runs but does not answer within %d s; see " PATH_LOGS
                                         "/netd.log, and kill it when it hangs: the next command starts it again",
                                         PING_TIMEOUT_MS / 1000);
                if (r == -EACCES || r == -EPERM)
                        return error_errno(e, r, EXIT_FAILED, "cannot talk to nspawn-netd: this needs root");
                if (remaining(deadline) == 0)
                        return error_errno(e, r, EXIT_FAILED,
                                           "nspawn-netd does not come up within %d s; see " PATH_LOGS "/netd.log",
                                           START_TIMEOUT_MS / 1000);

                r = daemon_start(deadline, &report, e);
                if (r < 0)
                        return r;
                if (report.size > 0 && !string_equal(report.data, "ready"))
                        return error_set(e, EIO, EXIT_FAILED, "nspawn-netd did not start: %s", report.data);
                /* Silence: another one was starting, or ending, at the same time. */
                if (report.size == 0)
                        (void) poll(NULL, 0, 10);
        }
}
