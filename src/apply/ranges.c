/* What the host's addresses and routes occupy, for whoever looks for a free range, or says an address of their own. */
#include "apply/step.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

static bool range_matters(const struct prefix *p) {
        return p->length > 0 && !address_is_loopback(&p->address) && !address_is_link_local(&p->address) &&
               !address_is_multicast(&p->address);
}

/* Addresses of the host itself are in the local table, each as a route of its own: they come as addresses. */
static bool route_matters(const struct netlink_route *r) {
        return r->table != RT_TABLE_LOCAL && r->type != RTN_LOCAL && r->type != RTN_BROADCAST &&
               r->type != RTN_MULTICAST && r->type != RTN_ANYCAST && range_matters(&r->destination);
}

int engine_observe_ranges(struct engine *engine, struct prefix **ret, size_t *ret_n, struct error *e) {
        _cleanup_(freep) struct netlink_address *addresses = NULL;
        _cleanup_(freep) struct netlink_route *routes = NULL;
        size_t n_addresses = 0, n_routes = 0, n = 0;
        int r = netlink_addresses(engine->route, &addresses, &n_addresses);
        if (r == 0)
                r = netlink_routes(engine->route, &routes, &n_routes);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot list the host's addresses and routes");
        struct prefix *ranges = calloc(2 * n_addresses + n_routes + 1, sizeof(*ranges));
        if (!ranges)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot list the host's addresses and routes");
        for (size_t i = 0; i < n_addresses; i++) {
                const struct netlink_address *a = &addresses[i];
                if (range_matters(&a->address))
                        ranges[n++] = prefix_network(&a->address);
                if (range_matters(&a->peer) && !address_equal(&a->peer.address, &a->address.address))
                        ranges[n++] = prefix_network(&a->peer);
        }
        for (size_t i = 0; i < n_routes; i++)
                if (route_matters(&routes[i]))
                        ranges[n++] = prefix_network(&routes[i].destination);
        *ret = ranges;
        *ret_n = n;
        return 0;
}

int engine_find_range(struct engine *engine, const struct prefix *p,
                      bool (*pass_over)(const char *link, void *userdata), void *userdata, const char *except,
                      char link[IF_NAMESIZE], struct error *e) {
        _cleanup_(freep) struct netlink_address *addresses = NULL;
        const struct prefix network = prefix_network(p);
        size_t n = 0;
        int r = netlink_addresses(engine->route, &addresses, &n);

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot list the host's addresses");
        for (size_t i = 0; i < n; i++) {
                struct prefix own = addresses[i].address;

                if (p->length == address_bits(&p->address))
                        own.length = p->length;
                own = prefix_network(&own);
                /* A link may be gone meanwhile. */
                if (own.length == network.length && address_equal(&own.address, &network.address) &&
                    if_indextoname((unsigned) addresses[i].ifindex, link) &&
                    !(pass_over && pass_over(link, userdata)) && (!except || strcmp(link, except) != 0))
                        return 1;
        }
        return 0;
}

/* whose: "container" or "zone". */
static int check_range(struct engine *engine, const char *whose, const char *name, const char *own_link,
                       const struct prefix *p, struct error *e) {
        const struct prefix network = prefix_network(p);
        char link[IF_NAMESIZE], text[PREFIX_TEXT_MAX];
        int r;

        if (!range_matters(p) || p->length == address_bits(&p->address))
                return 0;
        r = engine_find_range(engine, &network, NULL, NULL, own_link, link, e);
        return r <= 0 ? r
                      : error_set(e, EADDRINUSE, EXIT_CONTAINER,
                                  "the range %s of %s '%s' is the network that the host has on its link %s already; "
                                  "give the %s another one",
                                  prefix_format(&network, text), whose, name, link, whose);
}

static int check_address(struct engine *engine, const struct network *n, const struct prefix *p, struct error *e) {
        const struct prefix one = prefix_of_address(&p->address);
        char link[IF_NAMESIZE], text[ADDRESS_TEXT_MAX];
        int r = engine_find_range(engine, &one, NULL, NULL, n->link, link, e);

        return r <= 0 ? r
                      : error_set(e, EADDRINUSE, EXIT_CONTAINER,
                                  "the address %s of container '%s' is the host's own, on its link %s; give the "
                                  "container another one",
                                  address_format(&p->address, text), n->name, link);
}

/* Two links of nixos-containers may have one range, as NixOS gives them: each has a route of its own to the container.
 */
static bool has_ranges(const struct network *n) {
        return n->mode == NETWORK_VETH && n->kind == CONTAINER_NSPAWN;
}

int engine_check_network(struct engine *engine, const struct network *n, struct error *e) {
        const struct prefix *p;
        int r = 0;

        for (size_t i = 0; has_ranges(n) && r >= 0 && (p = network_host_address(n, i)); i++)
                r = check_range(engine, "container", n->name, n->link, p, e);
        for (size_t i = 0; has_ranges(n) && r >= 0 && n->more && i < n->more->n_prefixes; i++)
                r = check_range(engine, "container", n->name, n->link, &n->more->prefixes[i].prefix, e);
        for (size_t i = 0; r >= 0 && (p = network_container_address(n, i)); i++)
                r = check_address(engine, n, p, e);
        for (size_t i = 0; i < n->n_extra; i++) {
                const struct network_pair *pair = &n->extra[i];

                if (r >= 0 && !pair->bridge[0] && pair->container_v4.address.family != AF_UNSPEC)
                        r = check_address(engine, n, &pair->container_v4, e);
                if (r >= 0 && !pair->bridge[0] && pair->container_v6.address.family != AF_UNSPEC)
                        r = check_address(engine, n, &pair->container_v6, e);
        }
        return r;
}

int engine_check_zone(struct engine *engine, const struct zone_network *z, struct error *e) {
        const struct prefix *const ranges[] = {&z->host_v4, &z->host_v6};
        int r = 0;

        for (size_t i = 0; i < ELEMENTS_OF(ranges) && r >= 0; i++)
                r = check_range(engine, "zone", z->name, z->link, ranges[i], e);
        for (size_t i = 0; i < z->n_more && r >= 0; i++)
                r = check_range(engine, "zone", z->name, z->link, &z->more[i], e);
        for (size_t i = 0; i < z->n_prefixes && r >= 0; i++)
                r = check_range(engine, "zone", z->name, z->link, &z->prefixes[i].prefix, e);
        return r;
}
