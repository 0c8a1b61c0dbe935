/* Zones: the bridge and what is looked up by it, and what makes a container a member.
 *
 * A member's guard is twofold. Its port is guarded in the bridge's own table, before the bridge learns anything of a
 * frame or hands it on; what reaches the host by the bridge is guarded there as that of any link. */
#include "plan/append.h"
#include "plan/more.h"

#include <errno.h>

int plan_access(const struct host_access *access, const char *link, struct plan *ret) {
        int r = 0;

        if (access->kind == HOST_ACCESS_ALL)
                return append_link(ret, SET_ACCESS_ALL, link);
        if (access->kind == HOST_ACCESS_NONE)
                return append_link(ret, SET_ACCESS_NONE, link);
        for (size_t i = 0; i < access->n_ports && r == 0; i++) {
                struct element e = element_of(SET_ACCESS_PORTS, link);

                e.protocol = access->ports[i].protocol;
                e.port = access->ports[i].port;
                r = append_element(ret, &e);
        }
        return r;
}

static int masquerade(const struct prefix *p, struct plan *ret) {
        enum element_set set = p->address.family == AF_INET ? SET_MASQUERADE_V4 : SET_MASQUERADE_V6;

        return append_element(ret, &(struct element){.set = set, .prefix = prefix_network(p)});
}

#define RANGES_MAX (2 + ZONE_ADDRESSES_MAX + IPV6_PREFIXES_MAX)

/* A range within another one, or a second time, is left out: these sets have no overlapping elements. */
static bool is_spare(const struct prefix *ranges, size_t n, size_t i) {
        for (size_t k = 0; k < n; k++)
                if (k != i && prefix_contains(&ranges[k], &ranges[i].address) &&
                    (ranges[k].length < ranges[i].length || (ranges[k].length == ranges[i].length && k < i)))
                        return true;
        return false;
}

static int zone_masquerade(const struct zone_network *z, struct plan *ret) {
        struct prefix ranges[RANGES_MAX] = {z->host_v4, z->host_v6};
        size_t n = 2;
        int r = 0;

        for (size_t i = 0; i < z->n_more; i++)
                ranges[n++] = z->more[i];
        for (size_t i = 0; i < z->n_prefixes; i++)
                ranges[n++] = z->prefixes[i].prefix;
        for (size_t i = 0; i < n && r == 0; i++) {
                const struct address *a = &ranges[i].address;

                if ((a->family == AF_INET ? z->masquerade_v4 : z->masquerade_v6 && address_is_unique_local(a)) &&
                    !is_spare(ranges, n, i))
                        r = masquerade(&ranges[i], ret);
        }
        return r;
}

int plan_zone_admit(const struct zone_network *z, struct plan *ret) {
        int r = plan_port_admit(z->link, ret);

        if (r == 0)
                r = append_link(ret, SET_WITHIN, z->link);
        if (r == 0 && z->internal)
                r = append_link(ret, SET_INTERNAL, z->link);
        if (r == 0)
                r = plan_access(&z->access, z->link, ret);
        return r < 0 ? r : zone_masquerade(z, ret);
}

static int zone_configure(const struct zone_network *z, struct plan *ret) {
        const struct prefix own = link_local(&z->host_link_local), *p;
        int r = append(ret, OPERATION_LINK_CONFIGURE, SIDE_HOST, z->link,
                       &(struct operation){.configure = {.mtu = z->mtu}});

        for (size_t i = 0; r == 0 && (p = zone_host_address(z, i)); i++)
                r = append_address(ret, SIDE_HOST, z->link, p);
        for (size_t i = 0; i < z->n_neighbours && r == 0; i++)
                r = append_neighbour(ret, SIDE_HOST, z->link, &z->neighbours[i].address, &z->neighbours[i].mac);
        return r < 0 ? r : append_address(ret, SIDE_HOST, z->link, &own);
}

static int zone_routes(const struct zone_network *z, struct plan *ret) {
        return plan_append_routes(ret, SIDE_HOST, z->link, z->routes, z->n_routes);
}

int plan_zone_link(const struct zone_network *z, bool create, struct plan *ret) {
        int r = 0;

        if (create)
                r = append(ret, OPERATION_BRIDGE_CREATE, SIDE_HOST, z->link,
                           &(struct operation){.create = {.mac = z->mac}});
        if (r == 0)
                r = zone_configure(z, ret);
        if (r == 0)
                r = append(ret, OPERATION_LINK_UP, SIDE_HOST, z->link, &(struct operation){0});
        return r < 0 ? r : zone_routes(z, ret);
}

int plan_zone_dismiss(const struct zone_network *z, struct plan *ret) {
        _cleanup_(plan_clear) struct plan admitted = PLAN_INIT;
        int r = append(ret, OPERATION_LINK_DELETE, SIDE_HOST, z->link, &(struct operation){0});

        if (r == 0)
                r = plan_zone_admit(z, &admitted);
        return r < 0 ? r : plan_append_inverted(&admitted, ret);
}

