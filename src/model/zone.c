/* From a zone's definition to its bridge, and to the networks of its members. */
#include "zone.h"

#include "drop_v6.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ULA_LENGTH 64

void zone_clear(struct zone *z) {
        link_settings_clear(&z->link);
        *z = ZONE_INIT;
}

uint8_t zone_automatic_v4(const struct zone *z) {
        return z->link.automatic_v4 ?: z->link.reset ? 0 : z->size;
}

uint8_t zone_automatic_v6(const struct zone *z) {
        return z->link.automatic_v6 || !z->link.reset ? ULA_LENGTH : 0;
}

/* The first address of each family is that of the members' range, the others are the host's alone. */
static int add_address(struct zone_network *z, const struct prefix *p) {
        struct prefix *first = p->address.family == AF_INET ? &z->host_v4 : &z->host_v6;

        if (address_equal(&first->address, &p->address))
                return 0;
        for (size_t i = 0; i < z->n_more; i++)
                if (address_equal(&z->more[i].address, &p->address))
                        return 0;

        if (first->address.family == AF_UNSPEC) {
                *first = *p;
                return 0;
        }
        if (z->n_more == ZONE_ADDRESSES_MAX)
                return -E2BIG;
        z->more[z->n_more++] = *p;
        return 0;
}

static int add_automatic(struct zone_network *z, const struct prefix *range) {
        struct prefix p = *range;

        p.address = prefix_nth(range, 1);
        return add_address(z, &p);
}

static int add_addresses(const struct zone *z, const struct allocation *a, struct zone_network *n) {
        int r = 0;

        if (zone_automatic_v4(z) > 0 && a->v4.address.family == AF_INET)
                r = add_automatic(n, &a->v4);
        if (r == 0 && zone_automatic_v6(z) > 0 && a->v6.address.family == AF_INET6)
                r = add_automatic(n, &a->v6);
        for (size_t i = 0; i < z->link.n_addresses && r == 0; i++)
                r = add_address(n, &z->link.addresses[i]);
        for (size_t i = 0; i < z->link.n_prefixes && r == 0; i++) {
                struct prefix assigned[IPV6_PREFIX_TOKENS_MAX];
                size_t k = ipv6_prefix_host_addresses(&z->link.prefixes[i], &n->mac, assigned);

                for (size_t j = 0; j < k && r == 0; j++)
                        r = add_address(n, &assigned[j]);
        }
        if (r == 0 && n->host_v4.address.family == AF_UNSPEC && n->host_v6.address.family == AF_UNSPEC)
                r = -EINVAL;
        return r;
}

static bool host_is_in(const struct zone_network *n, const struct prefix *p) {
        if (prefix_contains(p, &n->host_v6.address))
                return true;
        for (size_t i = 0; i < n->n_more; i++)
                if (prefix_contains(p, &n->more[i].address))
                        return true;
        return false;
}

/* The lists of a definition are no longer than those of a network. A prefix without an address of the host needs a
 * route of its own. */
static void add_settings(const struct link_settings *s, struct zone_network *n) {
        n->has_more = s->n_settings > 0;
        n->dhcp = s->dhcp;
        n->router = s->router;
        for (size_t i = 0; i < s->n_route_prefixes; i++)
                n->route_prefixes[n->n_route_prefixes++] = s->route_prefixes[i];
        for (size_t i = 0; i < s->n_neighbours; i++)
                n->neighbours[n->n_neighbours++] = s->neighbours[i];
        for (size_t i = 0; i < s->n_routes; i++)
                n->routes[n->n_routes++] = s->routes[i];
        for (size_t i = 0; i < s->n_prefixes; i++) {
                n->prefixes[n->n_prefixes++] = s->prefixes[i];
                if (!host_is_in(n, &s->prefixes[i].prefix))
                        n->routes[n->n_routes++] = (struct link_route){.destination = s->prefixes[i].prefix};
        }
}

int zone_compute(const struct zone *z, const struct allocation *a, const uint8_t machine_id[16],
                 struct zone_network *ret) {
        const struct link_settings *link = &z->link;
        struct zone_network n = {.mtu = link->mtu,
                                 .internal = z->internal,
                                 .persistent = z->persistent,
                                 .isolated = z->isolated,
                                 .access = z->access};
        int r;

        if (zone_name_problem(z->name))
                return -EINVAL;
        (void) snprintf(n.name, sizeof n.name, "%s", z->name);
        (void) link_name(LINK_VZ, z->name, n.link);
        n.mac = link->has_mac ? link->mac : link_mac(MAC_ZONE, machine_id, z->name, 0);
        n.host_link_local = address_link_local(&n.mac);
        r = add_addresses(z, a, &n);
        if (r < 0)
                return r;
        add_settings(link, &n);
        /* A global prefix is routed; only what nobody outside can answer to is rewritten. */
        n.masquerade_v4 = link->masquerade_v4 != CHOICE_NO && !z->internal && n.host_v4.address.family == AF_INET;
        n.masquerade_v6 =
                link->masquerade_v6 != CHOICE_NO && !z->internal && address_is_unique_local(&n.host_v6.address);
        *ret = n;
        return 0;
}

void zone_drop_v6(struct zone_network *z) {
        DROP_V6(z, more, address);
        DROP_V6(z, routes, destination.address);
        DROP_V6(z, neighbours, address);
        z->host_v6 = (struct prefix){0};
        z->host_link_local = ADDRESS_NONE;
        z->masquerade_v6 = false;
        z->n_prefixes = z->n_route_prefixes = 0;
}

