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

static int list_addresses(struct engine *engine, struct netlink_address **ret, size_t *ret_n, struct error *e) {
        int r = netlink_addresses(engine->route, ret, ret_n);

        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot list the host's addresses") : 0;
}

static bool is_on(const struct netlink_address *a, const struct prefix *p) {
        const struct prefix network = prefix_network(p);
        struct prefix own = a->address;

        if (own.address.family != p->address.family)
                return false;
        if (p->length == address_bits(&p->address))
                own.length = p->length;
        own = prefix_network(&own);
        return prefix_equal(&own, &network);
}

/* The first of the addresses that is on p, on a link that is not passed over; 0: none. */
static int search(const struct netlink_address *addresses, size_t n, const struct prefix *p,
                  bool (*pass_over)(const char *link, void *userdata), void *userdata, char link[IF_NAMESIZE]) {
        for (size_t i = 0; i < n; i++)
                /* A link may be gone meanwhile. */
                if (is_on(&addresses[i], p) && if_indextoname((unsigned) addresses[i].ifindex, link) &&
                    !pass_over(link, userdata))
                        return 1;
        return 0;
}

int engine_find_range(struct engine *engine, const struct prefix *p,
                      bool (*pass_over)(const char *link, void *userdata), void *userdata, char link[IF_NAMESIZE],
                      struct error *e) {
        _cleanup_(freep) struct netlink_address *addresses = NULL;
        size_t n = 0;
        int r = list_addresses(engine, &addresses, &n, e);

        return r < 0 ? r : search(addresses, n, p, pass_over, userdata, link);
}

/* What is asked of one network: the host's addresses are listed once, which takes the longer the more there are. */
struct check {
        struct engine *engine;
        const char *whose, *name; /* "container" or "zone" */
        const char *link;         /* its own, which does not count */
        struct netlink_address *addresses;
        size_t n;
        struct error *e;
};

static bool is_own(const char *link, void *userdata) {
        const struct check *c = userdata;

        return strcmp(link, c->link) == 0;
}

static int find(struct check *c, const struct prefix *p, char link[IF_NAMESIZE]) {
        int r = c->addresses ? 0 : list_addresses(c->engine, &c->addresses, &c->n, c->e);

        return r < 0 ? r : search(c->addresses, c->n, p, is_own, c, link);
}

static int check_range(struct check *c, const struct prefix *p) {
        const struct prefix network = prefix_network(p);
        char link[IF_NAMESIZE], text[PREFIX_TEXT_MAX];
        int r;

        if (!range_matters(p) || p->length == address_bits(&p->address))
                return 0;
        r = find(c, &network, link);
        return r <= 0 ? r
                      : error_set(c->e, EADDRINUSE, EXIT_CONTAINER,
                                  "the range %s of %s '%s' is the network that the host has on its link %s already; "
                                  "give the %s another one",
                                  prefix_format(&network, text), c->whose, c->name, link, c->whose);
}

static int check_address(struct check *c, const struct prefix *p) {
        const struct prefix one = prefix_of_address(&p->address);
        char link[IF_NAMESIZE], text[ADDRESS_TEXT_MAX];
        int r = p->address.family != AF_UNSPEC ? find(c, &one, link) : 0;

        return r <= 0 ? r
                      : error_set(c->e, EADDRINUSE, EXIT_CONTAINER,
                                  "the address %s of container '%s' is the host's own, on its link %s; give the "
                                  "container another one",
                                  address_format(&p->address, text), c->name, link);
}

/* Two links of nixos-containers may have one range, as NixOS gives them: each has a route of its own to the container.
 */
static bool has_ranges(const struct network *n) {
        return n->mode == NETWORK_VETH && n->kind == CONTAINER_NSPAWN;
}

int engine_check_network(struct engine *engine, const struct network *n, struct error *e) {
        struct check c = {.engine = engine, .whose = "container", .name = n->name, .link = n->link, .e = e};
        const struct prefix *p;
        int r = 0;

        for (size_t i = 0; has_ranges(n) && r >= 0 && (p = network_host_address(n, i)); i++)
                r = check_range(&c, p);
        for (size_t i = 0; has_ranges(n) && r >= 0 && n->more && i < n->more->n_prefixes; i++)
                r = check_range(&c, &n->more->prefixes[i].prefix);
        for (size_t i = 0; r >= 0 && (p = network_container_address(n, i)); i++)
                r = check_address(&c, p);
        for (size_t i = 0; i < n->n_extra && r >= 0; i++) {
                const struct network_pair *pair = &n->extra[i];

                if (!pair->bridge[0])
                        r = check_address(&c, &pair->container_v4);
                if (!pair->bridge[0] && r >= 0)
                        r = check_address(&c, &pair->container_v6);
        }
        free(c.addresses);
        return r;
}

int engine_check_zone(struct engine *engine, const struct zone_network *z, struct error *e) {
        struct check c = {.engine = engine, .whose = "zone", .name = z->name, .link = z->link, .e = e};
        const struct prefix *p;
        int r = 0;

        for (size_t i = 0; r >= 0 && (p = zone_host_address(z, i)); i++)
                r = check_range(&c, p);
        for (size_t i = 0; i < z->n_prefixes && r >= 0; i++)
                r = check_range(&c, &z->prefixes[i].prefix);
        free(c.addresses);
        return r;
}
