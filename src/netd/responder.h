/* What the responders share among their files; responders.h is for everybody else.
 *
 * All descriptors are in one inner epoll, whose own descriptor is the one I/O source on the daemon's loop. An event's
 * data says which kind of endpoint it is and which slot of that kind's table, so an event that is out of date can at
 * worst find an empty slot. */
#pragma once

#include "netd/dns_server.h"
#include "netd/dns_upstream.h"
#include "netd/responders.h"
#include "proto/dhcp6.h"

#define RESPONDER_LIFETIME (7U * 24 * 60 * 60) /* of leases, seconds; they are given again for as long as one asks */

enum endpoint {
        ENDPOINT_DHCP4,
        ENDPOINT_DHCP6,
        ENDPOINT_DNS_UDP4,
        ENDPOINT_DNS_UDP6,
        ENDPOINT_DNS_TCP4,
        ENDPOINT_DNS_TCP6,
        LINK_ENDPOINTS, /* those above are one a link */
        ENDPOINT_ROUTER = LINK_ENDPOINTS,
        ENDPOINT_QUERY,      /* slot: of the query * DNS_TRIES_MAX + number of the try */
        ENDPOINT_CONNECTION, /* slot: of the connection */
};

/* Replies to DHCP and solicitations: a token bucket. */
struct allowance {
        uint64_t at; /* CLOCK_MONOTONIC, microseconds */
        unsigned left;
};

/* Of a zone's link; unknown ones get no answers. */
struct responder_member {
        struct mac mac;
        struct in_addr v4;
        struct in6_addr v6;
        struct allowance allowance;
        char *name;
};

/* One that may be answered, wherever it is kept. */
struct responder_client {
        struct mac mac;
        struct in_addr v4;
        struct in6_addr v6;
        const char *name;
        struct allowance *allowance;
};

struct responder_link {
        int ifindex;
        uint32_t slot;
        int fds[LINK_ENDPOINTS]; /* -1: not open */
        uint32_t complained;     /* bit a kind: its port was reported as taken */
        char link[IFNAMSIZ];

        struct mac host_mac, client_mac;
        struct in_addr host_v4, client_v4;  /* zero: no IPv4 */
        struct in6_addr host_v6, client_v6; /* unspecified: no IPv6 */
        struct in6_addr host_link_local;
        uint8_t length_v4, length_v6;
        uint32_t mtu;
        struct network_more *more; /* a copy, or NULL */

        uint64_t advertised_at, advertise_at; /* CLOCK_MONOTONIC, microseconds */
        unsigned advertisements;
        struct allowance allowance;

        bool zone;                        /* there are members in place of the one client */
        bool internal;                    /* no router, no names but ours */
        struct responder_member *members; /* sorted by hardware address */
        size_t n_members;

        struct dns_pending *queries; /* newest first */
        unsigned n_queries, n_connections;
        char name[]; /* of the container, or zone */
};

struct responders {
        sd_event *event;
        sd_event_source *io, *advertise_timer, *dns_timer, *spares_source;
        int epoll_fd, router_fd, frames_fd;
        int spares[LINK_ENDPOINTS]; /* sockets for the next link, ready but for being bound; negative: not made */
        uint64_t advertise_next;    /* when advertise_timer fires; UINT64_MAX: never */

        struct responder_names names;
        char domain[NAME_SUFFIX_MAX + 1];
        struct dns_name domain_name; /* the same */
        uint8_t server_duid[DHCP6_SERVER_DUID_SIZE];
        struct prefix *owned;
        size_t n_owned;

        struct responder_link **links; /* by slot; NULL: free */
        uint32_t n_slots, next_slot;   /* where to look for a free one first */
        struct link_index {
                int ifindex;
                uint32_t slot;
        } * index; /* sorted by ifindex */
        size_t n_links;

        struct dns_upstream upstream;
        struct dns_server dns;
        uint8_t packet[UINT16_MAX]; /* what was received last */
};

