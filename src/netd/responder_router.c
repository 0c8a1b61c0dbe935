/* The router that guests see: solicitations in and advertisements out, by one socket each for all links.
 *
 * The guest is alone on its link, so an advertisement to everybody is one to it; only the address that it should have
 * is answered on its own. So no solicitation makes this host look for neighbours that do not exist.
 *
 * Advertisements leave as frames: for a packet to ff02::1 the kernel looks through its multicast routes, of which each
 * link has one. */
#include "netd/responder.h"

#include "base/log.h"
#include "proto/ra.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/epoll.h>

#define MESSAGES_A_TURN   32
#define LINKS_A_TURN      32           /* advertised to, before the daemon's other work has its turn */
#define INTERVAL          600000000ULL /* microseconds; of one link, a little less, so that links spread */
#define INITIAL_INTERVAL  8000000ULL
#define INITIAL_TIMES     3
#define SOLICITED_SPACING 1000000ULL /* between advertisements to everybody */
#define RETRY_SOCKETS     5000000ULL

static const struct in6_addr all_nodes = {{{0xff, 0x02, [15] = 1}}};

int responder_router_open(struct responders *r) {
        struct icmp6_filter filter;
        _cleanup_(fd_closep) int fd = -1, frames = -1;
        int on = 1, k;

        fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
        if (fd < 0)
                return -errno;
        ICMP6_FILTER_SETBLOCKALL(&filter);
        ICMP6_FILTER_SETPASS(ND_ROUTER_SOLICIT, &filter);
        if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0 ||
            setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0 ||
            setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on)) < 0)
                return -errno;
        frames = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); /* protocol 0: receives nothing */
        if (frames < 0)
                return -errno;
        k = responder_watch(r, fd, ENDPOINT_ROUTER, 0, EPOLLIN);
        if (k < 0)
                return k;
        r->router_fd = steal_fd(&fd);
        r->frames_fd = steal_fd(&frames);
        return 0;
}

enum advertisement {
        ADVERTISE,
        WITHDRAW,        /* the prefix and the resolver are over, though the router stays */
        WITHDRAW_DOMAIN, /* so is the search list */
};

/* What a link has of its own, and what its settings say. */
struct content {
        struct ra_prefix prefixes[RA_PREFIXES_MAX];
        struct ra_route routes[RA_PREFIXES_MAX];
        struct in6_addr servers[LINK_SERVERS_MAX];
};

/* The range of the main address is said to be on the link, unless it is one of those that were asked for. */
static size_t fill_prefixes(const struct responder_link *l, bool withdraw, struct ra_prefix ret[RA_PREFIXES_MAX]) {
        const struct network_more *m = l->more;
        struct prefix own = {.address = address_v6(&l->host_v6), .length = l->length_v6};
        bool listed = !link_has_v6(l);
        size_t n = 0;

        for (size_t i = 0; m && i < m->n_prefixes && n + 1 < RA_PREFIXES_MAX; i++) {
                const struct ipv6_prefix *p = &m->prefixes[i];

                listed = listed || prefix_contains(&p->prefix, &own.address);
                ret[n++] = (struct ra_prefix){.prefix = p->prefix,
                                              .off_link = !p->on_link,
                                              .autonomous = p->autonomous,
                                              .valid = withdraw ? 0 : p->valid,
                                              .preferred = withdraw ? 0 : p->preferred};
        }
        if (!listed)
                ret[n++] = (struct ra_prefix){
                        .prefix = own, .valid = withdraw ? 0 : RA_INFINITE, .preferred = withdraw ? 0 : RA_INFINITE};
        return n;
}

static size_t fill_routes(const struct network_more *m, bool withdraw, struct ra_route ret[RA_PREFIXES_MAX]) {
        size_t n = 0;

        for (; m && n < m->n_route_prefixes && n < RA_PREFIXES_MAX; n++)
                ret[n] = (struct ra_route){.prefix = m->route_prefixes[n].prefix,
                                           .lifetime = withdraw ? 0 : m->route_prefixes[n].lifetime};
        return n;
}

