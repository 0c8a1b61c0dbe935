/* A plan: operations in order, each of which can be done and undone. Pure: made from what is wanted and what was
 * seen, printed for --dry-run, carried out by apply/.
 *
 * An operation of a link names it by `link`; apply turns names into indices. */
#pragma once

#include "base/buffer.h"
#include "model/network.h"
#include "model/zone.h"

#include <jansson.h>

enum operation_kind {
        OPERATION_LINK_CREATE,   /* a veth pair, both ends down; the peer may be put into a namespace */
        OPERATION_BRIDGE_CREATE, /* without members, down */
        OPERATION_LINK_DELETE,
        OPERATION_LINK_CONFIGURE, /* address generation mode none, MTU */
        OPERATION_LINK_JOIN,      /* a bridge */
        OPERATION_PORT_CONFIGURE, /* of a bridge: whether it is isolated */
        OPERATION_LINK_UP,
        OPERATION_LINK_DOWN,
        OPERATION_ADDRESS_ADD, /* IPv6 without duplicate detection */
        OPERATION_ADDRESS_REMOVE,
        OPERATION_ROUTE_ADD,
        OPERATION_ROUTE_REMOVE,
        OPERATION_NEIGHBOUR_ADD, /* permanent */
        OPERATION_NEIGHBOUR_REMOVE,
        OPERATION_ELEMENT_ADD, /* an nftables set or map element */
        OPERATION_ELEMENT_REMOVE,
        _OPERATION_MAX,
};

enum operation_side {
        SIDE_HOST,
        SIDE_CONTAINER, /* in the container's network namespace */
};

/* Sets and maps of firewall/base.nft that have elements a container; their key and data layouts are in
 * firewall/elements.h. The plan layer only fills the fields that the set has. */
enum element_set {
        SET_MASQUERADE_V4, /* ip  io.systemd.nat masq_saddr: prefix */
        SET_MASQUERADE_V6, /* ip6 io.systemd.nat masq_saddr: prefix */
        SET_FORWARD_V4,    /* ip  io.systemd.nat map_port_ipport: protocol . port : address . port */
        SET_FORWARD_V6,    /* ip6 io.systemd.nat map_port_ipport */
        SET_BOUND_V4,      /* ours: protocol . bind address . port : address . port */
        SET_BOUND_V6,
        SET_LINKS,        /* ours: names of container links, the guarded ones */
        SET_MACS,         /* ours: link . MAC that frames may come from */
        SET_SOURCE_V4,    /* ours: link . IPv4 that packets may come from */
        SET_SOURCE_V6,    /* ours: link . IPv6, or the network address of a /64 that may be used whole */
        SET_ADVERTISED,   /* ours: link . target that neighbour advertisements may name; a /64 likewise */
        SET_CLOSED,       /* ours: those whose traffic leaves the host only translated */
        SET_ROUTED,       /* ours: those of SET_CLOSED whose traffic is forwarded as it is */
        SET_OPEN_V4,      /* ours: link . IPv4 that is reached from outside without a forward */
        SET_OPEN_V6,      /* ours: link . IPv6, or the network address of a /64 */
        SET_GATEWAYS,     /* ours: links by which networks behind the container are reached */
        SET_THROUGH_V4,   /* ours: those among them by which the outside reaches them, too */
        SET_THROUGH_V6,   /* ours: likewise */
        SET_ARP_LINKS,    /* ours: as SET_LINKS, for the arp table */
        SET_ARP_SENDERS,  /* ours: link . MAC of the frame . MAC . IPv4 that ARP may claim */
        SET_WITHIN,       /* ours: bridges of zones, twice: from there to there */
        SET_INTERNAL,     /* ours: bridges of zones without a way out */
        SET_ACCESS_ALL,   /* ours: links whose guests reach all of the host */
        SET_ACCESS_NONE,  /* ours: nothing of it */
        SET_ACCESS_PORTS, /* ours: link . protocol . port of the host */
        SET_PORTS,        /* the bridge table: ports of zones' bridges, the guarded ones; the rest as for links */
        SET_PORT_MACS,
        SET_PORT_SOURCE_V4,
        SET_PORT_SOURCE_V6,
        SET_PORT_ADVERTISED,
        SET_PORT_SENDERS,  /* port . MAC of the frame . MAC . IPv4 that ARP may claim */
        SET_PORT_CLIENTS,  /* port . MAC that DHCP may be asked for */
        SET_PORT_ISOLATED, /* from each other */
        _SET_MAX,
};

