/* The rtnetlink requests that containers' networks are made of: each function adds one message to a batch.
 *
 * Nothing is sent before netlink_send(); errors of building are kept in the batch. */
#pragma once

#include "base/address.h"
#include "netlink/netlink.h"

#include <net/if.h>

/* A veth pair, both ends down. The host's end never generates link-local addresses by itself. */
struct netlink_veth {
        const char *name, *peer_name;
        struct mac mac, peer_mac;
        uint32_t mtu;      /* 0: the kernel's default; both ends */
        int peer_netns_fd; /* -1: in the same namespace */
};
uint32_t netlink_link_create(struct netlink_batch *b, const struct netlink_veth *veth);
/* A bridge, down. It does not look into multicast: a port must not be able to turn it from others. */
uint32_t netlink_bridge_create(struct netlink_batch *b, const char *name, const struct mac *mac);
/* By index, or by name when ifindex is 0. */
uint32_t netlink_link_delete(struct netlink_batch *b, int ifindex, const char *name);
/* Address generation mode (IN6_ADDR_GEN_MODE_NONE, ...; -1: as it is), MTU (0: as it is). Always: secondary IPv4
 * addresses stay when the first of their range goes. */
uint32_t netlink_link_configure(struct netlink_batch *b, int ifindex, int address_generation, uint32_t mtu);
uint32_t netlink_link_set_up(struct netlink_batch *b, int ifindex, bool up);
/* master: index of the bridge that it joins; one that does not exist (0) is refused. */
uint32_t netlink_link_set_master(struct netlink_batch *b, int ifindex, int master);
/* Of a port of a bridge: whether it is kept from the other isolated ones. */
uint32_t netlink_port_configure(struct netlink_batch *b, int ifindex, bool isolated);
uint32_t netlink_link_add_altname(struct netlink_batch *b, const char *name, const char *altname);
/* Asks for a link of that kind without what every such link needs, so that none is made: -EOPNOTSUPP is the answer of a
 * kernel that does not know it. For kinds that stand on another link: macvlan, ipvlan. */
uint32_t netlink_link_probe(struct netlink_batch *b, const char *kind);
/* Asks for one link; the answer goes through netlink_link_read(). */
uint32_t netlink_link_get(struct netlink_batch *b, int ifindex, const char *name);

/* replace: NLM_F_REPLACE instead of refusing what exists already (-EEXIST). */
uint32_t netlink_address_add(struct netlink_batch *b, int ifindex, const struct prefix *address, bool prefix_route);
uint32_t netlink_address_remove(struct netlink_batch *b, int ifindex, const struct prefix *address);
/* destination of length 0: the default route. via, source: may be AF_UNSPEC. */
uint32_t netlink_route_add(struct netlink_batch *b, int ifindex, const struct prefix *destination,
                           const struct address *via, const struct address *source);
uint32_t netlink_route_remove(struct netlink_batch *b, int ifindex, const struct prefix *destination,
                              const struct address *via);
/* state: NUD_PERMANENT for ours. */
uint32_t netlink_neighbour_add(struct netlink_batch *b, int ifindex, const struct address *address,
                               const struct mac *mac, uint16_t state, bool replace);
uint32_t netlink_neighbour_remove(struct netlink_batch *b, int ifindex, const struct address *address);
/* For which address this host answers on a link that it is not on. Adding twice is fine. */
uint32_t netlink_proxy_add(struct netlink_batch *b, int ifindex, const struct address *address);
uint32_t netlink_proxy_remove(struct netlink_batch *b, int ifindex, const struct address *address);
uint32_t netlink_neighbour_get(struct netlink_batch *b, int ifindex, const struct address *address);

struct netlink_link {
        int ifindex;
        char name[IFNAMSIZ];
        char kind[16];  /* "veth", ... or empty */
        uint32_t flags; /* IFF_* */
        uint32_t mtu;
        int address_generation; /* IN6_ADDR_GEN_MODE_* or -1 */
        int master;
        int peer;
        struct mac mac;
        bool has_ipv6; /* IPv6 is not switched off on it */
        bool isolated; /* a port of a bridge: from other isolated ones */
};
/* -EBADMSG when it is malformed. */
int netlink_link_read(const struct nlmsghdr *h, struct netlink_link *ret);

struct netlink_address {
        int ifindex;
        struct prefix address; /* the local one */
        struct prefix peer;    /* the range on the link: differs from address on point-to-point links */
        uint32_t flags;        /* IFA_F_* */
        uint8_t scope;         /* RT_SCOPE_* */
};
int netlink_address_read(const struct nlmsghdr *h, struct netlink_address *ret);

struct netlink_route {
        struct prefix destination; /* length 0: default */
        struct address via;
        int ifindex; /* 0: several or none */
        uint32_t table;
        uint8_t type;     /* RTN_* */
        uint8_t protocol; /* RTPROT_* */
};
int netlink_route_read(const struct nlmsghdr *h, struct netlink_route *ret);

struct netlink_forwarding {
        int family;
        int ifindex; /* NETCONFA_IFINDEX_ALL, ... */
        bool on;
};
/* -EBADMSG also for one that says something else of the link. */
int netlink_forwarding_read(const struct nlmsghdr *h, struct netlink_forwarding *ret);

struct netlink_neighbour {
        int ifindex;
        struct address address;
        struct mac mac;
        uint16_t state; /* NUD_* */
};
int netlink_neighbour_read(const struct nlmsghdr *h, struct netlink_neighbour *ret);

/* One link, now. -ENODEV when there is none. */
int netlink_link_find(struct netlink *n, const char *name, struct netlink_link *ret);
int netlink_link_find_index(struct netlink *n, int ifindex, struct netlink_link *ret);

/* Dumps; *ret malloc'd (NULL when there are none). */
int netlink_links(struct netlink *n, struct netlink_link **ret, size_t *ret_n);
int netlink_addresses(struct netlink *n, struct netlink_address **ret, size_t *ret_n);
int netlink_routes(struct netlink *n, struct netlink_route **ret, size_t *ret_n);