static void apply_settings(const struct link_service *s, struct content *content, struct ra_config *c) {
        if (s->has_lifetime)
                c->router_lifetime = (uint16_t) s->lifetime;
        c->managed = s->managed != CHOICE_NO;
        c->other = s->other == CHOICE_YES;
        if (s->emit_domains == CHOICE_NO)
                c->domain = NULL;
        if (s->emit_dns == CHOICE_NO)
                c->dns = in6addr_any;
        for (size_t i = 0; i < s->n_servers && s->emit_dns != CHOICE_NO; i++)
                content->servers[c->n_servers++] = s->servers[i].v6;
}

static int advertisement_build(const struct responders *r, const struct responder_link *l, const struct in6_addr *to,
                               enum advertisement what, uint8_t data[RA_PACKET_MAX], size_t *ret_size) {
        bool withdraw = what == WITHDRAW;
        struct content content;
        struct ra_config config = {
                .mac = l->host_mac,
                .managed = true,
                .router_lifetime = l->internal ? 0 : RA_LIFETIME_MAX,
                .mtu = l->mtu,
                .prefixes = content.prefixes,
                .n_prefixes = fill_prefixes(l, withdraw, content.prefixes),
                .routes = content.routes,
                .n_routes = fill_routes(l->more, withdraw, content.routes),
                .servers = content.servers,
                .dns = l->host_v6,
                .domain = r->domain,
                .dns_lifetime = withdraw ? 0 : RA_LIFETIME_MAX,
                .domain_lifetime = what == ADVERTISE ? RA_LIFETIME_MAX : 0,
        };

        if (l->more)
                apply_settings(&l->more->router, &content, &config);
        return ra_packet_build(&config, &l->host_link_local, to, data, RA_PACKET_MAX, ret_size);
}

static int advertisement_send(struct responders *r, const struct responder_link *l, const struct in6_addr *to,
                              enum advertisement what) {
        static const struct mac everybody = {{0x33, 0x33, 0, 0, 0, 1}}; /* ff02::1, RFC 2464 7 */
        struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                      .sll_protocol = htons(ETH_P_IPV6),
                                      .sll_ifindex = l->ifindex,
                                      .sll_halen = ETH_ALEN};
        uint8_t data[RA_PACKET_MAX];
        struct mac mac;
        size_t size;
        int k;

        k = advertisement_build(r, l, to, what, data, &size);
        if (k < 0)
                return k;
        mac = to == &all_nodes ? everybody : link_local_mac(to);
        memcpy(address.sll_addr, mac.bytes, ETH_ALEN);
        return sendto(r->frames_fd, data, size, MSG_DONTWAIT, (const struct sockaddr *) &address, sizeof(address)) < 0
                       ? -errno
                       : 0;
}

/* A link without carrier refuses: it gets one by responders_advertise() when it is up, else by the timer. */
void responder_router_advertise(struct responders *r, struct responder_link *l) {
        uint64_t now = responder_now(r);
        int k;

        l->advertise_at = UINT64_MAX;
        if (!link_advertises(l))
                return;
        l->advertise_at = now + INITIAL_INTERVAL;
        k = advertisement_send(r, l, &all_nodes, ADVERTISE);
        if (k < 0) {
                log_debug("%s: router advertisement not sent: %s", l->link, strerror(-k));
        } else {
                l->advertised_at = now;
                if (++l->advertisements >= INITIAL_TIMES)
                        l->advertise_at = now + INTERVAL - (l->slot * 7919ULL % 150) * 1000000;
        }
        responder_router_plan(r, l->advertise_at);
}

void responder_router_withdraw(struct responders *r, struct responder_link *l) {
        if (link_advertises(l))
                (void) advertisement_send(r, l, &all_nodes, WITHDRAW);
}