const struct prefix *zone_host_address(const struct zone_network *z, size_t i) {
        return network_nth_address(&z->host_v4, &z->host_v6, z->more, z->n_more, i);
}

/* Not the network's, nor the broadcast address, nor one of the host's. */
static bool fits(const struct zone_network *z, const struct prefix *range, uint32_t number) {
        struct prefix network = prefix_network(range);
        uint8_t bits = (uint8_t) (address_bits(&range->address) - range->length);
        uint32_t last = bits >= 32 ? UINT32_MAX : (uint32_t) ((UINT64_C(1) << bits) - 1);
        struct address a, broadcast = prefix_broadcast(range);

        if (number > last)
                return false;
        a = prefix_nth(&network, number);
        if (address_equal(&a, &range->address) || (broadcast.family != AF_UNSPEC && address_equal(&a, &broadcast)))
                return false;
        for (size_t i = 0; i < z->n_more; i++)
                if (address_equal(&a, &z->more[i].address))
                        return false;
        return true;
}

bool zone_number_fits(const struct zone_network *z, uint32_t number) {
        return number >= ZONE_MEMBER_FIRST &&
               (z->host_v4.address.family == AF_UNSPEC || fits(z, &z->host_v4, number)) &&
               (z->host_v6.address.family == AF_UNSPEC || fits(z, &z->host_v6, number));
}

int zone_number_choose(const struct zone_network *z, const uint32_t *taken, size_t n_taken, uint32_t *ret) {
        size_t next = 0;

        if (n_taken >= ZONE_MEMBERS_MAX)
                return -ENOSPC;
        /* Beside those taken, a number is passed over only for one of the host's addresses or a broadcast address. */
        for (uint32_t number = ZONE_MEMBER_FIRST; number <= ZONE_MEMBER_FIRST + n_taken + ZONE_ADDRESSES_MAX + 2;
             number++) {
                while (next < n_taken && taken[next] < number)
                        next++;
                if ((next == n_taken || taken[next] != number) && zone_number_fits(z, number)) {
                        *ret = number;
                        return 0;
                }
        }
        return -ENOSPC;
}

static struct prefix nth(const struct prefix *range, uint32_t number) {
        struct prefix p = prefix_network(range);

        if (range->address.family == AF_UNSPEC)
                return (struct prefix){.address = ADDRESS_NONE};
        p.address = prefix_nth(&p, number);
        return p;
}

struct network_more zone_more(const struct zone_network *z) {
        return (struct network_more){
                .prefixes = (struct ipv6_prefix *) z->prefixes,
                .n_prefixes = z->n_prefixes,
                .route_prefixes = (struct ipv6_route_prefix *) z->route_prefixes,
                .n_route_prefixes = z->n_route_prefixes,
                .host_routes = (struct link_route *) z->routes,
                .n_host_routes = z->n_routes,
                .host_neighbours = (struct link_neighbour *) z->neighbours,
                .n_host_neighbours = z->n_neighbours,
                .dhcp = z->dhcp,
                .router = z->router,
        };
}

int zone_router(const struct zone_network *z, struct network *ret) {
        const struct network_more more = zone_more(z);

        *ret = (struct network){.mode = NETWORK_ZONE,
                                .router_mac = z->mac,
                                .host_v4 = z->host_v4,
                                .host_v6 = z->host_v6,
                                .host_link_local = z->host_link_local,
                                .mtu = z->mtu,
                                .internal = z->internal,
                                .responders = z->access.kind != HOST_ACCESS_NONE};
        (void) snprintf(ret->name, sizeof ret->name, "%s", z->name);
        memcpy(ret->link, z->link, sizeof ret->link);
        return z->has_more ? network_more_copy(&more, &ret->more) : 0;
}

int zone_member(const struct container *c, const struct zone_network *z, uint32_t number, const uint8_t machine_id[16],
                struct network *ret) {
        struct network_more more = zone_more(z);
        int r;

        if (!zone_number_fits(z, number))
                return -ERANGE;
        r = network_compute(c, NULL, machine_id, ret);
        if (r < 0)
                return r;
        memcpy(ret->bridge, z->link, sizeof ret->bridge);
        ret->router_mac = z->mac;
        ret->host_v4 = z->host_v4;
        ret->host_v6 = z->host_v6;
        ret->host_link_local = z->host_link_local;
        ret->container_v4 = nth(&z->host_v4, number);
        ret->container_v6 = nth(&z->host_v6, number);
        if (z->host_link_local.family == AF_UNSPEC)
                ret->container_link_local = ADDRESS_NONE;
        ret->mtu = z->mtu;
        ret->isolated = z->isolated || c->isolated;
        ret->internal = z->internal;
        more.host_addresses = (struct prefix *) z->more;
        more.n_host_addresses = z->n_more;
        ret->masquerade_v4 = z->masquerade_v4;
        ret->masquerade_v6 = z->masquerade_v6;
        r = network_settle_member(c, z->has_more ? &more : NULL, ret);
        /* The zone has the elements of its ranges. */
        ret->masquerade_v4 = ret->masquerade_v6 = false;
        if (r >= 0 && z->host_link_local.family == AF_UNSPEC)
                network_drop_v6(ret);
        if (r < 0)
                network_clear(ret);
        return r;
}