struct element {
        enum element_set set;
        char link[IFNAMSIZ];
        struct mac mac;
        struct prefix prefix; /* address or range; the bind address of SET_BOUND_* */
        uint8_t protocol;     /* IPPROTO_* */
        uint16_t port;        /* host order */
        uint16_t count;       /* of ports, from port and to_port on; at least 1 in sets with ports */
        struct address to;
        uint16_t to_port;
};

/* Which fields of struct element a set has. */
enum element_field {
        ELEMENT_LINK = 1 << 0,
        ELEMENT_MAC = 1 << 1,
        ELEMENT_PREFIX = 1 << 2,
        ELEMENT_PORT = 1 << 3,    /* protocol, port, count, to, to_port */
        ELEMENT_SERVICE = 1 << 4, /* protocol, port */
};
unsigned int element_fields(enum element_set set);
const char *element_set_name(enum element_set set); /* "forward-v4" */

#define ALTNAME_MAX (CONTAINER_NAME_MAX + 4)

struct operation {
        enum operation_kind kind;
        enum operation_side side;
        char link[IFNAMSIZ];
        union {
                struct {
                        char peer[IFNAMSIZ];
                        char altname[ALTNAME_MAX]; /* or empty */
                        struct mac mac, peer_mac;
                        uint32_t mtu;
                } create;
                struct {
                        uint32_t mtu; /* 0: as it is */
                } configure;
                struct {
                        bool isolated;
                } port;
                char bridge[IFNAMSIZ];
                struct prefix address;
                struct {
                        struct prefix destination; /* length 0: default */
                        struct address via;        /* AF_UNSPEC: on link */
                        struct address source;     /* preferred source or AF_UNSPEC */
                } route;
                struct {
                        struct address address;
                        struct mac mac;
                } neighbour;
                struct element element;
        };
};

struct plan {
        struct operation *operations; /* owned */
        size_t n;
        size_t capacity;
};

#define PLAN_INIT ((struct plan){0})
void plan_clear(struct plan *p);
int plan_append(struct plan *p, const struct operation *o);

/* Before the link exists: firewall elements. */
int plan_admit(const struct network *n, struct plan *ret);
/* The same, and for a member of a zone what the zone's bridge is to know: permanent neighbours. */
int plan_expect(const struct network *n, struct plan *ret);
/* The latter alone. */
int plan_neighbours(const struct network *n, struct plan *ret);
/* When ve-NAME has appeared: addresses, neighbours, up, routes that need it up. When vb-NAME has: into the bridge, up.
 */
int plan_link(const struct network *n, struct plan *ret);
/* The same of n->extra[i]; one of a bridge joins it. */
int plan_extra(const struct network *n, size_t i, struct plan *ret);
/* The container's side of it: what the first process does, and what a namespace given by the caller gets. */
int plan_guest(const struct network *n, const char *link /* "host0" */, struct plan *ret);
/* A namespace given, as CNI would: create the veth, admit, both sides. */
int plan_attach(const struct network *n, const char *guest_link, struct plan *ret);
/* After the container, what plan_expect() made: elements away (the link went by itself; while it is there it must stay
 * guarded). */
int plan_dismiss(const struct network *n, struct plan *ret);
/* The way back from plan_attach: the link, then the elements. */
int plan_detach(const struct network *n, struct plan *ret);
/* Live, both sides: only what differs between two networks of the same container. */
int plan_change(const struct network *from, const struct network *to, struct plan *ret);
/* Of that, the container's side. link: what it is called there. */
int plan_guest_change(const struct network *from, const struct network *to, const char *link, struct plan *ret);

/* A zone: its elements; its bridge (create: it is not there yet) with addresses, up; the way back. */
int plan_zone_admit(const struct zone_network *z, struct plan *ret);
int plan_zone_link(const struct zone_network *z, bool create, struct plan *ret);
int plan_zone_dismiss(const struct zone_network *z, struct plan *ret);
/* Live, the host's side of it and of n members, old and new, together: one transaction. What they have inside is
 * plan_guest_change()'s. */
int plan_zone_change(const struct zone_network *from, const struct zone_network *to, const struct network *const *old,
                     const struct network *const *new, size_t n, struct plan *ret);

/* All of the functions above append to ret; they return 0 or -ENOMEM. */

static inline bool operation_is_element(const struct operation *o) {
        return o->kind == OPERATION_ELEMENT_ADD || o->kind == OPERATION_ELEMENT_REMOVE;
}
/* The operation that takes o back. false: it has none (deleting, configuring). */
bool operation_invert(const struct operation *o, struct operation *ret);
bool operation_equal(const struct operation *a, const struct operation *b);
/* One line, as a person would say it: "add address 10.233.5.17/28 to ve-example". No newline. */
void operation_print(const struct operation *o, struct buffer *b);
/* A new reference; NULL when memory ran out. */
json_t *operation_json(const struct operation *o);
