/* /proc and pidfds. */
#include "process.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>

/* linux/pidfd.h of 6.15; the headers at hand are older than the kernels that this meets. */
struct pidfd_information {
        uint64_t mask;
        uint64_t cgroupid;
        uint32_t pid, tgid, ppid;
        uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
        int32_t exit_code;
};
#define PIDFD_INFORMATION_EXIT (UINT64_C(1) << 3)
#define PIDFD_GET_INFORMATION  _IOWR(0xFF, 11, struct pidfd_information)

struct stat_line {
        char state;
        uint64_t start;
        int exit_code;
};

/* The second field is the name in parentheses, and may contain anything: what counts is after the last ')'. */
static int stat_read(pid_t pid, struct stat_line *ret) {
        _cleanup_(freep) char *path = format("/proc/%d/stat", pid), *text = NULL;
        int r;

        if (!path)
                return -ENOMEM;
        r = file_read(path, 8192, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        char *p = strrchr(text, ')');
        if (!p || p[1] != ' ' || !p[2])
                return -EBADMSG;
        ret->state = p[2];
        p += 2;
        for (int field = 3; field < 22; field++) {
                p = strchr(p, ' ');
                if (!p)
                        return -EBADMSG;
                p++;
        }
        if (sscanf(p, "%" SCNu64, &ret->start) != 1)
                return -EBADMSG;
        p = strrchr(p, ' '); /* field 52, the last one */
        if (!p || sscanf(p, "%d", &ret->exit_code) != 1)
                return -EBADMSG;
        return 0;
}

int process_identify(pid_t pid, struct process *ret) {
        struct stat_line line;
        int r;

        if (pid <= 0)
                return -ESRCH;
        r = stat_read(pid, &line);
        if (r < 0)
                return r;
        *ret = (struct process){.pid = pid, .start = line.start};
        return 0;
}

int process_open(const struct process *p) {
        _cleanup_(fd_closep) int fd = -1;
        struct stat_line line;
        int r;

        if (p->pid <= 0)
                return -ESRCH;
        fd = (int) syscall(SYS_pidfd_open, p->pid, 0);
        if (fd < 0)
                return errno == EINVAL ? -ESRCH : -errno;
        /* In this order: what the descriptor stands for cannot change any more. */
        r = stat_read(p->pid, &line);
        if (r < 0)
                return r;
        if (line.start != p->start || line.state == 'Z' || line.state == 'X')
                return -ESRCH;
        return steal_fd(&fd);
}

bool process_alive(const struct process *p) {
        _cleanup_(fd_closep) int fd = process_open(p);
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

        return fd >= 0 && poll(&poll_fd, 1, 0) == 0;
}

int process_wait_status(const struct process *p, int pidfd, int *ret) {
        struct pidfd_information information;
        struct stat_line line;

        /* Its parent may collect it at any moment: then the descriptor knows, a moment later. */
        for (int i = 0; i < 100; i++) {
                if (stat_read(p->pid, &line) >= 0 && line.start == p->start) {
                        if (line.state == 'Z') {
                                *ret = line.exit_code;
                                return 0;
                        }
                } else {
                        information = (struct pidfd_information){.mask = PIDFD_INFORMATION_EXIT};
                        if (ioctl(pidfd, PIDFD_GET_INFORMATION, &information) < 0)
                                return -ENODATA;
                        if (information.mask & PIDFD_INFORMATION_EXIT) {
                                *ret = information.exit_code;
                                return 0;
                        }
                }
                (void) poll(NULL, 0, 1);
        }
        return -ENODATA;
}
