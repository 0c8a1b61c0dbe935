/* The wanted network of one container: every name and number that the host, the guest, the firewall and the
 * responders need, computed once from the container, its allocation and the machine id. Pure.
 *
 * The daemon keeps one a container. What few of them have is a list, which costs the others nothing. */
#pragma once

#include "base/address.h"
#include "model/container.h"
#include "model/host_access.h"
#include "model/names.h"

/* What the allocator gave a container and keeps for it (state/allocations.h stores it). */
struct allocation {
        struct prefix v4; /* the range, network address: 10.233.5.16/28; 10.233.5.0/30 of a nixos-container */
        struct prefix v6; /* the range: fdxx:xxxx:xxxx:SSSS::/64; AF_UNSPEC: none */
};

/* A pair of links. */
struct network_pair {
        char link[IFNAMSIZ]; /* on the host */
        char guest_link[IFNAMSIZ];
        char bridge[IFNAMSIZ]; /* that the host's end joins, or empty: then it has the addresses */
        struct mac host_mac, container_mac;
        struct prefix host_v4, container_v4, host_v6, container_v6;
        struct address host_link_local, container_link_local;
        bool routed; /* as below */
};

/* What few networks have, beside the main address of each family. */
struct network_more {
        struct prefix *host_addresses, *container_addresses; /* interface addresses */
        size_t n_host_addresses, n_container_addresses;
        struct ipv6_prefix *prefixes; /* advertised */
        size_t n_prefixes;
        struct ipv6_route_prefix *route_prefixes;
        size_t n_route_prefixes;
        struct link_route *host_routes, *container_routes;
        size_t n_host_routes, n_container_routes;
        struct link_neighbour *host_neighbours, *container_neighbours;
        size_t n_host_neighbours, n_container_neighbours;

        /* Addresses, or /64s that are used whole. */
        struct prefix *sources; /* the container may send from, beside the main addresses' */
        size_t n_sources;
        struct prefix *masqueraded; /* likewise */
        size_t n_masqueraded;
        struct prefix *open; /* reached from outside without a forward; all, also behind a gateway (host_routes) */
        size_t n_open;

        struct link_service dhcp, router;
};

struct network {
        enum container_kind kind;
        char name[CONTAINER_NAME_MAX + 1];
        char link[IFNAMSIZ]; /* host side: ve-NAME or its shortening */
        bool link_shortened;
        enum network_mode mode;
        struct mac host_mac;
        struct mac container_mac;
        struct mac router_mac;     /* of who has host_v4 and host_v6: host_mac, or the bridge's */
        char bridge[IFNAMSIZ];     /* NETWORK_ZONE: vz-ZONE, which has the host's addresses */
        bool isolated;             /* from other isolated ports of the bridge */
        bool internal;             /* there is no way out */
        char guest_link[IFNAMSIZ]; /* what it is called inside: host0, or eth0, as nspawn-first renames it */
        bool guest_mac_set;        /* container_mac was asked for: nspawn-first sets it */
        bool responders;           /* the host answers DHCP, router solicitations and DNS on the link */

        /* Interface addresses with their prefix length; family AF_UNSPEC where there is none. With NETWORK_BRIDGE
         * host_v4 and host_v6 are the router's, which is not this link's other end. */
        struct prefix host_v4, container_v4;                  /* 10.233.5.17/28, 10.233.5.18/28 */
        struct prefix host_v6, container_v6;                  /* fd..::1/64, fd..::2/64 */
        struct address host_link_local, container_link_local; /* fe80::, EUI-64 of the MACs */

        uint32_t mtu;       /* 0: leave as the kernel made it */
        bool masquerade_v4; /* container_v4's range is NATed on the way out */
        bool masquerade_v6;
        bool routed; /* of a nixos-container: forwarded without NAT, as the host's configuration says */

        const struct forward *forwards; /* borrowed from the container */
        size_t n_forwards;

        struct network_pair *extra; /* beside the main one; owned, NULL when there are none */
        size_t n_extra;

        struct host_access *access; /* of NETWORK_VETH (a zone has its own); owned, NULL: as usual */
        struct network_more *more;  /* owned; NULL: nothing */
};

#define NETWORK_INIT ((struct network){0})

/* Lets go of what is owned, not of what is borrowed. */
void network_clear(struct network *n);
/* ret: its own extra, the same forwards. -ENOMEM. */
int network_copy(const struct network *n, struct network *ret);

/* Fills ret, whatever it was before. The container must outlive it. a: not looked at for CONTAINER_NIXOS, whose
 * addresses are what its definition says. Returns 0, -EINVAL (name invalid) or -ENOMEM; ret is filled with 0 only. */
int network_compute(const struct container *c, const struct allocation *a, const uint8_t machine_id[16],
                    struct network *ret);

/* model/network_more.c */
struct network_more *network_more_free(struct network_more *m);
int network_more_copy(const struct network_more *m, struct network_more **ret);
void network_more_drop_v6(struct network_more *m);
/* Lays c's settings over what was allocated. -ENOMEM. */
int network_settle(const struct container *c, struct network *n);
/* The same for a member of a zone, whose host side is the zone's: its further addresses, and its prefixes. zone: NULL:
 * none. */
int network_settle_member(const struct container *c, const struct network_more *zone, struct network *n);
/* The i-th address of the container, the main ones first; NULL: there are no more. */
const struct prefix *network_container_address(const struct network *n, size_t i);
/* The same of the host's end, without the link-local one. */
const struct prefix *network_host_address(const struct network *n, size_t i);
/* The same of any two main addresses, AF_UNSPEC being none, and the others. */
const struct prefix *network_nth_address(const struct prefix *v4, const struct prefix *v6, const struct prefix *more,
                                         size_t n_more, size_t i);

/* The link of one can be that of the other: what else differs can change while it is there. */
bool network_same_link(const struct network *a, const struct network *b);

/* The container's default route of that family leads to the host: it has an address, and no other router was named. */
bool network_routes_by_default(const struct network *n, int family);
/* Which address of the host that route goes by, in files for the guest; AF_UNSPEC: there is none. */
struct address network_router(const struct network *n, int family);

/* Its guest is held to the addresses that are given for it. One beside the main link of which nothing is said has an
 * owner who sets them himself, on both ends. */
bool network_pair_is_guarded(const struct network *n, const struct network_pair *p);

/* Takes all of IPv6 out, for a host that has none. */
void network_drop_v6(struct network *n);

/* Finds a free range; pure, so that it can be tested. Ranges start at a place that the name's hash chooses, so
 * that a container gets the same ones again even when the file of allocations is lost, and go on to the next
 * free one. taken: ranges in use (allocations, addresses, routes); overlap counts.
 * length: of the wanted range. Returns 0, -ENOSPC, -ENOMEM, or -EINVAL (length does not fit the pool). */
int allocation_choose(const struct prefix *pool, uint8_t length, const char *name, const struct prefix *taken,
                      size_t n_taken, struct prefix *ret);

/* The first N of 1..254 such that 10.233.N.0/30 touches nothing of taken, as nixos-container numbers its containers:
 * 10.233.N.1 on the host, 10.233.N.2 inside. *ret: that /30. -ENOSPC. */
int allocation_choose_numbered(const struct prefix *taken, size_t n_taken, struct prefix *ret);
