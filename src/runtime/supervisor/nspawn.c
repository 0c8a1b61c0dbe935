/* systemd-nspawn as a child: what it is run with, what it says on NOTIFY_SOCKET, and its end.
 *
 * The console is "read-only": the container gets a terminal for /dev/console, whose output nspawn writes to the log.
 * ("pipe" would hand the log itself to the container, which could then truncate it, and gives it no /dev/console.) */
#include "supervisor.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/paths.h"
#include "runtime/group.h"
#include "runtime/nspawn.h"
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define NOTIFY_MAX 4096

static int on_nspawn(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct supervisor *s = userdata;
        int status = 0;

        if (s->nspawn_is_child) {
                if (waitpid(s->record.nspawn.pid, &status, 0) < 0)
                        log_warning("Cannot learn how systemd-nspawn of %s ended: %s", s->name, strerror(errno));
        } else if (process_wait_status(&s->record.nspawn, s->nspawn, &status) < 0)
                log_warning("Cannot learn how systemd-nspawn of %s ended: it was another supervisor's child. If the "
                            "container wanted to reboot, start it again",
                            s->name);
        life_nspawn_ended(s, status);
        return 0;
}

int nspawn_watch(struct supervisor *s) {
        return sd_event_add_io(s->loop, &s->nspawn_source, s->nspawn, EPOLLIN, on_nspawn, s);
}

void leader_set(struct supervisor *s, pid_t pid) {
        if (s->leader >= 0 || process_identify(pid, &s->record.leader) < 0)
                return;
        s->leader = process_open(&s->record.leader);
        (void) record_write(s->name, &s->record);
}

static void on_notify_line(struct supervisor *s, const char *line) {
        uint64_t pid;

        if (!strcmp(line, "READY=1"))
                life_ready(s);
        else if (string_starts_with(line, "X_NSPAWN_LEADER_PID=") &&
                 parse_unsigned(line + strlen("X_NSPAWN_LEADER_PID="), 1, INT32_MAX, &pid) >= 0)
                leader_set(s, (pid_t) pid);
}

static int on_notify(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct supervisor *s = userdata;
        char text[NOTIFY_MAX + 1];
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(16 * sizeof(int))];
        } control;
        struct iovec data = {.iov_base = text, .iov_len = NOTIFY_MAX};
        struct msghdr message = {
                .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        struct ucred sender = {.pid = 0};
        ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

        if (n < 0)
                return 0;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
                if (c->cmsg_level != SOL_SOCKET)
                        continue;
                if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof sender))
                        memcpy(&sender, CMSG_DATA(c), sizeof sender);
                if (c->cmsg_type == SCM_RIGHTS) /* not asked for */
                        for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
                                int received;

                                memcpy(&received, CMSG_DATA(c) + i * sizeof received, sizeof received);
                                (void) close(received);
                        }
        }
        if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
                return 0;
        if (sender.pid != s->record.nspawn.pid || sender.uid != 0) {
                log_warning(
                        "Process %d of user %d sent a notification about %s, which only systemd-nspawn may; ignored",
                        (int) sender.pid, (int) sender.uid, s->name);
                return 0;
        }
        text[n] = '\0';
        for (char *line = text, *next; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = '\0';
                on_notify_line(s, line);
        }
        return 0;
}

int notify_open(struct supervisor *s, struct error *e) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(freep) char *path = supervisor_path(s->name, "notify");
        _cleanup_(fd_closep) int fd = -1;
        int r;

        if (!path || strlen(path) >= sizeof address.sun_path)
                return error_errno(e, ENAMETOOLONG, EXIT_FAILED, "Cannot make the notification socket of %s", s->name);
        strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void) file_remove(path);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) < 0 ||
            bind(fd, (struct sockaddr *) &address, sizeof address) < 0 || chmod(path, 0600) < 0)
                return error_errno(e, errno, EXIT_FAILED, "Cannot make the notification socket %s", path);
        r = sd_event_add_io(s->loop, &s->notify_source, fd, EPOLLIN, on_notify, s);
        /* Readiness and the end may arrive in one turn of the loop: the message counts first. */
        if (r >= 0)
                r = sd_event_source_set_priority(s->notify_source, SD_EVENT_PRIORITY_IMPORTANT);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot watch the notification socket %s", path);
        s->notify = steal_fd(&fd);
        return 0;
}