/* What a zone and its members ask of the host. */
static int zone_parts(const struct zone_network *z, const struct network *const *members, size_t n,
                      struct plan_parts *ret) {
        int r = plan_zone_admit(z, &ret->admit);

        if (r == 0)
                r = zone_configure(z, &ret->link);
        if (r == 0)
                r = zone_routes(z, &ret->link);
        for (size_t i = 0; i < n && r == 0; i++) {
                r = plan_admit(members[i], &ret->admit);
                if (r == 0)
                        r = plan_link_configured(members[i], &ret->link);
        }
        return r;
}

int plan_zone_change(const struct zone_network *from, const struct zone_network *to, const struct network *const *old,
                     const struct network *const *new, size_t n, struct plan *ret) {
        _cleanup_(plan_parts_clear) struct plan_parts before = {0}, after = {0};
        int r;

        if ((r = zone_parts(from, old, n, &before)) < 0 || (r = zone_parts(to, new, n, &after)) < 0)
                return r;
        return plan_append_change(&before, &after, ret);
}

/* ---- Members ---- */

/* Each address is one that nobody else has: a zone's range is shared. */
static int member_address(const struct network *n, bool port, const struct address *a, struct plan *ret) {
        static const struct {
                enum element_set source, claim;
        } sets[2][2] = {
                {{SET_SOURCE_V6, SET_ADVERTISED}, {SET_SOURCE_V4, SET_ARP_SENDERS}},
                {{SET_PORT_SOURCE_V6, SET_PORT_ADVERTISED}, {SET_PORT_SOURCE_V4, SET_PORT_SENDERS}},
        };
        const char *link = port ? n->link : n->bridge;
        bool v4 = a->family == AF_INET;
        struct element source = element_of(sets[port][v4].source, link), claim = element_of(sets[port][v4].claim, link);
        int r;

        if (a->family == AF_UNSPEC)
                return 0;
        source.prefix = claim.prefix = prefix_of_address(a);
        if (v4)
                claim.mac = n->container_mac;
        r = append_element(ret, &source);
        return r < 0 ? r : append_element(ret, &claim);
}

static int member_guard(const struct network *n, bool port, struct plan *ret) {
        const struct address *const addresses[] = {&n->container_v4.address, &n->container_link_local,
                                                   &n->container_v6.address};
        struct element mac = element_of(port ? SET_PORT_MACS : SET_MACS, port ? n->link : n->bridge);
        int r;

        mac.mac = n->container_mac;
        r = append_element(ret, &mac);
        if (r == 0 && port) {
                mac.set = SET_PORT_CLIENTS;
                r = append_element(ret, &mac);
        }
        for (size_t i = 0; i < ELEMENTS_OF(addresses) && r == 0; i++)
                r = member_address(n, port, addresses[i], ret);
        for (size_t i = 0; n->more && i < n->more->n_container_addresses && r == 0; i++)
                r = member_address(n, port, &n->more->container_addresses[i].address, ret);
        return r;
}

/* There are frames, LLDP's, that the kernel takes for the host past the bridge and past its table, as coming from the
 * port: a link of which nothing is right. */
int plan_port_admit(const char *link, struct plan *ret) {
        int r = append_link(ret, SET_LINKS, link);

        return r < 0 ? r : append_link(ret, SET_ARP_LINKS, link);
}

int plan_member_admit(const struct network *n, struct plan *ret) {
        int r = append_link(ret, SET_PORTS, n->link);

        if (r == 0)
                r = plan_port_admit(n->link, ret);
        if (r == 0)
                r = member_guard(n, true, ret);
        if (r == 0 && n->isolated)
                r = append_link(ret, SET_PORT_ISOLATED, n->link);
        if (r == 0)
                r = member_guard(n, false, ret);
        return r < 0 ? r : plan_more_rights(n, n->bridge, ret);
}

int plan_neighbours(const struct network *n, struct plan *ret) {
        const struct address *const addresses[] = {&n->container_v4.address, &n->container_v6.address,
                                                   &n->container_link_local};
        int r = 0;

        if (n->mode != NETWORK_ZONE)
                return 0;
        for (size_t i = 0; i < ELEMENTS_OF(addresses) && r == 0; i++)
                r = append_neighbour(ret, SIDE_HOST, n->bridge, addresses[i], &n->container_mac);
        for (size_t i = 0; n->more && i < n->more->n_container_addresses && r == 0; i++)
                r = append_neighbour(ret, SIDE_HOST, n->bridge, &n->more->container_addresses[i].address,
                                     &n->container_mac);
        /* To addresses that no range of the zone has. */
        if (r == 0 && n->more)
                r = plan_append_routes(ret, SIDE_HOST, n->bridge, n->more->host_routes, n->more->n_host_routes);
        return r;
}

/* systemd-nspawn puts the port into the bridge and raises it, too. Who comes first does not matter. */
int plan_member_port(const struct network *n, struct plan *ret) {
        struct operation join = {0};
        int r;

        memcpy(join.bridge, n->bridge, sizeof(join.bridge));
        r = append(ret, OPERATION_LINK_JOIN, SIDE_HOST, n->link, &join);
        if (r == 0)
                r = append(ret, OPERATION_LINK_CONFIGURE, SIDE_HOST, n->link,
                           &(struct operation){.configure = {.mtu = n->mtu}});
        if (r == 0)
                r = append(ret, OPERATION_PORT_CONFIGURE, SIDE_HOST, n->link,
                           &(struct operation){.port = {.isolated = n->isolated}});
        return r;
}
