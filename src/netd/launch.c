/* Forks twice, so that the daemon is nobody's child and cannot get a terminal. */
#include "launch.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

bool launch_by_systemd(void) {
        return access("/run/systemd/system", F_OK) == 0; /* as sd_booted(3) */
}

int launch_error_socket(const char *name, struct error *e) {
        return error_set(e, ECONNREFUSED, EXIT_FAILED,
                         "%s.socket, where systemd listens for %s, is not active: run 'nixos-nspawn setup', which "
                         "enables and starts it",
                         name, name);
}

static int64_t now_ms(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* In the child: becomes a daemon's ancestor and executes it. Reports on ready what went wrong before. */
static void execute(const char *program, const char *name, const char *log, int ready) {
        /* A service of systemd's that starts a container speaks to systemd for itself. */
        static const char *const others[] = {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
                                             "LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES"};
        sigset_t none;
        int null, out;

        if (setsid() < 0 || fork() != 0)
                _exit(0);

        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        out = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
            dup2(out >= 0 ? out : null, STDERR_FILENO) < 0)
                _exit(1);
        if (ready != 3 && dup2(ready, 3) < 0)
                _exit(1);
        (void) fcntl(3, F_SETFD, 0);
        (void) close_range(4, ~0U, 0);
        /* A daemon that starts another one has signals blocked, for its event loop. */
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        if (chdir("/") < 0)
                _exit(1);
        (void) umask(0022);
        for (size_t i = 0; i < ELEMENTS_OF(others); i++)
                (void) unsetenv(others[i]);
        execl(program, name, "--ready-fd", "3", "--log", log, (char *) NULL);
        (void) dprintf(3, "cannot execute %s: %s; is nixos-nspawn installed whole?", program, strerror(errno));
        _exit(1);
}

/* Reads until the other end is closed. */
static int read_report(int fd, int64_t deadline, struct buffer *report) {
        for (;;) {
                struct pollfd p = {.fd = fd, .events = POLLIN};
                int64_t left = deadline - now_ms();
                char chunk[512];
                ssize_t n;
                int r;

                r = poll(&p, 1, left > 0 ? (int) left : 0);
                if (r == 0)
                        return -ETIMEDOUT;
                n = r < 0 ? -1 : read(fd, chunk, sizeof chunk);
                if (n == 0)
                        return buffer_error(report);
                if (n > 0 && report->size < 4096)
                        buffer_append(report, chunk, (size_t) n);
                else if (n < 0 && errno != EINTR)
                        return -errno;
        }
}

int launch(const char *name, const char *log, int timeout_ms, struct buffer *report, struct error *e) {
        _cleanup_(freep) char *program = format("%s/%s", LIBEXECDIR, name);
        _cleanup_(fd_closep) int read_end = -1, write_end = -1;
        int64_t deadline = now_ms() + timeout_ms;
        int ends[2], r;
        pid_t pid;

        if (!program)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot start %s", name);
        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot start %s: no pipe", name);
        read_end = ends[0];
        write_end = ends[1];
        pid = fork();
        if (pid < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot start %s: fork failed", name);
        if (pid == 0)
                execute(program, name, log, write_end);
        fd_closep(&write_end);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        r = read_report(read_end, deadline, report);
        if (r == -ETIMEDOUT)
                return error_set(e, r, EXIT_FAILED, "%s was started but is not ready after %d s; see %s", name,
                                 timeout_ms / 1000, log);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot hear from %s", name);
        return 0;
}
