/* EXTEND_TIMEOUT_USEC of sd_notify(3), said in the name of the unit's main process: systemd-nspawn does not say it, and
 * to change TimeoutStopSec= systemd would have to read all units again. root may put another's number into the
 * credentials of a message. */
#include "extend.h"

#include "base/file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define NOTIFY_PATH "/run/systemd/notify"

static int send_as(pid_t pid, const char *text) {
        struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = NOTIFY_PATH};
        struct iovec iov = {.iov_base = (char *) text, .iov_len = strlen(text)};
        union {
                char bytes[CMSG_SPACE(sizeof(struct ucred))];
                struct cmsghdr align;
        } control = {0};
        struct msghdr m = {.msg_name = &to,
                           .msg_namelen = sizeof to,
                           .msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
        struct ucred credentials = {.pid = pid, .uid = geteuid(), .gid = getegid()};
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_CREDENTIALS;
        c->cmsg_len = CMSG_LEN(sizeof credentials);
        memcpy(CMSG_DATA(c), &credentials, sizeof credentials);
        return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int unit_extend(sd_bus *bus, const char *unit, uint64_t usec) {
        _cleanup_(freep) char *text = format("EXTEND_TIMEOUT_USEC=%" PRIu64, usec);
        uint32_t pid = 0;
        int r = text ? bus_unit_uint32(bus, unit, SYSTEMD_SERVICE, "MainPID", &pid) : -ENOMEM;

        if (r < 0 || pid == 0)
                return r;
        return send_as((pid_t) pid, text);
}
