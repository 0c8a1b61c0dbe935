/* What plans of containers and of zones are put together from. Private to this folder. */
#pragma once

#include "plan/plan.h"

#include <string.h>

static inline int append(struct plan *p, enum operation_kind kind, enum operation_side side, const char *link,
                         struct operation *o) {
        o->kind = kind;
        o->side = side;
        memcpy(o->link, link, strnlen(link, sizeof(o->link) - 1) + 1);
        return plan_append(p, o);
}

static inline int append_address(struct plan *p, enum operation_side side, const char *link,
                                 const struct prefix *address) {
        if (address->address.family == AF_UNSPEC)
                return 0;
        return append(p, OPERATION_ADDRESS_ADD, side, link, &(struct operation){.address = *address});
}

static inline int append_neighbour(struct plan *p, enum operation_side side, const char *link,
                                   const struct address *address, const struct mac *mac) {
        if (address->family == AF_UNSPEC)
                return 0;
        return append(p, OPERATION_NEIGHBOUR_ADD, side, link,
                      &(struct operation){.neighbour = {.address = *address, .mac = *mac}});
}

static inline int append_default_route(struct plan *p, const char *link, const struct address *via) {
        if (via->family == AF_UNSPEC)
                return 0;
        struct operation o = {.route = {.destination = {.address = {.family = via->family}}, .via = *via}};
        return append(p, OPERATION_ROUTE_ADD, SIDE_CONTAINER, link, &o);
}

static inline int append_element(struct plan *p, const struct element *e) {
        return append(p, OPERATION_ELEMENT_ADD, SIDE_HOST, e->link, &(struct operation){.element = *e});
}

static inline struct element element_of(enum element_set set, const char *link) {
        struct element e = {.set = set};
        memcpy(e.link, link, strnlen(link, sizeof(e.link) - 1) + 1);
        return e;
}

static inline int append_link(struct plan *p, enum element_set set, const char *link) {
        struct element e = element_of(set, link);
        return append_element(p, &e);
}

/* What may come from a link: with the hardware address where the set has one. */
static inline int append_guard(struct plan *p, enum element_set set, const char *link, const struct mac *mac,
                               const struct prefix *prefix) {
        struct element e = element_of(set, link);
        e.prefix = *prefix;
        if (element_fields(set) & ELEMENT_MAC)
                e.mac = *mac;
        return append_element(p, &e);
}

static inline struct prefix link_local(const struct address *a) {
        return (struct prefix){.address = *a, .length = 64};
}

/* plan.c: the inverses of p's operations, last first. */
int plan_append_inverted(const struct plan *p, struct plan *ret);
/* All of a link but raising it. */
int plan_link_configured(const struct network *n, struct plan *ret);

/* change.c. What a network asks of the host's firewall, and of both ends of its link. */
struct plan_parts {
        struct plan admit, link, guest;
};
void plan_parts_clear(struct plan_parts *p);
/* What differs between the parts of two networks. */
int plan_append_change(const struct plan_parts *from, const struct plan_parts *to, struct plan *ret);

/* zone.c. A port of a bridge, for what the kernel takes from it past the bridge. */
int plan_port_admit(const char *link, struct plan *ret);
/* The parts of a container's plans that are a member's. */
int plan_member_admit(const struct network *n, struct plan *ret);
/* The port: into the bridge, and what it may; all but raising it. */
int plan_member_port(const struct network *n, struct plan *ret);
int plan_access(const struct host_access *access, const char *link, struct plan *ret);