/* In the child, until nspawn takes over. What fails is said in the log. */
_Noreturn static void nspawn_execute(const struct supervisor *s, char *const argv[], char *const environment[]) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        struct sigaction standard = {.sa_handler = SIG_DFL};
        sigset_t none;
        int r;

        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(s->log, STDOUT_FILENO) < 0 ||
            dup2(s->log, STDERR_FILENO) < 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                _exit(1);
        r = group_join(s->record.group);
        if (r < 0) {
                log_error("Cannot join the cgroup %s: %s", s->record.group, strerror(-r));
                _exit(1);
        }
        for (int i = 1; i < SIGRTMIN; i++)
                (void) sigaction(i, &standard, NULL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        if (chdir("/") < 0)
                _exit(1);
        r = hand_has_settings(&s->container) ? hand_bind_settings(&s->container) : 0;
        if (r < 0) {
                log_error("Cannot have systemd-nspawn find the settings of %s: %s", s->name, strerror(-r));
                _exit(1);
        }
        execve("/usr/bin/systemd-nspawn", argv, environment);
        log_error("Cannot run /usr/bin/systemd-nspawn: %s; install the package systemd-container", strerror(errno));
        _exit(1);
}

int nspawn_spawn(struct supervisor *s, struct error *e) {
        _cleanup_(freep) char *machine = format("--machine=%s", s->name);
        _cleanup_(freep) char *directory = format("--directory=" PATH_MACHINES "/%s", s->name);
        _cleanup_(freep) char *notify = format("NOTIFY_SOCKET=" PATH_CONTAINERS "/%s/notify", s->name);
        /* What NAME.nspawn says wins; these are what it cannot say. */
        _cleanup_(strings_freep) char **others = NULL;
        char *const by_settings[] = {
                (char *) "systemd-nspawn",
                (char *) "--quiet",
                (char *) "--keep-unit",
                (char *) "--register=no",
                (char *) "--settings=override",
                machine,
                directory,
                (char *) "--console=read-only",
                (char *) "--notify-ready=yes",
                (char *) "--kill-signal=SIGRTMIN+3",
                (char *) "--resolv-conf=off",
                (char *) "--link-journal=no",
                NULL,
        };
        /* The unified hierarchy also where the host has a hybrid one: systemd 257 in the guest refuses any other. */
        char *const environment[] = {
                (char *) "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                (char *) "LANG=C.UTF-8",
                (char *) "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1",
                notify,
                NULL,
        };
        struct stat st;
        pid_t pid;
        int r;

        if (!machine || !directory || !notify)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot start systemd-nspawn for %s", s->name);
        /* Where there is no systemd, nobody else makes it, and the choice of a user namespace needs it. */
        r = directory_make("/run/systemd", 0755);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot make /run/systemd, which systemd-nspawn needs");
        if (s->container.kind == CONTAINER_NIXOS)
                r = nspawn_arguments(&s->container, &s->system, true, &others);
        else if (s->container.hand)
                r = hand_arguments(&s->container, &others);
        if (r < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot start systemd-nspawn for %s", s->name);
        r = notify_open(s, e);
        if (r < 0)
                return r;
        s->record.log_offset = fstat(s->log, &st) < 0 ? 0 : (uint64_t) st.st_size;
        pid = fork();
        if (pid < 0)
                return error_errno(e, errno, EXIT_FAILED, "Cannot start systemd-nspawn for %s", s->name);
        if (pid == 0)
                nspawn_execute(s, others ?: by_settings, environment);
        s->nspawn_is_child = true;
        s->nspawn = (int) syscall(SYS_pidfd_open, pid, 0);
        r = s->nspawn < 0 ? -errno : process_identify(pid, &s->record.nspawn);
        if (r >= 0)
                r = nspawn_watch(s);
        if (r < 0) {
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
                return error_errno(e, r, EXIT_FAILED, "Cannot watch systemd-nspawn of %s", s->name);
        }
        return 0;
}
