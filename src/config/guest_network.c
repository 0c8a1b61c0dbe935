/* 20-host0.network: what a guest's systemd-networkd is told, so that it finds exactly that in place and takes it over
 * without removing anything for a moment (seen with 252 and 257).
 *
 * Everything is static. Link-local addressing is "no" because the address is there already and is declared like
 * the others: networkd would otherwise turn the kernel's own address generation on, and duplicate detection with it.
 * Without a carrier the configuration stays: the host may take its side down and up again. */
#include "guest.h"

#include "network_file.h"

#include <inttypes.h>

static void append_key(struct buffer *b, const char *section, const char *key, const struct address *a) {
        char text[ADDRESS_TEXT_MAX];

        if (a->family != AF_UNSPEC)
                buffer_append_format(b, "%s%s=%s\n", section, key, address_format(a, text));
}

/* To the host's address, where the range of one's own does not have it. */
static void append_peer_route(struct buffer *b, const struct prefix *own, const struct address *host) {
        char text[ADDRESS_TEXT_MAX];

        if (host->family != AF_UNSPEC && !prefix_contains(own, host))
                buffer_append_format(b, "\n[Route]\nDestination=%s/%u\n", address_format(host, text),
                                     address_bits(host));
}

/* On a bridge of somebody's the guest asks that network for what it was not given: addresses of a family, and the
 * router of IPv6, which is seldom written down. */
static void append_questions(struct buffer *b, const struct network *n) {
        bool v4 = n->container_v4.address.family == AF_UNSPEC, v6 = n->container_v6.address.family == AF_UNSPEC;

        buffer_append_format(b, "DHCP=%s\nIPv6AcceptRA=%s\nLinkLocalAddressing=ipv6\n",
                             v4 && v6 ? "yes"
                             : v4     ? "ipv4"
                             : v6     ? "ipv6"
                                      : "no",
                             v6 || n->host_v6.address.family == AF_UNSPEC ? "yes" : "no");
}

/* What the responders on the link say, too. */
static void append_answers(struct buffer *b, const struct network *n, const char *suffix) {
        append_key(b, "", "DNS", &n->host_v4.address);
        append_key(b, "", "DNS", &n->host_v6.address);
        buffer_append_format(b, "Domains=%s\n", suffix);
}

char *guest_network_file(const struct container *c, const struct network *n, const char *suffix) {
        struct prefix link_local = {.address = n->container_link_local, .length = 64};
        bool asks = n->kind == CONTAINER_NSPAWN && n->mode == NETWORK_BRIDGE;
        struct buffer b = BUFFER_INIT;

        buffer_append_format(
                &b,
                "# The network of %s, written by nixos-nspawn: the same as what is in place before PID 1.\n"
                "[Match]\nName=%s\nVirtualization=container\n",
                c->name, n->guest_link);
        if (n->mtu)
                buffer_append_format(&b, "\n[Link]\nMTUBytes=%" PRIu32 "\n", n->mtu);
        buffer_append_string(&b, "\n[Network]\n");
        if (asks)
                append_questions(&b, n);
        else
                buffer_append_string(&b, "DHCP=no\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n");
        buffer_append_string(&b, "ConfigureWithoutCarrier=yes\n");
        if (n->responders)
                append_answers(&b, n, suffix);
        network_file_address(&b, &n->container_v4);
        network_file_address(&b, &n->container_v6);
        if (!asks)
                network_file_address(&b, &link_local);
        if (n->kind == CONTAINER_NIXOS || asks) {
                append_peer_route(&b, &n->container_v4, &n->host_v4.address);
                append_peer_route(&b, &n->container_v6, &n->host_v6.address);
        }
        if (!n->internal) {
                append_key(&b, "\n[Route]\n", "Gateway", &n->host_v4.address);
                append_key(&b, "\n[Route]\n", "Gateway", &n->host_v6.address);
        }
        if (n->mode == NETWORK_BRIDGE)
                return buffer_steal(&b);
        network_file_neighbour(&b, &n->host_v4.address, &n->router_mac);
        network_file_neighbour(&b, &n->host_v6.address, &n->router_mac);
        network_file_neighbour(&b, &n->host_link_local, &n->router_mac);
        return buffer_steal(&b);
}
