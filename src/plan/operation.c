/* Operations as values: comparing them, taking them back, and growing a plan. */
#include "plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void plan_clear(struct plan *p) {
        free(p->operations);
        *p = PLAN_INIT;
}

int plan_append(struct plan *p, const struct operation *o) {
        if (p->n == p->capacity) {
                size_t capacity = p->capacity ? p->capacity * 2 : 32;
                struct operation *operations = reallocarray(p->operations, capacity, sizeof(*operations));
                if (!operations)
                        return -ENOMEM;
                p->operations = operations;
                p->capacity = capacity;
        }
        p->operations[p->n++] = *o;
        return 0;
}

bool operation_invert(const struct operation *o, struct operation *ret) {
        static const enum operation_kind inverse[_OPERATION_MAX] = {
                [OPERATION_LINK_CREATE] = OPERATION_LINK_DELETE,
                [OPERATION_BRIDGE_CREATE] = OPERATION_LINK_DELETE,
                [OPERATION_LINK_DELETE] = _OPERATION_MAX,
                [OPERATION_LINK_CONFIGURE] = _OPERATION_MAX,
                [OPERATION_LINK_JOIN] = _OPERATION_MAX,
                [OPERATION_PORT_CONFIGURE] = _OPERATION_MAX,
                [OPERATION_LINK_UP] = OPERATION_LINK_DOWN,
                [OPERATION_LINK_DOWN] = OPERATION_LINK_UP,
                [OPERATION_ADDRESS_ADD] = OPERATION_ADDRESS_REMOVE,
                [OPERATION_ADDRESS_REMOVE] = OPERATION_ADDRESS_ADD,
                [OPERATION_ROUTE_ADD] = OPERATION_ROUTE_REMOVE,
                [OPERATION_ROUTE_REMOVE] = OPERATION_ROUTE_ADD,
                [OPERATION_NEIGHBOUR_ADD] = OPERATION_NEIGHBOUR_REMOVE,
                [OPERATION_NEIGHBOUR_REMOVE] = OPERATION_NEIGHBOUR_ADD,
                [OPERATION_ELEMENT_ADD] = OPERATION_ELEMENT_REMOVE,
                [OPERATION_ELEMENT_REMOVE] = OPERATION_ELEMENT_ADD,
        };
        if (inverse[o->kind] == _OPERATION_MAX)
                return false;
        *ret = *o;
        ret->kind = inverse[o->kind];
        return true;
}

static bool element_equal(const struct element *a, const struct element *b) {
        return a->set == b->set && strcmp(a->link, b->link) == 0 && mac_equal(&a->mac, &b->mac) &&
               prefix_equal(&a->prefix, &b->prefix) && a->protocol == b->protocol && a->port == b->port &&
               a->count == b->count && address_equal(&a->to, &b->to) && a->to_port == b->to_port;
}

bool operation_equal(const struct operation *a, const struct operation *b) {
        if (a->kind != b->kind || a->side != b->side || strcmp(a->link, b->link) != 0)
                return false;
        switch (a->kind) {
        case OPERATION_LINK_CREATE:
                return strcmp(a->create.peer, b->create.peer) == 0 &&
                       strcmp(a->create.altname, b->create.altname) == 0 && mac_equal(&a->create.mac, &b->create.mac) &&
                       mac_equal(&a->create.peer_mac, &b->create.peer_mac) && a->create.mtu == b->create.mtu;
        case OPERATION_BRIDGE_CREATE:
                return mac_equal(&a->create.mac, &b->create.mac);
        case OPERATION_PORT_CONFIGURE:
                return a->port.isolated == b->port.isolated;
        case OPERATION_LINK_CONFIGURE:
                return a->configure.mtu == b->configure.mtu;
        case OPERATION_LINK_JOIN:
                return strcmp(a->bridge, b->bridge) == 0;
        case OPERATION_ADDRESS_ADD:
        case OPERATION_ADDRESS_REMOVE:
                return prefix_equal(&a->address, &b->address);
        case OPERATION_ROUTE_ADD:
        case OPERATION_ROUTE_REMOVE:
                return prefix_equal(&a->route.destination, &b->route.destination) &&
                       address_equal(&a->route.via, &b->route.via) && address_equal(&a->route.source, &b->route.source);
        case OPERATION_NEIGHBOUR_ADD:
        case OPERATION_NEIGHBOUR_REMOVE:
                return address_equal(&a->neighbour.address, &b->neighbour.address) &&
                       mac_equal(&a->neighbour.mac, &b->neighbour.mac);
        case OPERATION_ELEMENT_ADD:
        case OPERATION_ELEMENT_REMOVE:
                return element_equal(&a->element, &b->element);
        case OPERATION_LINK_DELETE:
        case OPERATION_LINK_UP:
        case OPERATION_LINK_DOWN:
        case _OPERATION_MAX:
                break;
        }
        return true;
}
