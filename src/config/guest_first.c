/* What the first process of the container needs to know (runtime/first/parse.c reads it): `key value` lines. */
#include "guest.h"

#include "base/buffer.h"

#include <inttypes.h>
#include <string.h>

static void append_address(struct buffer *b, const struct prefix *p) {
        char text[PREFIX_TEXT_MAX];

        if (p->address.family != AF_UNSPEC)
                buffer_append_format(b, "address %s\n", prefix_format(p, text));
}

static void append_gateway(struct buffer *b, const struct address *a) {
        char text[ADDRESS_TEXT_MAX];

        if (a->family != AF_UNSPEC)
                buffer_append_format(b, "gateway %s\n", address_format(a, text));
}

static void append_neighbour(struct buffer *b, const struct address *a, const struct mac *m) {
        char text[ADDRESS_TEXT_MAX], mac[MAC_TEXT_MAX];

        if (a->family != AF_UNSPEC)
                buffer_append_format(b, "neighbour %s %s\n", address_format(a, text), mac_format(m, mac));
}

/* To the host's address, where one's own range does not have it. */
static void append_peer_route(struct buffer *b, const struct prefix *own, const struct address *host) {
        struct prefix p = prefix_of_address(host);
        char text[PREFIX_TEXT_MAX];

        if (host->family != AF_UNSPEC && !prefix_contains(own, host))
                buffer_append_format(b, "route %s\n", prefix_format(&p, text));
}

static void append_more(struct buffer *b, const struct network *n) {
        const struct network_more *m = n->more;
        char text[PREFIX_TEXT_MAX];

        for (size_t i = 0; m && i < m->n_container_addresses; i++)
                append_address(b, &m->container_addresses[i]);
        for (size_t i = 0; m && i < m->n_container_routes; i++) {
                const struct link_route *r = &m->container_routes[i];

                buffer_append_format(b, "route %s", prefix_format(&r->destination, text));
                if (r->gateway.family != AF_UNSPEC)
                        buffer_append_format(b, " via %s", address_format(&r->gateway, text));
                if (r->source.family != AF_UNSPEC)
                        buffer_append_format(b, " from %s", address_format(&r->source, text));
                buffer_append_string(b, "\n");
        }
        for (size_t i = 0; m && n->mode != NETWORK_BRIDGE && i < m->n_host_addresses; i++)
                append_neighbour(b, &m->host_addresses[i].address, &n->router_mac);
        for (size_t i = 0; m && i < m->n_container_neighbours; i++)
                append_neighbour(b, &m->container_neighbours[i].address, &m->container_neighbours[i].mac);
}

/* Others on it may know these addresses as somebody else's. */
static void append_segment(struct buffer *b, bool shared) {
        if (shared)
                buffer_append_string(b, "segment shared\n");
}

static void append_extra(struct buffer *b, const struct network_pair *p, uint64_t deadline_msec) {
        struct prefix link_local = {.address = p->container_link_local, .length = 64};

        buffer_append_format(b, "link %s\n", p->guest_link);
        buffer_append_format(b, "deadline %" PRIu64 "\n", deadline_msec);
        append_segment(b, p->bridge[0]);
        append_address(b, &p->container_v4);
        append_address(b, &p->container_v6);
        append_address(b, &link_local);
        append_peer_route(b, &p->container_v4, &p->host_v4.address);
        append_peer_route(b, &p->container_v6, &p->host_v6.address);
        if (p->bridge[0])
                return;
        append_neighbour(b, &p->host_v4.address, &p->host_mac);
        append_neighbour(b, &p->host_v6.address, &p->host_mac);
        append_neighbour(b, &p->host_link_local, &p->host_mac);
}

static void append_main(struct buffer *b, const struct network *n, uint64_t deadline_msec) {
        struct prefix link_local = {.address = n->container_link_local, .length = 64};
        char mac[MAC_TEXT_MAX];

        buffer_append_string(b, "link host0\n");
        if (strcmp(n->guest_link, "host0") != 0)
                buffer_append_format(b, "name %s\n", n->guest_link);
        if (n->guest_mac_set)
                buffer_append_format(b, "mac %s\n", mac_format(&n->container_mac, mac));
        if (n->mtu)
                buffer_append_format(b, "mtu %" PRIu32 "\n", n->mtu);
        buffer_append_format(b, "deadline %" PRIu64 "\n", deadline_msec);
        append_segment(b, n->mode == NETWORK_ZONE || n->mode == NETWORK_BRIDGE);
        append_address(b, &n->container_v4);
        append_address(b, &n->container_v6);
        append_address(b, &link_local);
        if (n->kind == CONTAINER_NIXOS || n->mode == NETWORK_BRIDGE || n->mode == NETWORK_VETH) {
                append_peer_route(b, &n->container_v4, &n->host_v4.address);
                append_peer_route(b, &n->container_v6, &n->host_v6.address);
        }
        append_more(b, n);
        for (size_t i = 0; i < 2; i++) {
                struct address router = network_router(n, i == 0 ? AF_INET : AF_INET6);

                append_gateway(b, &router);
        }
        /* On a bridge the router is somewhere behind it. */
        if (n->mode == NETWORK_BRIDGE)
                return;
        append_neighbour(b, &n->host_v4.address, &n->router_mac);
        append_neighbour(b, &n->host_v6.address, &n->router_mac);
        append_neighbour(b, &n->host_link_local, &n->router_mac);
}

char *guest_first_file(const struct network *n, uint64_t deadline_msec) {
        struct buffer b = BUFFER_INIT;

        buffer_append_format(&b, "# The network of %s before its PID 1, for nspawn-first. Made anew at each start.\n",
                             n->name);
        if (n->link[0])
                append_main(&b, n, deadline_msec);
        for (size_t i = 0; i < n->n_extra; i++)
                append_extra(&b, &n->extra[i], deadline_msec);
        return buffer_steal(&b);
}
