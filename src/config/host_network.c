/* 20-ve-NAME.network: what nspawn-netd has done to the link by the time that networkd looks at it (plan_link()), word
 * for word, so that networkd has nothing to remove and nothing to add, at the start and whenever it reloads or is
 * restarted. Seen with 252 and 257:
 *
 * - The broadcast address has to be spelled out: 252 else takes the kernel's for another address, and replaces it.
 * - LinkLocalAddressing=no has 252 remove a link-local address that is there. "ipv6" with address generation "none"
 * does not, and the address is declared like the others.
 * - KeepConfiguration=yes: a networkd that is restarted leaves alone what the file does not declare.
 * - ActivationPolicy=manual: the daemon raises the link, after everything else.
 *
 * What the user wants beyond that, and only networkd can do, comes last.
 *
 * No DHCP server, no advertisements, no masquerading: nspawn-netd's responders serve, its tables masquerade. */
#include "host.h"

#include "link_settings.h"
#include "network_file.h"

#include <inttypes.h>

/* Of the [Address] before it. */
static void append_broadcast(struct buffer *b, const struct prefix *p) {
        struct address broadcast = prefix_broadcast(p);
        char text[ADDRESS_TEXT_MAX];

        if (broadcast.family != AF_UNSPEC)
                buffer_append_format(b, "Broadcast=%s\n", address_format(&broadcast, text));
}

static void append_routes(struct buffer *b, const struct network_more *m) {
        char text[PREFIX_TEXT_MAX];

        for (size_t i = 0; m && i < m->n_host_routes; i++) {
                const struct link_route *r = &m->host_routes[i];

                buffer_append_format(b, "\n[Route]\nDestination=%s\n", prefix_format(&r->destination, text));
                if (r->gateway.family != AF_UNSPEC)
                        buffer_append_format(b, "Gateway=%s\n", address_format(&r->gateway, text));
                if (r->source.family != AF_UNSPEC)
                        buffer_append_format(b, "PreferredSource=%s\n", address_format(&r->source, text));
        }
}

char *host_network_file(const struct container *c, const struct network *n) {
        const struct prefix link_local = {.address = n->host_link_local, .length = 64};
        const struct prefix *p;
        struct buffer b = BUFFER_INIT;

        buffer_append_format(&b,
                             HOST_FILE_MARKER "# The host's side of the link of %s: what nspawn-netd makes, for "
                                              "systemd-networkd to leave as it is.\n"
                                              "[Match]\nName=%s\n\n[Link]\nRequiredForOnline=no\n"
                                              "ActivationPolicy=manual\n",
                             n->name, n->link);
        if (n->mtu)
                buffer_append_format(&b, "MTUBytes=%" PRIu32 "\n", n->mtu);
        buffer_append_string(&b,
                             "\n[Network]\nDHCP=no\nDHCPServer=no\nIPMasquerade=no\nIPv6AcceptRA=no\nIPv6SendRA=no\n"
                             "LinkLocalAddressing=ipv6\nConfigureWithoutCarrier=yes\nKeepConfiguration=yes\n");
        for (size_t i = 0; (p = network_host_address(n, i)); i++) {
                network_file_address(&b, p);
                append_broadcast(&b, p);
        }
        network_file_address(&b, &link_local);
        network_file_peer_route(&b, &n->host_v4, &n->container_v4.address);
        network_file_peer_route(&b, &n->host_v6, &n->container_v6.address);
        append_routes(&b, n->more);
        for (size_t i = 0; (p = network_container_address(n, i)); i++)
                network_file_neighbour(&b, &p->address, &n->container_mac);
        network_file_neighbour(&b, &n->container_link_local, &n->container_mac);
        for (size_t i = 0; n->more && i < n->more->n_host_neighbours; i++)
                network_file_neighbour(&b, &n->more->host_neighbours[i].address, &n->more->host_neighbours[i].mac);
        link_settings_append_foreign(&b, &c->host_settings);
        return buffer_steal(&b);
}
