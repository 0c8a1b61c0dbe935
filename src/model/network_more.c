/* What a person's settings add to a network, or change of it: addresses, prefixes, routes.
 *
 * The main addresses stay those that were allocated; where the settings drop these (an empty Address=), the first ones
 * that were given take their place, and a host's range without an address for the container gives it the next one. */
#include "network.h"

#include "drop_v6.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* All lists of struct network_more, for what is done to each alike. */
static const struct {
        size_t list, n, size;
} lists[] = {
#define LIST(name, type)                                                                                               \
        { offsetof(struct network_more, name), offsetof(struct network_more, n_##name), sizeof(type) }
        LIST(host_addresses, struct prefix),
        LIST(container_addresses, struct prefix),
        LIST(prefixes, struct ipv6_prefix),
        LIST(route_prefixes, struct ipv6_route_prefix),
        LIST(host_routes, struct link_route),
        LIST(container_routes, struct link_route),
        LIST(host_neighbours, struct link_neighbour),
        LIST(container_neighbours, struct link_neighbour),
        LIST(sources, struct prefix),
        LIST(masqueraded, struct prefix),
        LIST(open, struct prefix),
#undef LIST
};

static void **list_of(struct network_more *m, size_t i) {
        return (void **) ((char *) m + lists[i].list);
}

static size_t *count_of(struct network_more *m, size_t i) {
        return (size_t *) ((char *) m + lists[i].n);
}

struct network_more *network_more_free(struct network_more *m) {
        for (size_t i = 0; m && i < ELEMENTS_OF(lists); i++)
                free(*list_of(m, i));
        free(m);
        return NULL;
}

static void network_more_freep(struct network_more **m) {
        *m = network_more_free(*m);
}

static int append(void *list, size_t *n, const void *items, size_t count, size_t size) {
        void **at = list;
        char *new;

        if (count == 0)
                return 0;
        new = reallocarray(*at, *n + count, size);
        if (!new)
                return -ENOMEM;
        memcpy(new + *n *size, items, count * size);
        *at = new;
        *n += count;
        return 0;
}

#define APPEND(m, name, items, count) append(&(m)->name, &(m)->n_##name, (items), (count), sizeof(*(m)->name))

int network_more_copy(const struct network_more *m, struct network_more **ret) {
        _cleanup_(network_more_freep) struct network_more *copy = malloc(sizeof(*copy));

        if (!copy)
                return -ENOMEM;
        *copy = *m;
        for (size_t i = 0; i < ELEMENTS_OF(lists); i++) {
                *list_of(copy, i) = NULL;
                *count_of(copy, i) = 0;
        }
        for (size_t i = 0; i < ELEMENTS_OF(lists); i++)
                if (append(list_of(copy, i), count_of(copy, i), *list_of((struct network_more *) m, i),
                           *count_of((struct network_more *) m, i), lists[i].size) < 0)
                        return -ENOMEM;
        *ret = steal_ptr(copy);
        return 0;
}

void network_more_drop_v6(struct network_more *m) {
        DROP_V6(m, host_addresses, address);
        DROP_V6(m, container_addresses, address);
        DROP_V6(m, host_routes, destination.address);
        DROP_V6(m, container_routes, destination.address);
        DROP_V6(m, host_neighbours, address);
        DROP_V6(m, container_neighbours, address);
        DROP_V6(m, sources, address);
        DROP_V6(m, masqueraded, address);
        DROP_V6(m, open, address);
        m->n_prefixes = m->n_route_prefixes = 0;
}

const struct prefix *network_nth_address(const struct prefix *v4, const struct prefix *v6, const struct prefix *more,
                                         size_t n_more, size_t i) {
        const struct prefix *main[] = {v4, v6};

        for (size_t k = 0; k < ELEMENTS_OF(main); k++)
                if (main[k]->address.family != AF_UNSPEC && i-- == 0)
                        return main[k];
        return i < n_more ? &more[i] : NULL;
}

const struct prefix *network_container_address(const struct network *n, size_t i) {
        return network_nth_address(&n->container_v4, &n->container_v6, n->more ? n->more->container_addresses : NULL,
                                   n->more ? n->more->n_container_addresses : 0, i);
}

const struct prefix *network_host_address(const struct network *n, size_t i) {
        return network_nth_address(&n->host_v4, &n->host_v6, n->more ? n->more->host_addresses : NULL,
                                   n->more ? n->more->n_host_addresses : 0, i);
}

bool network_routes_by_default(const struct network *n, int family) {
        const struct prefix *main = family == AF_INET ? &n->container_v4 : &n->container_v6;

        for (size_t i = 0; n->more && i < n->more->n_container_routes; i++)
                if (n->more->container_routes[i].destination.length == 0 &&
                    n->more->container_routes[i].destination.address.family == family)
                        return false;
        return main->address.family == family;
}

struct address network_router(const struct network *n, int family) {
        const struct address *host = family == AF_INET ? &n->host_v4.address : &n->host_v6.address;

        if (n->internal || (n->kind == CONTAINER_NSPAWN && !network_routes_by_default(n, family)))
                return ADDRESS_NONE;
        /* The host may have no other address in a prefix that it only routes. */
        return host->family == AF_UNSPEC && family == AF_INET6 ? n->host_link_local : *host;
}

static bool covers(const struct prefix *list, size_t n, const struct prefix *p) {
        for (size_t i = 0; i < n; i++)
                if (list[i].length <= p->length && prefix_contains(&list[i], &p->address))
                        return true;
        return false;
}

/* As an address of the family's main one where there is none yet, else beside it. */
static int add_address(struct prefix *v4, struct prefix *v6, struct prefix **more, size_t *n_more,
                       const struct prefix *p) {
        struct prefix *main = p->address.family == AF_INET ? v4 : v6;

        if (main->address.family == AF_UNSPEC) {
                *main = *p;
                return 0;
        }
        if (address_equal(&main->address, &p->address))
                return 0;
        for (size_t i = 0; i < *n_more; i++)
                if (address_equal(&(*more)[i].address, &p->address))
                        return 0;
        return append(more, n_more, p, 1, sizeof(*p));
}

static int add_host_address(struct network *n, const struct prefix *p) {
        return add_address(&n->host_v4, &n->host_v6, &n->more->host_addresses, &n->more->n_host_addresses, p);
}

static int add_container_address(struct network *n, const struct prefix *p) {
        return add_address(&n->container_v4, &n->container_v6, &n->more->container_addresses,
                           &n->more->n_container_addresses, p);
}

static int settle_host(const struct link_settings *s, struct network *n) {
        struct prefix assigned[IPV6_PREFIX_TOKENS_MAX];
        int r = 0;

        for (size_t i = 0; i < s->n_addresses && r == 0; i++)
                r = add_host_address(n, &s->addresses[i]);
        for (size_t i = 0; i < s->n_prefixes && r == 0; i++) {
                size_t k = ipv6_prefix_host_addresses(&s->prefixes[i], &n->host_mac, assigned);

                for (size_t j = 0; j < k && r == 0; j++)
                        r = add_host_address(n, &assigned[j]);
        }
        return r;
}

/* The first address of a range that is neither the host's nor the network's, as DHCP would give one. */
static void lend_address(const struct prefix *host, struct prefix *container) {
        struct prefix p = *host;

        if (host->address.family == AF_UNSPEC || container->address.family != AF_UNSPEC ||
            host->length > address_bits(&host->address) - 2)
                return;
        p.address = prefix_nth(host, 1);
        if (address_equal(&p.address, &host->address))
                p.address = prefix_nth(host, 2);
        *container = p;
}

/* prefixes: that are advertised to it. */
static int settle_container(const struct ipv6_prefix *prefixes, size_t n_prefixes, const struct link_settings *s,
                            struct network *n) {
        struct prefix own;
        int r = 0;

        for (size_t i = 0; i < s->n_addresses && r == 0; i++)
                r = add_container_address(n, &s->addresses[i]);
        for (size_t i = 0; i < n_prefixes && r == 0; i++)
                if (ipv6_prefix_guest_address(&prefixes[i], &n->container_mac, &own))
                        r = add_container_address(n, &own);
        if (n->mode == NETWORK_VETH) {
                lend_address(&n->host_v4, &n->container_v4);
                lend_address(&n->host_v6, &n->container_v6);
        }
        return r;
}

static int add_host_route(struct network *n, const struct prefix *destination) {
        struct link_route route = {.destination = prefix_network(destination)};

        return APPEND(n->more, host_routes, &route, 1);
}

static bool host_reaches(const struct network *n, const struct prefix *p) {
        const struct prefix *a;

        for (size_t i = 0; (a = network_host_address(n, i)); i++)
                if (covers(a, 1, p))
                        return true;
        for (size_t i = 0; i < n->more->n_host_routes; i++)
                if (n->more->host_routes[i].destination.length > 0 &&
                    covers(&n->more->host_routes[i].destination, 1, p))
                        return true;
        return false;
}

/* To what the link has and no address of the host covers; a prefix of which the host has no address, too. */
static int settle_routes(const struct link_settings *host, const struct link_settings *guest, struct network *n) {
        const struct prefix *a;
        int r = APPEND(n->more, host_routes, host->routes, host->n_routes);

        for (size_t i = 0; i < host->n_prefixes && r == 0; i++)
                if (!host_reaches(n, &host->prefixes[i].prefix))
                        r = add_host_route(n, &host->prefixes[i].prefix);
        for (size_t i = 0; r == 0 && (a = network_container_address(n, i)); i++) {
                struct prefix one = prefix_of_address(&a->address);

                /* Those to the main addresses are part of every plan. */
                if (a != &n->container_v4 && a != &n->container_v6 && !host_reaches(n, &one))
                        r = add_host_route(n, &one);
        }
        return r < 0 ? r : APPEND(n->more, container_routes, guest->routes, guest->n_routes);
}

static int add_open(struct network *n, enum outside_access access, const struct prefix *p) {
        if (access == OUTSIDE_NONE || (access == OUTSIDE_GLOBAL && !address_is_global_v6(&p->address)) ||
            covers(n->more->open, n->more->n_open, p))
                return 0;
        return APPEND(n->more, open, p, 1);
}

static int add_masqueraded(struct network *n, const struct prefix *p) {
        bool wanted = p->address.family == AF_INET ? n->masquerade_v4
                                                   : n->masquerade_v6 && address_is_unique_local(&p->address);

        if (!wanted || covers(n->more->masqueraded, n->more->n_masqueraded, p))
                return 0;
        return APPEND(n->more, masqueraded, p, 1);
}

/* Whether the plan has it already, by a main address whose range is on the link. */
static bool main_covers(const struct network *n, const struct prefix *p) {
        const struct prefix *main = p->address.family == AF_INET ? &n->container_v4 : &n->container_v6,
                            *host = p->address.family == AF_INET ? &n->host_v4 : &n->host_v6;

        return covers(main, 1, p) && prefix_contains(host, &main->address);
}

/* Who may send what, what is rewritten, who is let in: first whole prefixes, then single addresses. */
static int settle_rights(const struct container *c, struct network *n) {
        struct network_more *m = n->more;
        const struct prefix *a;
        int r = 0;

        for (size_t i = 0; i < m->n_prefixes && r == 0; i++) {
                const struct prefix *p = &m->prefixes[i].prefix;

                if (!main_covers(n, p))
                        r = add_masqueraded(n, p);
                if (r == 0 && p->length == 64 && !main_covers(n, p))
                        r = APPEND(m, sources, p, 1);
                if (r == 0 && p->length == 64)
                        r = add_open(n, c->outside_access, p);
        }
        for (size_t i = 0; r == 0 && (a = network_container_address(n, i)); i++) {
                struct prefix one = prefix_of_address(&a->address);
                bool main = a == &n->container_v4 || a == &n->container_v6;

                r = add_open(n, c->outside_access, &one);
                if (r == 0 && !main && !(one.address.family == AF_INET6 && main_covers(n, &one)) &&
                    !covers(m->sources, m->n_sources, &one))
                        r = APPEND(m, sources, &one, 1);
                if (r == 0 && !main && !main_covers(n, &one))
                        r = add_masqueraded(n, &one);
        }
        /* What is behind a gateway comes last: it may cover them. */
        for (size_t i = 0; i < m->n_host_routes && r == 0; i++)
                if (m->host_routes[i].gateway.family != AF_UNSPEC)
                        r = add_open(n, c->outside_access, &m->host_routes[i].destination);
        return r;
}

static int copy_lists(const struct link_settings *host, const struct link_settings *guest, struct network_more *m) {
        int r = APPEND(m, prefixes, host->prefixes, host->n_prefixes);

        if (r == 0)
                r = APPEND(m, route_prefixes, host->route_prefixes, host->n_route_prefixes);
        if (r == 0)
                r = APPEND(m, host_neighbours, host->neighbours, host->n_neighbours);
        if (r == 0)
                r = APPEND(m, container_neighbours, guest->neighbours, guest->n_neighbours);
        m->dhcp = host->dhcp;
        m->router = host->router;
        return r;
}

static void settle_masquerade(const struct link_settings *s, struct network *n) {
        n->masquerade_v4 = s->masquerade_v4 != CHOICE_NO;
        n->masquerade_v6 = s->masquerade_v6 != CHOICE_NO;
}

static void settle_mac(const struct link_settings *guest, struct network *n) {
        if (!guest->has_mac)
                return;
        n->container_mac = guest->mac;
        n->guest_mac_set = true;
        n->container_link_local = address_link_local(&guest->mac);
}

int network_settle(const struct container *c, struct network *n) {
        const struct link_settings *host = &c->host_settings, *guest = &c->container_settings;
        int r;

        if (!host->present && !guest->present && c->outside_access != OUTSIDE_ALL)
                return 0;
        n->more = calloc(1, sizeof(*n->more));
        if (!n->more)
                return -ENOMEM;
        if (host->reset && !host->automatic_v4)
                n->host_v4 = n->container_v4 = (struct prefix){0};
        if (host->reset && !host->automatic_v6)
                n->host_v6 = n->container_v6 = (struct prefix){0};
        settle_mac(guest, n);
        n->mtu = host->mtu ? host->mtu : guest->mtu ? guest->mtu : n->mtu;
        if (n->mode == NETWORK_VETH)
                settle_masquerade(host, n);
        r = copy_lists(host, guest, n->more);
        if (r == 0)
                r = settle_host(host, n);
        if (r == 0)
                r = settle_container(host->prefixes, host->n_prefixes, guest, n);
        if (r == 0)
                r = settle_routes(host, guest, n);
        return r < 0 ? r : settle_rights(c, n);
}

/* Single addresses: a zone's prefixes are shared. */
static int settle_member_address(const struct container *c, const struct network_more *zone, const struct prefix *a,
                                 struct network *n) {
        struct prefix one = prefix_of_address(&a->address);
        bool known = host_reaches(n, &one);
        int r = n->internal ? 0 : add_open(n, c->outside_access, &one);

        for (size_t i = 0; zone && i < zone->n_prefixes && !known; i++)
                known = covers(&zone->prefixes[i].prefix, 1, &one);
        if (r == 0 && !known)
                r = add_host_route(n, &one);
        return r < 0 || known ? r : add_masqueraded(n, &one);
}

int network_settle_member(const struct container *c, const struct network_more *zone, struct network *n) {
        const struct link_settings *guest = &c->container_settings;
        const struct prefix *a;
        int r;

        if (!zone && !guest->present && c->outside_access != OUTSIDE_ALL)
                return 0;
        n->more = calloc(1, sizeof(*n->more));
        if (!n->more)
                return -ENOMEM;
        settle_mac(guest, n);
        n->mtu = guest->mtu ?: n->mtu;
        r = zone ? APPEND(n->more, host_addresses, zone->host_addresses, zone->n_host_addresses) : 0;
        if (r == 0)
                r = APPEND(n->more, container_neighbours, guest->neighbours, guest->n_neighbours);
        if (r == 0)
                r = settle_container(zone ? zone->prefixes : NULL, zone ? zone->n_prefixes : 0, guest, n);
        for (size_t i = 0; r == 0 && (a = network_container_address(n, i)); i++)
                r = settle_member_address(c, zone, a, n);
        return r < 0 ? r : APPEND(n->more, container_routes, guest->routes, guest->n_routes);
}
