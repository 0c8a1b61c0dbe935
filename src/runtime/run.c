/* A command inside a container: this process stays outside, forwards signals and the terminal, and passes the exit
 * code on; enter.c is the other half. */
#include "run.h"

#include "base/file.h"
#include "runtime/enter.h"
#include "runtime/group.h"
#include "runtime/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

/* A group of its own beside the guest's: the guest's service manager owns the others. */
static int run_group_make(const char *group, char **ret) {
        _cleanup_(freep) char *path = NULL;

        if (!group)
                return -ENOENT;
        path = format("%s/payload/nixos-nspawn-run.%d", group, (int) getpid());
        if (!path)
                return -ENOMEM;
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return -errno;
        *ret = steal_ptr(path);
        return 0;
}

/* What the inside says before the command runs: its process, its terminal, or what went wrong. */
static int reports_read(int fd, struct run *run, struct error *e) {
        for (;;) {
                struct enter_report report;
                int r = enter_report_read(fd, &report);

                if (r == 0)
                        return 0; /* both have let go: the command runs */
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "Cannot hear from inside the container");
                switch (report.kind) {
                case REPORT_PROCESS:
                        run->command = report.fd;
                        break;
                case REPORT_TERMINAL:
                        terminal_take(run, report.fd);
                        break;
                case REPORT_ERROR:
                        return error_set(e, report.code, report.exit_status, "%s", report.text);
                }
        }
}

static void signal_forward(struct run *run, int signals) {
        struct signalfd_siginfo information;

        while (read(signals, &information, sizeof information) == (ssize_t) sizeof information) {
                if (information.ssi_signo == SIGWINCH)
                        terminal_size_copy(run);
                else if (run->command >= 0)
                        (void) syscall(SYS_pidfd_send_signal, run->command, (int) information.ssi_signo, NULL, 0);
        }
}

/* Until the process in between has ended. */
static int wait_for_end(struct run *run, int signals, pid_t middle, int *ret_exit) {
        _cleanup_(fd_closep) int end = (int) syscall(SYS_pidfd_open, middle, 0);
        int status;

        if (end < 0)
                return -errno;
        for (;;) {
                struct pollfd wait[5] = {{.fd = end, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
                size_t n = 2 + terminal_poll(run, wait + 2);

                if (poll(wait, n, -1) < 0 && errno != EINTR)
                        return -errno;
                if (wait[1].revents)
                        signal_forward(run, signals);
                terminal_relay(run, wait + 2);
                if (run->left)
                        (void) kill(middle, SIGKILL); /* and the command with it */
                if (wait[0].revents)
                        break;
        }
        terminal_drain(run);
        while (waitpid(middle, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        *ret_exit = run->left ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return 0;
}

static void signals_block(bool tty, sigset_t *ret, sigset_t *ret_before) {
        (void) sigemptyset(ret);
        for (size_t i = 0; i < ELEMENTS_OF(forwarded); i++)
                (void) sigaddset(ret, forwarded[i]);
        if (tty)
                (void) sigaddset(ret, SIGWINCH);
        (void) sigprocmask(SIG_BLOCK, ret, ret_before);
}

static int run_inside(struct run *run, const struct enter *enter, int *ret_exit, struct error *e) {
        _cleanup_(fd_closep) int ours = -1, theirs = -1, signals = -1;
        sigset_t blocked, before;
        int ends[2], r;
        pid_t middle;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return error_errno(e, errno, EXIT_FAILED, "Cannot run a command in %s", enter->name);
        ours = ends[0];
        theirs = ends[1];
        signals_block(enter->tty, &blocked, &before);
        signals = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
        middle = signals < 0 ? -1 : fork();
        if (middle == 0)
                enter_container(enter, theirs);
        if (middle < 0)
                r = error_errno(e, errno, EXIT_FAILED, "Cannot run a command in %s", enter->name);
        else {
                fd_closep(&theirs);
                r = reports_read(ours, run, e);
                if (r >= 0) {
                        terminal_begin(run);
                        r = wait_for_end(run, signals, middle, ret_exit);
                        terminal_end(run);
                        if (r < 0)
                                (void) error_errno(e, r, EXIT_FAILED, "Cannot wait for the command in %s", enter->name);
                } else {
                        (void) kill(middle, SIGKILL);
                        (void) waitpid(middle, NULL, 0);
                }
        }
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return r;
}

int run_in(const struct run_target *target, char *const argv[], const char *user, bool tty, int *ret_exit,
           struct error *e) {
        _cleanup_(freep) char *group = NULL;
        _cleanup_(fd_closep) int leader = process_open(&target->leader);
        struct run run = RUN_INIT;
        struct enter enter = {.name = target->name, .argv = argv, .user = user, .tty = tty, .parent = getpid()};
        int r;

        if (leader < 0)
                return error_set(e, ESRCH, EXIT_CONTAINER,
                                 "%s has no first process yet, or not any more: it is being started or stopped",
                                 target->name);
        enter.leader = leader;
        enter.leader_pid = target->leader.pid;
        r = run_group_make(target->group, &group);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot make a cgroup in %s for the command", target->name);
        enter.group = group;
        r = run_inside(&run, &enter, ret_exit, e);
        fd_closep(&run.command);
        fd_closep(&run.terminal);
        fd_closep(&run.held);
        /* What the command left running in the background keeps the group; it goes with the container. */
        (void) rmdir(group);
        return r;
}
