/* Listening: what both monitors, of links and of the firewall, do alike. */
#include "netlink/netlink.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

enum { RECEIVE_BUFFER = 4 * 1024 * 1024 }; /* of the kernel: a burst of a thousand links at once fits */

int netlink_listen(int protocol, const struct sock_fprog *filter, const int *groups, size_t n_groups) {
        _cleanup_(fd_closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
        struct sockaddr_nl address = {.nl_family = AF_NETLINK};
        int size = RECEIVE_BUFFER;
        if (fd < 0)
                return -errno;
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
        if (filter && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof(*filter)) < 0)
                return -errno;
        if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        for (size_t i = 0; i < n_groups; i++)
                if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) < 0)
                        return -errno;
        return steal_fd(&fd);
}

ssize_t netlink_hear(int fd, void *buffer, size_t size, bool *lost) {
        for (;;) {
                struct sockaddr_nl from = {0};
                struct iovec vector = {.iov_base = buffer, .iov_len = size};
                struct msghdr message = {
                        .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &vector, .msg_iovlen = 1};
                ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
                bool foreign = n >= 0 && (from.nl_pid != 0 || message.msg_namelen != sizeof(from));

                if ((n < 0 && errno == ENOBUFS) || (n >= 0 && !foreign && message.msg_flags & MSG_TRUNC))
                        *lost = true;
                else if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                else if (n > 0 && !foreign)
                        return n;
        }
}