static inline struct address address_v4(struct in_addr a) {
        return (struct address){.family = AF_INET, .v4 = a};
}
static inline struct address address_v6(const struct in6_addr *a) {
        return (struct address){.family = AF_INET6, .v6 = *a};
}
/* A network's address, as links and members have it: zero, unspecified where it has none of the family. */
static inline struct in_addr v4_of(const struct prefix *p) {
        return p->address.family == AF_INET ? p->address.v4 : (struct in_addr){0};
}
static inline struct in6_addr v6_of(const struct prefix *p) {
        return p->address.family == AF_INET6 ? p->address.v6 : in6addr_any;
}
static inline bool link_has_v4(const struct responder_link *l) {
        return l->host_v4.s_addr != INADDR_ANY && (l->zone || l->client_v4.s_addr != INADDR_ANY);
}
static inline bool link_has_v6(const struct responder_link *l) {
        return !IN6_IS_ADDR_UNSPECIFIED(&l->host_v6) && (l->zone || !IN6_IS_ADDR_UNSPECIFIED(&l->client_v6));
}

/* The hardware address that a link-local address was made from, if it was (address_link_local()). */
static inline struct mac link_local_mac(const struct in6_addr *a) {
        const uint8_t *b = a->s6_addr + 8;

        return (struct mac){{b[0] ^ 2, b[1], b[2], b[5], b[6], b[7]}};
}

/* What is said to a guest that its settings do not want said. */
static inline bool link_serves_dhcp4(const struct responder_link *l) {
        return link_has_v4(l) && (!l->more || l->more->dhcp.enable != CHOICE_NO);
}
static inline bool link_advertises(const struct responder_link *l) {
        return (link_has_v6(l) || (l->more && l->more->n_prefixes > 0)) &&
               (!l->more || l->more->router.enable != CHOICE_NO);
}
static inline bool link_serves_dhcp6(const struct responder_link *l) {
        return link_has_v6(l) && link_advertises(l) && (!l->more || l->more->router.managed != CHOICE_NO);
}

/* responders.c */
uint64_t responder_now(const struct responders *r); /* CLOCK_MONOTONIC, microseconds */
struct responder_link *responder_link_find(const struct responders *r, int ifindex);
int responder_watch(struct responders *r, int fd, enum endpoint kind, uint32_t slot, uint32_t events);
int responder_rewatch(struct responders *r, int fd, enum endpoint kind, uint32_t slot, uint32_t events);
/* Makes *source a timer for `at`, or switches it off at UINT64_MAX. */
int responder_timer_set(struct responders *r, sd_event_source **source, uint64_t at, sd_event_time_handler_t handler);
/* Whether a DHCP message or a solicitation may be answered now: some in a burst, then a few a second. */
void allowance_init(struct allowance *a);
bool responder_allows(struct allowance *a, uint64_t now);

/* responder_members.c: who asks, by hardware address or by the link-local address that follows from one. false: nobody
 * who is to be answered. Of a link with one client that is it, whatever it calls itself. */
bool responder_client_by_mac(struct responder_link *l, const struct mac *mac, struct responder_client *ret);
bool responder_client_by_link_local(struct responder_link *l, const struct in6_addr *a, struct responder_client *ret);
void responder_members_free(struct responder_link *l);

/* responder_socket.c */
/* Opens what the link needs and has not; 0, or negative when something that others may give back is missing. */
int responder_sockets_open(struct responders *r, struct responder_link *l);
/* Makes the spares that are missing, now or when there is nothing else to do. */
void responder_spares_make(struct responders *r);
void responder_spares_plan(struct responders *r);
void responder_spares_close(struct responders *r);
void responder_socket_close(struct responder_link *l, enum endpoint kind);
bool responder_socket_needed(const struct responder_link *l, enum endpoint kind);

/* responder_dhcp.c */
void responder_dhcp4_receive(struct responders *r, struct responder_link *l);
void responder_dhcp6_receive(struct responders *r, struct responder_link *l);

/* responder_router.c */
int responder_router_open(struct responders *r);
void responder_router_receive(struct responders *r);
/* Sends an advertisement to everybody on the link and plans the next one. */
void responder_router_advertise(struct responders *r, struct responder_link *l);
/* Tells everybody on the link that its prefix and resolver are over, before they change. */
void responder_router_withdraw(struct responders *r, struct responder_link *l);
/* The same for the search list alone. */
void responder_router_withdraw_domain(struct responders *r, struct responder_link *l);
/* Sees to it that the one timer for all links fires at `at` or before. */
void responder_router_plan(struct responders *r, uint64_t at);
/* Some socket could not be opened: the same timer tries again. */
void responder_router_retry_sockets(struct responders *r);
