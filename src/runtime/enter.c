/* Two processes: the first joins the namespaces, the second, which the new process namespace needs, becomes the
 * command. Until it does, it says on the socket what goes wrong; everything but 0, 1 and 2 is closed on exec. */
#include "enter.h"

#include "runtime/group.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>

#define GUEST_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin"

/* What the command gets is decided before anything of the guest is looked at. */
struct limits {
        uint64_t capabilities; /* bounding set of the container's first process */
        int namespaces;        /* CLONE_NEW*, those that differ from this process's */
};

static void report_send(int socket, enum report_kind kind, int code, int exit_status, int fd, const char *text) {
        struct enter_report report = {.kind = kind, .code = code, .exit_status = exit_status, .fd = -1};
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = {0};
        struct iovec data = {.iov_base = &report, .iov_len = sizeof report};
        struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

        (void) snprintf(report.text, sizeof report.text, "%s", text);
        if (fd >= 0) {
                struct cmsghdr *c = &control.header;

                message.msg_control = &control;
                message.msg_controllen = sizeof control;
                *c = (struct cmsghdr){
                        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
                memcpy(CMSG_DATA(c), &fd, sizeof fd);
        }
        (void) sendmsg(socket, &message, MSG_NOSIGNAL);
}

int enter_report_read(int socket, struct enter_report *ret) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec data = {.iov_base = ret, .iov_len = sizeof *ret};
        struct msghdr message = {
                .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t n;

        do
                n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n < 0 ? -errno : 0;
        if (n != (ssize_t) sizeof *ret)
                return -EBADMSG;
        ret->fd = -1;
        ret->text[sizeof ret->text - 1] = '\0';
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
                        memcpy(&ret->fd, CMSG_DATA(c), sizeof ret->fd);
        return 1;
}

_Noreturn static _printf_(4, 5) void fail(int socket, int code, int exit_status, const char *fmt, ...) {
        char text[REPORT_TEXT_MAX];
        va_list ap;
        size_t n;

        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        n = strlen(text);
        if (code != 0)
                (void) snprintf(text + n, sizeof text - n, ": %s", strerror(code));
        report_send(socket, REPORT_ERROR, code ? code : EINVAL, exit_status, -1, text);
        _exit(exit_status);
}

static int limits_read(pid_t leader, struct limits *ret) {
        static const struct {
                const char *name;
                int flag;
        } kinds[] = {
                {"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},  {"net", CLONE_NEWNET},       {"ipc", CLONE_NEWIPC},
                {"uts", CLONE_NEWUTS},   {"pid", CLONE_NEWPID}, {"cgroup", CLONE_NEWCGROUP},
        };
        char path[64], line[256];
        _cleanup_(file_closep) FILE *f = NULL;

        *ret = (struct limits){0};
        for (size_t i = 0; i < ELEMENTS_OF(kinds); i++) {
                struct stat own, other;

                (void) snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i].name);
                if (stat(path, &own) < 0)
                        continue;
                (void) snprintf(path, sizeof path, "/proc/%d/ns/%s", (int) leader, kinds[i].name);
                if (stat(path, &other) < 0)
                        return -errno;
                if (own.st_ino != other.st_ino || own.st_dev != other.st_dev)
                        ret->namespaces |= kinds[i].flag;
        }
        (void) snprintf(path, sizeof path, "/proc/%d/status", (int) leader);
        f = fopen(path, "re");
        if (!f)
                return -errno;
        while (fgets(line, sizeof line, f)) {
                unsigned long long set;

                if (sscanf(line, "CapBnd: %llx", &set) == 1) {
                        ret->capabilities = set;
                        return 0;
                }
        }
        return -EBADMSG;
}

/* From the container's own devpts, so that it is a terminal there too. The guest owns the names: what they lead to is
 * checked. Returns the slave. */
