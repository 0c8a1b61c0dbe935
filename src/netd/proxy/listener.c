/* Listening sockets on the loopback addresses. */
#include "proxy.h"

#include "netd/sockets.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

unsigned socket_address(const struct address *a, uint16_t port, struct sockaddr_storage *ret) {
        memset(ret, 0, sizeof *ret);
        if (a->family == AF_INET) {
                struct sockaddr_in *in = (struct sockaddr_in *) ret;

                in->sin_family = AF_INET;
                in->sin_port = htons(port);
                in->sin_addr = a->v4;
                return sizeof *in;
        } else {
                struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) ret;

                in6->sin6_family = AF_INET6;
                in6->sin6_port = htons(port);
                in6->sin6_addr = a->v6;
                return sizeof *in6;
        }
}

bool socket_address_is_v6(const struct sockaddr_storage *s) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) s;

        return s->ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
}

/* On every address of both families, but only for what comes over lo. */
static int restrict_to_lo(int fd) {
        int zero = 0;

        if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo") < 0)
                return -errno;
        return 0;
}

static int open_socket(const struct listener *l, const struct address *address) {
        int type = l->protocol == PROTOCOL_TCP ? SOCK_STREAM : SOCK_DGRAM, one = 1, r = 0;
        bool both = address_equal(address, &LOOPBACK_BOTH);
        _cleanup_(fd_closep) int fd = -1;
        struct sockaddr_storage name;
        socklen_t size = socket_address(address, l->port, &name);

        fd = socket(address->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (both)
                r = restrict_to_lo(fd);
        else if (address->family == AF_INET6)
                r = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
        /* Only for TCP, where it lets a port be had again at once; for UDP it would let two have the same port. */
        if (r >= 0 && type == SOCK_STREAM)
                r = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        /* Answers must come from the address that was asked. */
        if (r >= 0 && type == SOCK_DGRAM && both)
                r = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one);
        if (r >= 0)
                r = bind(fd, (struct sockaddr *) &name, size);
        if (r >= 0 && type == SOCK_STREAM)
                r = listen(fd, 1024);
        if (r < 0)
                return r == -1 ? -errno : r;
        return steal_fd(&fd);
}

/* A host without IPv6 has 127.0.0.1 only, and nobody who could connect to ::1. */
static int open_what_there_is(const struct listener *l) {
        static const struct address v4 = {.family = AF_INET, .bytes = {127, 0, 0, 1}};
        int r = open_socket(l, &l->address);

        if (r == -EAFNOSUPPORT && address_equal(&l->address, &LOOPBACK_BOTH))
                r = open_socket(l, &v4);
        return r;
}

static int on_owner(const struct host_socket *s, void *userdata) {
        *(char **) userdata = socket_holder(s->inode);
        return 1;
}

/* "nginx (process 4711)", malloc'd, or NULL. */
static char *find_owner(const struct listener *l) {
        struct forward f = {.protocol = l->protocol, .host_port = l->port, .container_port = 1, .count = 1};
        struct netlink *diag = NULL;
        char *owner = NULL;

        if (!address_equal(&l->address, &LOOPBACK_BOTH))
                f.bind = l->address;
        if (sockets_open(&diag) == 0)
                (void) sockets_find(diag, &f, 1, on_owner, &owner);
        netlink_close(diag);
        return owner;
}

static int explain(const struct listener *l, int r, struct error *e) {
        _cleanup_(freep) char *owner = r == -EADDRINUSE ? find_owner(l) : NULL;

        if (r == -EADDRINUSE)
                return error_set(e, r, EXIT_CONTAINER,
                                 "%s port %u of the host is taken by %s; stop it or choose another hostPort for "
                                 "container '%s'",
                                 protocol_name(l->protocol), l->port, owner ? owner : "another process",
                                 l->service->name);
        if (r == -EMFILE || r == -ENFILE)
                return error_set(e, r, EXIT_CONTAINER,
                                 "the forwards of container '%s' are more than this machine lets nspawn-proxy open "
                                 "sockets for (RLIMIT_NOFILE); forward fewer ports, or give those that localhost does "
                                 "not need a bindAddress",
                                 l->service->name);
        return error_errno(e, r, EXIT_FAILED, "cannot listen on localhost, %s port %u, for container '%s'",
                           protocol_name(l->protocol), l->port, l->service->name);
}

int listener_open(struct proxy *p, struct listener *l, struct error *e) {
        int r;

        r = open_what_there_is(l);
        if (r < 0)
                return explain(l, r, e);
        l->watch.fd = r;
        l->watch.ready = l->protocol == PROTOCOL_TCP ? tcp_accept : udp_receive;
        r = watch_set(p, &l->watch, EPOLLIN);
        return r < 0 ? explain(l, r, e) : 0;
}

void listener_drop(struct listener *l) {
        tcp_drop(l);
        udp_drop(l);
}

struct listener *listener_free(struct proxy *p, struct listener *l) {
        if (!l)
                return NULL;
        listener_drop(l);
        if (l->watch.fd >= 0) {
                (void) watch_set(p, &l->watch, 0);
                l->watch.fd = fd_close(l->watch.fd);
        }
        link_append(&p->dead, &l->dead.link);
        return NULL;
}
