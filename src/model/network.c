/* From a container and its allocation to every name and number of its network. */
#include "network.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void network_clear(struct network *n) {
        free(n->extra);
        free(n->access);
        network_more_free(n->more);
        *n = NETWORK_INIT;
}

int network_copy(const struct network *n, struct network *ret) {
        struct network_more *more = NULL;
        struct network_pair *extra = NULL;
        struct host_access *access = NULL;

        if (n->access) {
                access = malloc(sizeof(*access));
                if (!access)
                        return -ENOMEM;
                *access = *n->access;
        }
        if (n->more && network_more_copy(n->more, &more) < 0) {
                free(access);
                return -ENOMEM;
        }
        if (n->n_extra > 0) {
                extra = calloc(n->n_extra, sizeof(*extra));
                if (!extra) {
                        free(access);
                        network_more_free(more);
                        return -ENOMEM;
                }
                memcpy(extra, n->extra, n->n_extra * sizeof(*extra));
        }
        *ret = *n;
        ret->extra = extra;
        ret->access = access;
        ret->more = more;
        return 0;
}

/* The n-th address of the range as an interface address, or nothing where there is no range. */
static struct prefix interface_address(const struct prefix *range, uint64_t n) {
        struct prefix p = *range;

        if (p.address.family != AF_UNSPEC)
                p.address = prefix_nth(range, n);
        return p;
}

static int compute_access(const struct container *c, struct network *n) {
        if (c->mode != NETWORK_VETH || host_access_equal(&c->access, &(struct host_access){0}))
                return 0;
        n->access = malloc(sizeof(*n->access));
        if (!n->access)
                return -ENOMEM;
        *n->access = c->access;
        return 0;
}

/* As nspawn numbers them: by their place in the list. */
static int compute_extra(const struct container *c, const uint8_t machine_id[16], struct network *n) {
        if (c->n_extra_veths == 0)
                return 0;
        n->extra = calloc(c->n_extra_veths, sizeof(*n->extra));
        if (!n->extra)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_extra_veths; i++) {
                const struct extra_veth *v = &c->extra_veths[i];
                struct network_pair *x = &n->extra[n->n_extra++];

                (void) snprintf(x->link, sizeof x->link, "%s", v->name);
                (void) snprintf(x->guest_link, sizeof x->guest_link, "%s", v->inside ?: v->name);
                if (v->end.bridge)
                        (void) snprintf(x->bridge, sizeof x->bridge, "%s", v->end.bridge);
                x->host_mac = link_mac(MAC_EXTRA_HOST, machine_id, c->name, i);
                x->container_mac = link_mac(MAC_EXTRA_CONTAINER, machine_id, c->name, i);
                x->container_link_local = address_link_local(&x->container_mac);
                if (!v->end.bridge)
                        x->host_link_local = address_link_local(&x->host_mac);
                x->host_v4 = v->end.host_v4;
                x->host_v6 = v->end.host_v6;
                x->container_v4 = v->end.local_v4;
                x->container_v6 = v->end.local_v6;
        }
        return 0;
}

/* Everything is as the definition says; nothing is rewritten on the way out. */
static void compute_defined(const struct container *c, struct network *n) {
        const struct end *end = &c->end;

        n->guest_mac_set = end->has_mac;
        if (end->has_mac)
                n->container_mac = end->mac;
        n->host_v4 = end->host_v4;
        n->host_v6 = end->host_v6;
        n->container_v4 = end->local_v4;
        n->container_v6 = end->local_v6;
}

static void compute_nspawn(const struct allocation *a, struct network *n) {
        n->responders = true;
        n->host_v4 = interface_address(&a->v4, 1);
        n->container_v4 = interface_address(&a->v4, 2);
        n->host_v6 = interface_address(&a->v6, 1);
        n->container_v6 = interface_address(&a->v6, 2);
        n->masquerade_v4 = a->v4.address.family == AF_INET;
        /* A global prefix is routed; only what nobody outside can answer to is rewritten. */
        n->masquerade_v6 = address_is_unique_local(&a->v6.address);
}

int network_compute(const struct container *c, const struct allocation *a, const uint8_t machine_id[16],
                    struct network *ret) {
        struct network n = {.kind = c->kind, .mode = c->mode};
        bool bridged = c->mode == NETWORK_ZONE || c->mode == NETWORK_BRIDGE;

        if (container_name_problem(c->name))
                return -EINVAL;
        (void) snprintf(n.name, sizeof n.name, "%s", c->name);
        if (!c->hand) {
                n.forwards = c->forwards;
                n.n_forwards = c->n_forwards;
        }
        if (compute_extra(c, machine_id, &n) < 0 || compute_access(c, &n) < 0) {
                network_clear(&n);
                return -ENOMEM;
        }
        if (!container_has_link(c)) {
                *ret = n;
                return 0;
        }
        n.link_shortened = link_name(bridged ? LINK_VB : LINK_VE, c->name, n.link);
        (void) snprintf(n.guest_link, sizeof n.guest_link, c->kind == CONTAINER_NIXOS ? "eth0" : "host0");
        n.host_mac = link_mac(MAC_HOST, machine_id, c->name, 0);
        n.container_mac = link_mac(MAC_CONTAINER, machine_id, c->name, 0);
        if (c->kind == CONTAINER_NIXOS || c->mode == NETWORK_BRIDGE)
                compute_defined(c, &n);
        else if (!bridged)
                compute_nspawn(a, &n);
        else
                n.responders = c->mode == NETWORK_ZONE;
        n.router_mac = n.host_mac;
        n.container_link_local = address_link_local(&n.container_mac);
        /* A member of a bridge shares the bridge's range and has the bridge's host side. */
        if (!bridged)
                n.host_link_local = address_link_local(&n.host_mac);
        /* A member of a zone is settled when its zone is known. */
        if (c->kind == CONTAINER_NSPAWN && c->mode != NETWORK_ZONE && network_settle(c, &n) < 0) {
                network_clear(&n);
                return -ENOMEM;
        }
        *ret = n;
        return 0;
}

bool network_pair_is_guarded(const struct network *n, const struct network_pair *p) {
        const struct prefix *addresses[] = {&p->host_v4, &p->container_v4, &p->host_v6, &p->container_v6};

        for (size_t i = 0; i < ELEMENTS_OF(addresses); i++)
                if (addresses[i]->address.family != AF_UNSPEC)
                        return !p->bridge[0];
        return n->kind == CONTAINER_NIXOS && !p->bridge[0];
}

void network_drop_v6(struct network *n) {
        n->host_v6 = n->container_v6 = (struct prefix){0};
        n->host_link_local = n->container_link_local = (struct address){0};
        n->masquerade_v6 = false;
        if (n->more)
                network_more_drop_v6(n->more);
        for (size_t i = 0; i < n->n_extra; i++) {
                struct network_pair *x = &n->extra[i];

                x->host_v6 = x->container_v6 = (struct prefix){0};
                x->host_link_local = x->container_link_local = (struct address){0};
        }
}

bool network_same_link(const struct network *a, const struct network *b) {
        return a->mode == b->mode && strcmp(a->link, b->link) == 0 && strcmp(a->bridge, b->bridge) == 0 &&
               mac_equal(&a->host_mac, &b->host_mac) && mac_equal(&a->container_mac, &b->container_mac);
}
