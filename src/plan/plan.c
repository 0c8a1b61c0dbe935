/* From a network to operations. The order matters: a link is guarded before it exists and raised when everything else
 * is in place; routes need a raised link. */
#include "plan/append.h"
#include "plan/more.h"

#include <errno.h>
#include <string.h>

/* The range that is on the link, else the one address. Of IPv6 only what nobody outside can answer to. */
static struct prefix masqueraded(const struct prefix *container, const struct prefix *host) {
        return prefix_contains(container, &host->address) ? prefix_network(container)
                                                          : prefix_of_address(&container->address);
}

static int admit_masquerade(const struct network *n, struct plan *p) {
        int r = 0;
        if (n->masquerade_v4 && n->container_v4.address.family == AF_INET)
                r = append_element(p, &(struct element){.set = SET_MASQUERADE_V4,
                                                        .prefix = masqueraded(&n->container_v4, &n->host_v4)});
        if (r == 0 && n->masquerade_v6 && address_is_unique_local(&n->container_v6.address))
                r = append_element(p, &(struct element){.set = SET_MASQUERADE_V6,
                                                        .prefix = masqueraded(&n->container_v6, &n->host_v6)});
        return r;
}

/* One family of a forward, unless it is bound to an address of the other one or to loopback, which the localhost
 * proxy serves. */
static int admit_forward(const struct network *n, const struct forward *f, int family, struct plan *p) {
        const struct prefix *to = family == AF_INET ? &n->container_v4 : &n->container_v6;
        if (to->address.family == AF_UNSPEC || (f->bind.family != AF_UNSPEC && f->bind.family != family) ||
            address_is_loopback(&f->bind))
                return 0;
        struct address every = {.family = family};
        bool bound = f->bind.family != AF_UNSPEC && !address_equal(&f->bind, &every);
        struct element e = {.set = family == AF_INET ? SET_FORWARD_V4 : SET_FORWARD_V6,
                            .protocol = protocol_number(f->protocol),
                            .port = f->host_port,
                            .count = f->count > 0 ? f->count : 1,
                            .to = to->address,
                            .to_port = f->container_port};
        if (bound) {
                e.set = family == AF_INET ? SET_BOUND_V4 : SET_BOUND_V6;
                e.prefix = prefix_of_address(&f->bind);
        }
        return append_element(p, &e);
}

/* The container's whole /64 on a plain link, which nobody else shares. Shorter or longer ones cannot be looked up by
 * one mask, and one that the host does not have there may be anywhere: then it is the one address. */
static struct prefix own_range(const struct prefix *address, const struct prefix *host) {
        bool own = address->length == 64 && prefix_contains(address, &host->address);

        return own ? prefix_network(address) : prefix_of_address(&address->address);
}

/* Likewise: a guest's network manager may make itself a link-local address that nobody knows before (RFC 7217), and
 * needs it for DHCPv6 and router solicitation. It says nothing beyond the link, where nobody else is but the host. */
static struct prefix own_link_local(const struct network_pair *l) {
        struct prefix p = {.address = l->container_link_local, .length = 64};

        return own_range(&l->container_v6, &l->host_v6).length == 64 ? prefix_network(&p)
                                                                     : prefix_of_address(&p.address);
}

static int guard_address(const struct network_pair *l, enum element_set set, const struct prefix *prefix,
                         struct plan *p) {
        if (prefix->address.family == AF_UNSPEC)
                return 0;
        return append_guard(p, set, l->link, &l->container_mac, prefix);
}

static int guard_link(const struct network_pair *l, struct plan *p) {
        static const enum element_set sets[] = {SET_LINKS, SET_ARP_LINKS, SET_MACS};
        int r = 0;
        for (size_t i = 0; i < ELEMENTS_OF(sets) && r == 0; i++) {
                struct element e = element_of(sets[i], l->link);
                if (element_fields(sets[i]) & ELEMENT_MAC)
                        e.mac = l->container_mac;
                r = append_element(p, &e);
        }
        struct prefix v4 = prefix_of_address(&l->container_v4.address);
        struct prefix v6[] = {own_link_local(l), own_range(&l->container_v6, &l->host_v6)};
        if (r == 0)
                r = guard_address(l, SET_SOURCE_V4, &v4, p);
        if (r == 0)
                r = guard_address(l, SET_ARP_SENDERS, &v4, p);
        for (size_t i = 0; i < ELEMENTS_OF(v6) && r == 0; i++) {
                r = guard_address(l, SET_SOURCE_V6, &v6[i], p);
                if (r == 0)
                        r = guard_address(l, SET_ADVERTISED, &v6[i], p);
        }
        return r;
}

/* What comes from its addresses is translated on the way out, or routed, or stays here. */
static int close_link(const struct network_pair *l, struct plan *p) {
        int r = append_link(p, SET_CLOSED, l->link);
        return r < 0 || !l->routed ? r : append_link(p, SET_ROUTED, l->link);
}

