/* A zone: a network that containers share, with the host as its router. Its bridge vz-ZONE has the host's addresses,
 * members are its ports vb-NAME. Pure. */
#pragma once

#include "model/host_access.h"
#include "model/link_settings.h"
#include "model/network.h"

#define ZONE_ADDRESSES_MAX 8
#define ZONE_ROUTES_MAX    (LINK_LIST_MAX + IPV6_PREFIXES_MAX)
#define ZONE_MEMBER_FIRST  2    /* number 1 is the host's */
#define ZONE_MEMBERS_MAX   1023 /* a bridge has no more ports */

/* What its definition says. */
struct zone {
        char name[ZONE_NAME_MAX + 1];
        bool internal;   /* no way out */
        bool persistent; /* the bridge stays when the last member goes */
        bool isolated;   /* members do not reach each other */
        struct host_access access;
        uint8_t size;              /* of the automatic IPv4 range: the length of its prefix */
        struct link_settings link; /* of the bridge; owned */
};

#define ZONE_SIZE 24
#define ZONE_INIT ((struct zone){.size = ZONE_SIZE, .link = LINK_SETTINGS_INIT})
void zone_clear(struct zone *z);

/* The lengths of its automatic ranges; 0: it has none. */
uint8_t zone_automatic_v4(const struct zone *z);
uint8_t zone_automatic_v6(const struct zone *z);

/* What makes it up, computed from the definition, its ranges and the machine id. */
struct zone_network {
        char name[ZONE_NAME_MAX + 1];
        char link[IFNAMSIZ]; /* vz-ZONE */
        struct mac mac;
        struct prefix host_v4, host_v6; /* the ranges of its members, with the host's address; AF_UNSPEC: none */
        struct prefix more[ZONE_ADDRESSES_MAX]; /* further addresses of the host */
        size_t n_more;
        struct address host_link_local;
        uint32_t mtu;
        bool masquerade_v4, masquerade_v6, internal, persistent, isolated;
        struct host_access access;

        bool has_more; /* any of what follows */
        struct ipv6_prefix prefixes[IPV6_PREFIXES_MAX];
        struct ipv6_route_prefix route_prefixes[IPV6_PREFIXES_MAX];
        struct link_route routes[ZONE_ROUTES_MAX]; /* of the host, by the bridge */
        struct link_neighbour neighbours[LINK_LIST_MAX];
        size_t n_prefixes, n_route_prefixes, n_routes, n_neighbours;
        struct link_service dhcp, router;
};

/* a: the automatic ranges; not looked at where the definition wants none. -EINVAL: neither an address nor a range;
 * -E2BIG: more than ZONE_ADDRESSES_MAX of them. */
int zone_compute(const struct zone *z, const struct allocation *a, const uint8_t machine_id[16],
                 struct zone_network *ret);
void zone_drop_v6(struct zone_network *z);
/* The host's addresses on the bridge, one after the other; NULL at the end. */
const struct prefix *zone_host_address(const struct zone_network *z, size_t i);

/* Whether the number is one that a member can have: within both ranges, and none of the host's own addresses. */
bool zone_number_fits(const struct zone_network *z, uint32_t number);
/* The smallest number that fits and is not in taken (sorted). -ENOSPC. */
int zone_number_choose(const struct zone_network *z, const uint32_t *taken, size_t n_taken, uint32_t *ret);

/* The same in the words of networks' plans and records: borrowed, as long as z is there. */
struct network_more zone_more(const struct zone_network *z);

/* What the responders of its link need: a network without a container; owned. -ENOMEM. */
int zone_router(const struct zone_network *z, struct network *ret);

/* The network of a member (c->mode is NETWORK_ZONE): as network_compute(). -ERANGE: the number does not fit. */
int zone_member(const struct container *c, const struct zone_network *z, uint32_t number, const uint8_t machine_id[16],
                struct network *ret);