static int terminal_open(int socket) {
        _cleanup_(fd_closep) int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        int slave;

        if (master < 0 || fstat(master, &st) < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot open /dev/ptmx in the container");
        if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
                fail(socket, 0, EXIT_FAILED, "/dev/ptmx in the container is not a terminal multiplexer");
        if (unlockpt(master) < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot make a terminal in the container");
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
        if (slave < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot open the terminal in the container");
        report_send(socket, REPORT_TERMINAL, 0, 0, master, "");
        return slave;
}

static void become_user(int socket, const struct enter *enter, const struct limits *limits, struct guest_user *u) {
        int r = guest_user_find("", enter->user ? enter->user : "root", u);

        if (r < 0 && !enter->user) {
                *u = (struct guest_user){.name = "root", .home = "/root", .shell = "/bin/sh", .n_groups = 1};
                r = 0;
        }
        if (r == -ESRCH)
                fail(socket, 0, EXIT_CONTAINER, "There is no user %s in /etc/passwd of %s", enter->user, enter->name);
        if (r < 0)
                fail(socket, -r, EXIT_FAILED, "Cannot read /etc/passwd of %s", enter->name);
        for (int i = 0; i <= 63; i++)
                if (!(limits->capabilities & (UINT64_C(1) << i)) && prctl(PR_CAPBSET_READ, i) == 1 &&
                    prctl(PR_CAPBSET_DROP, i) < 0)
                        fail(socket, errno, EXIT_FAILED, "Cannot give up the capabilities that %s does not have",
                             enter->name);
        if (setgroups(u->n_groups, u->groups) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
            setresuid(u->uid, u->uid, u->uid) < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot become user %s of %s", u->name, enter->name);
}

static void environment_set(int socket, const struct enter *enter, const struct guest_user *u) {
        const char *term = enter->tty ? getenv("TERM") : NULL;
        char terminal[64] = "";

        if (term && strlen(term) < sizeof terminal)
                strcpy(terminal, term);
        if (clearenv() != 0 || setenv("PATH", GUEST_PATH, 1) < 0 || setenv("HOME", *u->home ? u->home : "/", 1) < 0 ||
            setenv("USER", u->name, 1) < 0 || setenv("LOGNAME", u->name, 1) < 0 ||
            setenv("SHELL", *u->shell ? u->shell : "/bin/sh", 1) < 0 || setenv("container", "systemd-nspawn", 1) < 0 ||
            setenv("LANG", "C.UTF-8", 1) < 0 || (*terminal && setenv("TERM", terminal, 1) < 0))
                fail(socket, errno, EXIT_FAILED, "Cannot set the environment of the command");
        if (chdir(*u->home ? u->home : "/") < 0 && chdir("/") < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot enter a folder in the container");
}

static void signals_reset(void) {
        struct sigaction standard = {.sa_handler = SIG_DFL};
        sigset_t none;

        for (int i = 1; i < SIGRTMIN; i++)
                (void) sigaction(i, &standard, NULL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The command ends with whoever asked for it. middle: pidfd of the process in between, which the new process namespace
 * has no number for. Set after the change of user, which clears it. */
static void end_with(int middle) {
        struct pollfd gone = {.fd = middle, .events = POLLIN};

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (poll(&gone, 1, 0) != 0) /* before that */
                _exit(EXIT_FAILED);
}

_Noreturn static void command_execute(int socket, int middle, const struct enter *enter, const struct limits *limits) {
        int slave = enter->tty ? terminal_open(socket) : -1;
        struct guest_user u;

        /* In a session of its own the command has no hold on this side's terminal. */
        if (setsid() < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot make a session for the command");
        if (slave >= 0 && (ioctl(slave, TIOCSCTTY, 0) < 0 || dup2(slave, STDIN_FILENO) < 0 ||
                           dup2(slave, STDOUT_FILENO) < 0 || dup2(slave, STDERR_FILENO) < 0))
                fail(socket, errno, EXIT_FAILED, "Cannot use the terminal of the container");
        become_user(socket, enter, limits, &u);
        end_with(middle);
        environment_set(socket, enter, &u);
        (void) umask(0022);
        if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot close this side's files");
        signals_reset();
        (void) execvp(enter->argv[0], enter->argv);
        if (errno == ENOENT)
                fail(socket, 0, 127, "There is no command '%s' in %s", enter->argv[0], enter->name);
        fail(socket, errno, 126, "Cannot run '%s' in %s", enter->argv[0], enter->name);
}

_Noreturn void enter_container(const struct enter *enter, int socket) {
        struct limits limits;
        int r = limits_read(enter->leader_pid, &limits), self, status, command;
        pid_t pid;

        if (r < 0)
                fail(socket, -r, EXIT_FAILED, "Cannot look at the first process of %s", enter->name);
        r = group_join(enter->group);
        if (r < 0)
                fail(socket, -r, EXIT_FAILED, "Cannot join the cgroup %s", enter->group);
        if (setns(enter->leader, limits.namespaces) < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot enter the namespaces of %s", enter->name);
        /* From here on processes of the container might look at this one. */
        (void) prctl(PR_SET_DUMPABLE, 0);
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != enter->parent)
                _exit(EXIT_FAILED);
        self = (int) syscall(SYS_pidfd_open, getpid(), 0);
        if (self < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot watch this process");
        pid = fork();
        if (pid < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot make a process in %s", enter->name);
        if (pid == 0)
                command_execute(socket, self, enter, &limits);
        command = (int) syscall(SYS_pidfd_open, pid, 0);
        if (command < 0)
                fail(socket, errno, EXIT_FAILED, "Cannot watch the command in %s", enter->name);
        report_send(socket, REPORT_PROCESS, 0, 0, command, "");
        (void) close_range(0, ~0U, 0);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        _exit(EXIT_FAILED);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