static struct network_pair main_pair(const struct network *n) {
        struct network_pair l = {
                .host_mac = n->host_mac,
                .container_mac = n->container_mac,
                .host_v4 = n->host_v4,
                .container_v4 = n->container_v4,
                .host_v6 = n->host_v6,
                .container_v6 = n->container_v6,
                .host_link_local = n->host_link_local,
                .container_link_local = n->container_link_local,
                .routed = n->routed,
        };
        memcpy(l.link, n->link, sizeof(l.link));
        return l;
}

int plan_admit(const struct network *n, struct plan *ret) {
        struct network_pair l = main_pair(n);
        int r = 0;
        /* What members of the user's bridges send there is their business; host and none have no link. */
        if (n->mode == NETWORK_VETH) {
                r = guard_link(&l, ret);
                if (r == 0 && n->kind == CONTAINER_NIXOS)
                        r = close_link(&l, ret);
                if (r == 0)
                        r = plan_more_admit(n, ret);
                if (r == 0 && n->access)
                        r = plan_access(n->access, n->link, ret);
        } else if (n->mode == NETWORK_ZONE)
                r = plan_member_admit(n, ret);
        else if (n->mode == NETWORK_BRIDGE)
                r = plan_port_admit(n->link, ret);
        for (size_t i = 0; i < n->n_extra && r == 0; i++)
                if (network_pair_is_guarded(n, &n->extra[i])) {
                        r = guard_link(&n->extra[i], ret);
                        r = r < 0 ? r : close_link(&n->extra[i], ret);
                } else if (n->extra[i].bridge[0])
                        r = plan_port_admit(n->extra[i].link, ret);
        if (r == 0)
                r = admit_masquerade(n, ret);
        for (size_t i = 0; i < n->n_forwards && r == 0; i++) {
                r = admit_forward(n, &n->forwards[i], AF_INET, ret);
                if (r == 0)
                        r = admit_forward(n, &n->forwards[i], AF_INET6, ret);
        }
        return r;
}

int plan_expect(const struct network *n, struct plan *ret) {
        int r = plan_admit(n, ret);
        return r < 0 ? r : plan_neighbours(n, ret);
}

static int configure(struct plan *p, enum operation_side side, const char *link, uint32_t mtu,
                     const struct prefix *addresses, size_t n_addresses) {
        int r = append(p, OPERATION_LINK_CONFIGURE, side, link, &(struct operation){.configure = {.mtu = mtu}});
        for (size_t i = 0; i < n_addresses && r == 0; i++)
                r = append_address(p, side, link, &addresses[i]);
        return r;
}

static int know(struct plan *p, enum operation_side side, const char *link, const struct mac *mac,
                const struct address *const *addresses, size_t n_addresses) {
        int r = 0;
        for (size_t i = 0; i < n_addresses && r == 0; i++)
                r = append_neighbour(p, side, link, addresses[i], mac);
        return r;
}

static int configure_host(const struct network_pair *l, uint32_t mtu, struct plan *ret) {
        const struct prefix addresses[] = {l->host_v4, l->host_v6, link_local(&l->host_link_local)};
        const struct address *const neighbours[] = {&l->container_v4.address, &l->container_v6.address,
                                                    &l->container_link_local};
        int r = configure(ret, SIDE_HOST, l->link, mtu, addresses, ELEMENTS_OF(addresses));
        if (r == 0)
                r = know(ret, SIDE_HOST, l->link, &l->container_mac, neighbours, ELEMENTS_OF(neighbours));
        return r;
}

/* To the other end, where one's own range does not have it. */
static int append_peer_route(struct plan *p, enum operation_side side, const char *link, const struct prefix *own,
                             const struct address *other) {
        if (other->family == AF_UNSPEC || (own->address.family != AF_UNSPEC && prefix_contains(own, other)))
                return 0;
        return append(p, OPERATION_ROUTE_ADD, side, link,
                      &(struct operation){.route = {.destination = prefix_of_address(other)}});
}

static int append_host_routes(const struct network_pair *l, struct plan *p) {
        int r = append_peer_route(p, SIDE_HOST, l->link, &l->host_v4, &l->container_v4.address);
        return r < 0 ? r : append_peer_route(p, SIDE_HOST, l->link, &l->host_v6, &l->container_v6.address);
}

/* Routes need a link that is up, so they follow it in the same request to the kernel, which takes the carrier to the
 * other end only after that. */
static int raise_host(const struct network_pair *l, struct plan *p) {
        int r = append(p, OPERATION_LINK_UP, SIDE_HOST, l->link, &(struct operation){0});
        return r < 0 ? r : append_host_routes(l, p);
}

int plan_link_configured(const struct network *n, struct plan *ret) {
        struct network_pair l = main_pair(n);
        int r;
        if (n->mode == NETWORK_ZONE) {
                r = plan_neighbours(n, ret);
                return r < 0 ? r : plan_member_port(n, ret);
        }
        if (n->mode != NETWORK_VETH)
                return 0;
        r = configure_host(&l, n->mtu, ret);
        r = r < 0 ? r : plan_more_host(n, ret);
        r = r < 0 ? r : append_host_routes(&l, ret);
        return r < 0 ? r : plan_more_host_routes(n, ret);
}