void responder_router_withdraw_domain(struct responders *r, struct responder_link *l) {
        if (link_advertises(l))
                (void) advertisement_send(r, l, &all_nodes, WITHDRAW_DOMAIN);
}

static int on_advertise_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct responders *r = userdata;
        uint64_t now = responder_now(r), next = UINT64_MAX;
        unsigned sent = 0;

        r->advertise_next = UINT64_MAX;
        for (uint32_t i = 0; i < r->n_slots; i++) {
                struct responder_link *l = r->links[i];

                if (!l)
                        continue;
                if (l->complained != 0 && responder_sockets_open(r, l) < 0)
                        next = now + RETRY_SOCKETS;
                if (now >= l->advertise_at && sent < LINKS_A_TURN) {
                        responder_router_advertise(r, l);
                        sent++;
                }
                if (l->advertise_at < next)
                        next = l->advertise_at;
        }
        responder_router_plan(r, next);
        return 0;
}

void responder_router_plan(struct responders *r, uint64_t at) {
        if (at >= r->advertise_next)
                return;
        r->advertise_next = at;
        (void) responder_timer_set(r, &r->advertise_timer, at, on_advertise_timer);
}

void responder_router_retry_sockets(struct responders *r) {
        responder_router_plan(r, responder_now(r) + RETRY_SOCKETS);
}

static void solicitation_answer(struct responders *r, struct responder_link *l, const struct in6_addr *from) {
        const struct address source = address_v6(from);
        uint64_t now = responder_now(r);
        struct responder_client client;

        /* Who has no address yet is not known: it counts on its link's account. */
        if (!responder_client_by_link_local(l, from, &client))
                client = (struct responder_client){.allowance = &l->allowance};
        if (!link_advertises(l) || !responder_allows(client.allowance, now))
                return;
        if (client.name && address_is_made_from(&source, &client.mac)) {
                (void) advertisement_send(r, l, from, ADVERTISE);
        } else if (now - l->advertised_at >= SOLICITED_SPACING) {
                responder_router_advertise(r, l);
        } else if (l->advertise_at > l->advertised_at + SOLICITED_SPACING) {
                l->advertise_at = l->advertised_at + SOLICITED_SPACING;
                responder_router_plan(r, l->advertise_at);
        }
}

static void read_control(struct msghdr *m, int *ret_ifindex, int *ret_hops) {
        struct in6_pktinfo info;

        *ret_ifindex = *ret_hops = -1;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
                if (c->cmsg_level != IPPROTO_IPV6)
                        continue;
                if (c->cmsg_type == IPV6_PKTINFO && c->cmsg_len >= CMSG_LEN(sizeof(info))) {
                        memcpy(&info, CMSG_DATA(c), sizeof(info));
                        *ret_ifindex = (int) info.ipi6_ifindex;
                } else if (c->cmsg_type == IPV6_HOPLIMIT && c->cmsg_len >= CMSG_LEN(sizeof(int))) {
                        memcpy(ret_hops, CMSG_DATA(c), sizeof(int));
                }
        }
}

void responder_router_receive(struct responders *r) {
        for (unsigned i = 0; i < MESSAGES_A_TURN; i++) {
                uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
                struct iovec part = {r->packet, sizeof(r->packet)};
                struct router_solicitation solicitation;
                struct sockaddr_in6 from = {0};
                struct responder_link *l;
                int ifindex, hops;
                struct msghdr m = {
                        .msg_name = &from,
                        .msg_namelen = sizeof(from),
                        .msg_iov = &part,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control),
                };
                ssize_t n = recvmsg(r->router_fd, &m, MSG_DONTWAIT);

                if (n < 0)
                        return;
                read_control(&m, &ifindex, &hops);
                l = responder_link_find(r, ifindex);
                if (l && router_solicitation_parse(r->packet, (size_t) n, hops, &from.sin6_addr, &solicitation) >= 0)
                        solicitation_answer(r, l, &from.sin6_addr);
        }
}
