/* The sockets of one link, each bound to it.
 *
 * DNS is bound to the host's addresses, not to all: a port on every address would collide with any other server on the
 * host that listens on some address without naming a link, 127.0.0.1 included. A reply then leaves from the address
 * that was asked by itself. The addresses need not be there yet. */
#include "netd/responder.h"

#include "base/log.h"
#include "proto/dhcp4.h"

#include <errno.h>
#include <sys/epoll.h>

#define DNS_PORT      53
#define BACKLOG       16
#define RECEIVE_BYTES (64 * 1024) /* a queue that one link fills is its own, and no larger */

static const struct {
        int family, type;
        uint16_t port;
        const char *what;
} kinds[LINK_ENDPOINTS] = {
        [ENDPOINT_DHCP4] = {AF_INET, SOCK_DGRAM, DHCP4_SERVER_PORT, "DHCPv4 (UDP port 67)"},
        [ENDPOINT_DHCP6] = {AF_INET6, SOCK_DGRAM, DHCP6_SERVER_PORT, "DHCPv6 (UDP port 547)"},
        [ENDPOINT_DNS_UDP4] = {AF_INET, SOCK_DGRAM, DNS_PORT, "DNS over IPv4 (UDP port 53)"},
        [ENDPOINT_DNS_UDP6] = {AF_INET6, SOCK_DGRAM, DNS_PORT, "DNS over IPv6 (UDP port 53)"},
        [ENDPOINT_DNS_TCP4] = {AF_INET, SOCK_STREAM, DNS_PORT, "DNS over IPv4 (TCP port 53)"},
        [ENDPOINT_DNS_TCP6] = {AF_INET6, SOCK_STREAM, DNS_PORT, "DNS over IPv6 (TCP port 53)"},
};

bool responder_socket_needed(const struct responder_link *l, enum endpoint kind) {
        if (kind == ENDPOINT_DHCP4)
                return link_serves_dhcp4(l);
        if (kind == ENDPOINT_DHCP6)
                return link_serves_dhcp6(l);
        return kinds[kind].family == AF_INET ? link_has_v4(l) : link_has_v6(l);
}

void responder_socket_close(struct responder_link *l, enum endpoint kind) {
        fd_closep(&l->fds[kind]);
        l->complained &= ~(1U << kind);
}

static int set_flag(int fd, int level, int option) {
        int on = 1;

        return setsockopt(fd, level, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

/* All that does not depend on the link. */
static int socket_prepare(int fd, enum endpoint kind) {
        bool v6 = kinds[kind].family == AF_INET6;
        int bytes = RECEIVE_BYTES, r;

        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) < 0)
                return -errno;
        r = set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
        if (r >= 0 && v6)
                r = set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
        if (r >= 0)
                r = v6 ? set_flag(fd, IPPROTO_IPV6, IPV6_FREEBIND) : set_flag(fd, IPPROTO_IP, IP_FREEBIND);
        if (r >= 0 && kind == ENDPOINT_DHCP4)
                r = set_flag(fd, SOL_SOCKET, SO_BROADCAST);
        if (r >= 0 && kind == ENDPOINT_DHCP6)
                r = set_flag(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
        return r;
}

static int socket_make(enum endpoint kind) {
        _cleanup_(fd_closep) int fd = socket(kinds[kind].family, kinds[kind].type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int r;

        if (fd < 0)
                return -errno;
        r = socket_prepare(fd, kind);
        return r < 0 ? r : steal_fd(&fd);
}

void responder_spares_close(struct responders *r) {
        for (unsigned kind = 0; kind < LINK_ENDPOINTS; kind++)
                fd_closep(&r->spares[kind]);
}

void responder_spares_make(struct responders *r) {
        for (unsigned kind = 0; kind < LINK_ENDPOINTS; kind++)
                if (r->spares[kind] < 0)
                        r->spares[kind] = socket_make(kind);
}

static int on_spares(sd_event_source *source, void *userdata) {
        responder_spares_make(userdata);
        return 0;
}

void responder_spares_plan(struct responders *r) {
        if (r->spares_source)
                (void) sd_event_source_set_enabled(r->spares_source, SD_EVENT_ONESHOT);
        else if (sd_event_add_defer(r->event, &r->spares_source, on_spares, r) >= 0)
                (void) sd_event_source_set_priority(r->spares_source, SD_EVENT_PRIORITY_IDLE);
}

static int socket_bind(int fd, const struct responder_link *l, enum endpoint kind) {
        union dns_address a = {0};

        if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &l->ifindex, sizeof(l->ifindex)) < 0)
                return -errno;

        a.any.sa_family = (sa_family_t) kinds[kind].family;
        a.v4.sin_port = htons(kinds[kind].port); /* at the same place in both */
        if (kind == ENDPOINT_DNS_UDP4 || kind == ENDPOINT_DNS_TCP4)
                a.v4.sin_addr = l->host_v4;
        else if (kind == ENDPOINT_DNS_UDP6 || kind == ENDPOINT_DNS_TCP6)
                a.v6.sin6_addr = l->host_v6;
        return bind(fd, &a.any, dns_address_size(&a)) < 0 ? -errno : 0;
}

/* ff02::1:2 for DHCPv6; ff02::2 so that solicitations reach the shared raw socket, which joins nothing itself: one
 * socket could not be a member on thousands of links. */
static int socket_join(int fd, const struct responder_link *l) {
        static const char *const groups[] = {"ff02::1:2", "ff02::2"};

        for (size_t i = 0; i < ELEMENTS_OF(groups); i++) {
                struct ipv6_mreq m = {.ipv6mr_interface = (unsigned) l->ifindex};
                struct address group;
                int r;

                r = address_parse(groups[i], &group);
                if (r < 0)
                        return r;
                m.ipv6mr_multiaddr = group.v6;
                if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m)) < 0)
                        return -errno;
        }
        return 0;
}

static int socket_open(struct responders *r, struct responder_link *l, enum endpoint kind) {
        _cleanup_(fd_closep) int fd = steal_fd(&r->spares[kind]);
        int k;

        if (fd < 0)
                fd = socket_make(kind);
        if (fd < 0)
                return fd;
        k = socket_bind(fd, l, kind);
        if (k >= 0 && kind == ENDPOINT_DHCP6)
                k = socket_join(fd, l);
        if (k >= 0 && kinds[kind].type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
                k = -errno;
        if (k >= 0)
                k = responder_watch(r, fd, kind, l->slot, EPOLLIN);
        if (k < 0)
                return k;
        l->fds[kind] = steal_fd(&fd);
        return 0;
}

int responder_sockets_open(struct responders *r, struct responder_link *l) {
        int first = 0;

        for (unsigned kind = 0; kind < LINK_ENDPOINTS; kind++) {
                int k;

                if (l->fds[kind] >= 0 || !responder_socket_needed(l, kind))
                        continue;
                k = socket_open(r, l, kind);
                if (k >= 0) {
                        if (l->complained & 1U << kind)
                                log_info("%s: %s is served now", l->link, kinds[kind].what);
                        l->complained &= ~(1U << kind);
                        continue;
                }
                if (first == 0)
                        first = k;
                if (l->complained & 1U << kind)
                        continue;
                l->complained |= 1U << kind;
                if (k == -EADDRINUSE)
                        log_warning("%s: cannot serve %s: another program has that port on every address; "
                                    "see `ss -lnp`, and have it listen on addresses of its own",
                                    l->link, kinds[kind].what);
                else
                        log_warning("%s: cannot serve %s: %s", l->link, kinds[kind].what, strerror(-k));
        }
        return first;
}