int plan_link(const struct network *n, struct plan *ret) {
        int r;
        if (n->mode == NETWORK_ZONE) {
                r = plan_member_port(n, ret);
                return r < 0 ? r : append(ret, OPERATION_LINK_UP, SIDE_HOST, n->link, &(struct operation){0});
        }
        if (n->mode != NETWORK_VETH)
                return 0;
        struct network_pair l = main_pair(n);
        r = configure_host(&l, n->mtu, ret);
        r = r < 0 ? r : plan_more_host(n, ret);
        r = r < 0 ? r : raise_host(&l, ret);
        return r < 0 ? r : plan_more_host_routes(n, ret);
}

int plan_extra(const struct network *n, size_t i, struct plan *ret) {
        const struct network_pair *l = &n->extra[i];
        struct operation o = {0};
        int r;
        if (!l->bridge[0]) {
                r = configure_host(l, n->mtu, ret);
                return r < 0 ? r : raise_host(l, ret);
        }
        memcpy(o.bridge, l->bridge, sizeof(o.bridge));
        r = append(ret, OPERATION_LINK_JOIN, SIDE_HOST, l->link, &o);
        return r < 0 ? r : append(ret, OPERATION_LINK_UP, SIDE_HOST, l->link, &(struct operation){0});
}

int plan_guest(const struct network *n, const char *link, struct plan *ret) {
        if (n->mode != NETWORK_VETH && n->mode != NETWORK_ZONE)
                return 0;
        const struct prefix addresses[] = {n->container_v4, n->container_v6, link_local(&n->container_link_local)};
        const struct address *const neighbours[] = {&n->host_v4.address, &n->host_v6.address, &n->host_link_local};
        int r = configure(ret, SIDE_CONTAINER, link, n->mtu, addresses, ELEMENTS_OF(addresses));
        if (r == 0)
                r = know(ret, SIDE_CONTAINER, link, &n->router_mac, neighbours, ELEMENTS_OF(neighbours));
        if (r == 0)
                r = plan_more_guest(n, link, ret);
        if (r == 0)
                r = append(ret, OPERATION_LINK_UP, SIDE_CONTAINER, link, &(struct operation){0});
        if (r == 0)
                r = append_peer_route(ret, SIDE_CONTAINER, link, &n->container_v4, &n->host_v4.address);
        if (r == 0)
                r = append_peer_route(ret, SIDE_CONTAINER, link, &n->container_v6, &n->host_v6.address);
        if (n->internal)
                return r;
        if (r == 0)
                r = plan_more_guest_routes(n, link, ret);
        if (r == 0 && (n->kind == CONTAINER_NIXOS || network_routes_by_default(n, AF_INET)))
                r = append_default_route(ret, link, &n->host_v4.address);
        /* The router of IPv6 is its link-local address, as advertisements have it; a nixos-container's is the address
         * that was given. */
        if (r == 0 && n->kind == CONTAINER_NIXOS)
                return append_default_route(ret, link, &n->host_v6.address);
        if (r == 0 && network_routes_by_default(n, AF_INET6))
                r = append_default_route(ret, link, &n->host_link_local);
        return r;
}

int plan_attach(const struct network *n, const char *guest_link, struct plan *ret) {
        if (n->mode != NETWORK_VETH)
                return 0;
        struct operation o = {.create = {.mac = n->host_mac, .peer_mac = n->container_mac, .mtu = n->mtu}};
        memcpy(o.create.peer, guest_link, strnlen(guest_link, sizeof(o.create.peer) - 1) + 1);
        if (n->link_shortened) {
                memcpy(o.create.altname, "ve-", 3);
                memcpy(o.create.altname + 3, n->name, sizeof(n->name));
        }
        int r = plan_admit(n, ret);
        if (r == 0)
                r = append(ret, OPERATION_LINK_CREATE, SIDE_HOST, n->link, &o);
        if (r == 0)
                r = plan_link(n, ret);
        if (r == 0)
                r = plan_guest(n, guest_link, ret);
        return r;
}

int plan_append_inverted(const struct plan *p, struct plan *ret) {
        int r = 0;
        for (size_t i = p->n; i-- > 0 && r == 0;) {
                struct operation o;
                if (operation_invert(&p->operations[i], &o))
                        r = plan_append(ret, &o);
        }
        return r;
}

int plan_dismiss(const struct network *n, struct plan *ret) {
        _cleanup_(plan_clear) struct plan admitted = PLAN_INIT;
        int r = plan_expect(n, &admitted);
        return r == 0 ? plan_append_inverted(&admitted, ret) : r;
}

int plan_detach(const struct network *n, struct plan *ret) {
        if (n->mode != NETWORK_VETH)
                return 0;
        int r = append(ret, OPERATION_LINK_DELETE, SIDE_HOST, n->link, &(struct operation){0});
        return r == 0 ? plan_dismiss(n, ret) : r;
}
