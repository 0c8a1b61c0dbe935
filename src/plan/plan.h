/* A plan: operations in order, each of which can be done and undone. Pure: made from what is wanted and what was
 * seen, printed for --dry-run, carried out by apply/.
 *
 * An operation of a link names it by `link`; apply turns names into indices. */
#pragma once

#include "base/buffer.h"
#include "model/network.h"

#include <jansson.h>

enum operation_kind {
        OPERATION_LINK_CREATE,   /* a veth pair; peer may be put into a namespace */
        OPERATION_LINK_DELETE,
        OPERATION_LINK_CONFIGURE,/* address generation mode none, MTU */
        OPERATION_LINK_UP,
        OPERATION_ADDRESS_ADD,   /* IPv6 without duplicate detection */
        OPERATION_ADDRESS_REMOVE,
        OPERATION_ROUTE_ADD,
        OPERATION_ROUTE_REMOVE,
        OPERATION_NEIGHBOUR_ADD, /* permanent */
        OPERATION_NEIGHBOUR_REMOVE,
        OPERATION_ELEMENT_ADD,   /* an nftables set or map element */
        OPERATION_ELEMENT_REMOVE,
};

enum operation_side {
        SIDE_HOST,
        SIDE_CONTAINER, /* in the container's network namespace */
};

/* Sets and maps of firewall/base.nft that have elements a container; their key and data layouts are in
 * firewall/elements.h. The plan layer only fills the fields that the set has. */
enum element_set {
        SET_MASQUERADE_V4,  /* ip  io.systemd.nat masq_saddr: prefix */
        SET_MASQUERADE_V6,  /* ip6 io.systemd.nat masq_saddr: prefix */
        SET_FORWARD_V4,     /* ip  io.systemd.nat map_port_ipport: protocol . port : address . port */
        SET_FORWARD_V6,
        SET_LINKS,          /* our table: names of container links */
        SET_SOURCE_V4,      /* our table: link . MAC . IPv4 that may be sent from */
        SET_SOURCE_V6,      /* our table: link . MAC . IPv6 (or its /64, see firewall/base.nft) */
        SET_BOUND_V4,       /* our table: protocol . bind address . port : address . port */
        SET_BOUND_V6,
        _SET_MAX,
};

struct element {
        enum element_set set;
        char link[IFNAMSIZ];
        struct mac mac;
        struct prefix prefix;      /* address or range */
        uint8_t protocol;          /* IPPROTO_* */
        uint16_t port;             /* host order */
        struct address to;
        uint16_t to_port;
};

struct operation {
        enum operation_kind kind;
        enum operation_side side;
        char link[IFNAMSIZ];
        union {
                struct {
                        char peer[IFNAMSIZ];
                        struct mac mac, peer_mac;
                        uint32_t mtu;
                } create;
                struct {
                        uint32_t mtu;       /* 0: as it is */
                } configure;
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

#define PLAN_INIT ((struct plan) {0})
void plan_clear(struct plan *p);
int plan_append(struct plan *p, const struct operation *o);

/* Before the link exists: firewall elements. */
int plan_admit(const struct network *n, struct plan *ret);
/* When ve-NAME has appeared: addresses, neighbours, up (last). */
int plan_link(const struct network *n, struct plan *ret);
/* The container's side of it: what the first process does, and what a namespace given by the caller gets. */
int plan_guest(const struct network *n, const char *link /* "host0" */, struct plan *ret);
/* A namespace given, as CNI would: create the veth, admit, both sides. */
int plan_attach(const struct network *n, const char *guest_link, struct plan *ret);
/* After the container: elements away (the link goes by itself, or with plan_attach's undo). */
int plan_dismiss(const struct network *n, struct plan *ret);
/* Live: only what differs between two networks of the same container. */
int plan_change(const struct network *from, const struct network *to, struct plan *ret);

/* The operation that takes o back. false: it has none (deleting). */
bool operation_invert(const struct operation *o, struct operation *ret);
/* One line, as a person would say it: "add address 10.233.5.17/28 to ve-example". */
void operation_print(const struct operation *o, struct buffer *b);
json_t *operation_json(const struct operation *o);
