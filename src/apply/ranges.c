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

static bool is_of_container(const char *link) {
        return strncmp(link, "ve-", 3) == 0 || strncmp(link, "vb-", 3) == 0;
}

int engine_find_address(struct engine *engine, const struct address *address, bool of_containers,
                        char link[IF_NAMESIZE], struct error *e) {
        _cleanup_(freep) struct netlink_address *addresses = NULL;
        size_t n = 0;
        int r = netlink_addresses(engine->route, &addresses, &n);

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot list the host's addresses");
        for (size_t i = 0; i < n; i++)
                /* A link may be gone meanwhile. */
                if (address_equal(&addresses[i].address.address, address) &&
                    if_indextoname((unsigned) addresses[i].ifindex, link) && (of_containers || !is_of_container(link)))
                        return 1;
        return 0;
}
