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

static int open_socket(const struct listener *l) {
        int type = l->protocol == PROTOCOL_TCP ? SOCK_STREAM : SOCK_DGRAM, one = 1;
        _cleanup_(fd_closep) int fd = -1;
        struct sockaddr_storage address;
        socklen_t size = socket_address(&l->address, l->port, &address);

        fd = socket(l->address.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (l->address.family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0)
                return -errno;
        /* Only for TCP, where it lets a port be had again at once; for UDP it would let two have the same port. */
        if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
                return -errno;
        if (bind(fd, (struct sockaddr *) &address, size) < 0)
                return -errno;
        if (type == SOCK_STREAM && listen(fd, 1024) < 0)
                return -errno;
        return steal_fd(&fd);
}

static int on_owner(const struct host_socket *s, void *userdata) {
        *(char **) userdata = socket_holder(s->inode);
        return 1;
}

/* "nginx (process 4711)", malloc'd, or NULL. */
static char *find_owner(const struct listener *l) {
        const struct forward f = {
                .protocol = l->protocol, .host_port = l->port, .container_port = 1, .count = 1, .bind = l->address};
        struct netlink *diag = NULL;
        char *owner = NULL;

        if (sockets_open(&diag) == 0)
                (void) sockets_find(diag, &f, 1, on_owner, &owner);
        netlink_close(diag);
        return owner;
}

static int explain(const struct listener *l, int r, struct error *e) {
        _cleanup_(freep) char *owner = r == -EADDRINUSE ? find_owner(l) : NULL;
        char address[ADDRESS_TEXT_MAX];

        (void) address_format(&l->address, address);
        if (r == -EADDRINUSE)
                return error_set(e, r, EXIT_CONTAINER,
                                 "%s port %u of the host is taken on %s by %s; stop it or choose another hostPort for "
                                 "container '%s'",
                                 protocol_name(l->protocol), l->port, address, owner ? owner : "another process",
                                 l->service->name);
        return error_errno(e, r, EXIT_FAILED, "cannot listen on %s, %s port %u, for container '%s'", address,
                           protocol_name(l->protocol), l->port, l->service->name);
}

/* A host without IPv6 has no ::1, and nobody who could connect to it. */
static bool no_such_address(const struct listener *l, int r) {
        return l->address.family == AF_INET6 && (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT);
}

int listener_open(struct proxy *p, struct listener *l, struct error *e) {
        int r;

        r = open_socket(l);
        if (r < 0)
                return no_such_address(l, r) ? 0 : explain(l, r, e);
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
