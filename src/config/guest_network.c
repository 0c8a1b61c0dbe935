/* 20-host0.network: what a guest's systemd-networkd is told, so that it finds exactly that in place and takes it over
 * without removing anything for a moment (seen with 252 and 257).
 *
 * Everything is static. Link-local addressing is "no" because the address is there already and is declared like
 * the others: networkd would otherwise turn the kernel's own address generation on, and duplicate detection with it.
 * Without a carrier the configuration stays: the host may take its side down and up again. */
#include "guest.h"

#include "base/parse.h"
#include "network_file.h"

#include <inttypes.h>

static void append_key(struct buffer *b, const char *section, const char *key, const struct address *a) {
        char text[ADDRESS_TEXT_MAX];

        if (a->family != AF_UNSPEC)
                buffer_append_format(b, "%s%s=%s\n", section, key, address_format(a, text));
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

/* What was said of an address in its [Address], beyond our own. */
static void append_address_extras(struct buffer *b, const struct link_settings *s, const struct prefix *p) {
        for (size_t i = 0; i < s->n_settings; i++) {
                const struct link_setting *t = &s->settings[i];
                struct prefix own;

                if (!string_equal(t->section, "Address") || !string_equal(t->key, "Address") ||
                    prefix_parse(t->value, true, &own) < 0 || !address_equal(&own.address, &p->address))
                        continue;
                for (size_t k = 0; k < s->n_settings; k++)
                        if (s->settings[k].nth == t->nth && string_equal(s->settings[k].section, "Address") &&
                            !string_equal(s->settings[k].key, "Address"))
                                buffer_append_format(b, "%s=%s\n", s->settings[k].key, s->settings[k].value);
        }
}

static bool is_address(const struct link_setting *t) {
        return string_equal(t->section, "Address") ||
               (string_equal(t->section, "Network") && string_equal(t->key, "Address"));
}

/* The user's own, last, so that it wins over ours. Addresses have been written. */
static void append_settings(struct buffer *b, const struct link_settings *s) {
        const struct link_setting *before = NULL;

        for (size_t i = 0; i < s->n_settings; i++) {
                const struct link_setting *t = &s->settings[i];

                if (is_address(t))
                        continue;
                if (!before || before->nth != t->nth || !string_equal(before->section, t->section))
                        buffer_append_format(b, "\n[%s]\n", t->section);
                buffer_append_format(b, "%s=%s\n", t->key, t->value);
                before = t;
        }
}

/* Routers are heard, and DHCP is spoken, by a link-local address that networkd knows of; nothing is made by it all the
 * same. */
static bool listens(const struct link_settings *s) {
        for (size_t i = 0; i < s->n_settings; i++) {
                const struct link_setting *t = &s->settings[i];
                bool no;

                if (string_equal(t->section, "Network") &&
                    (string_equal(t->key, "IPv6AcceptRA") || string_equal(t->key, "DHCP")) &&
                    (parse_boolean(t->value, &no) < 0 || no))
                        return true;
        }
        return false;
}

static void append_network(struct buffer *b, const struct container *c, const struct network *n, const char *suffix) {
        buffer_append_string(b, "\n[Network]\n");
        if (n->kind == CONTAINER_NSPAWN && n->mode == NETWORK_BRIDGE)
                append_questions(b, n);
        else
                buffer_append_format(b, "DHCP=no\nIPv6AcceptRA=no\n%s",
                                     listens(&c->container_settings)
                                             ? "LinkLocalAddressing=ipv6\nIPv6LinkLocalAddressGenerationMode=none\n"
                                             : "LinkLocalAddressing=no\n");
        buffer_append_string(b, "ConfigureWithoutCarrier=yes\n");
        /* What the responders on the link say, too. */
        if (!n->responders)
                return;
        append_key(b, "", "DNS", &n->host_v4.address);
        append_key(b, "", "DNS", &n->host_v6.address);
        buffer_append_format(b, "Domains=%s\n", suffix);
}

static void append_neighbours(struct buffer *b, const struct network *n) {
        const struct prefix *host;

        for (size_t i = 0; (host = network_host_address(n, i)); i++)
                network_file_neighbour(b, &host->address, &n->router_mac);
        network_file_neighbour(b, &n->host_link_local, &n->router_mac);
}

char *guest_network_file(const struct container *c, const struct network *n, const char *suffix) {
        struct prefix link_local = {.address = n->container_link_local, .length = 64};
        struct address router[] = {network_router(n, AF_INET), network_router(n, AF_INET6)};
        bool asks = n->kind == CONTAINER_NSPAWN && n->mode == NETWORK_BRIDGE;
        const struct prefix *address;
        struct buffer b = BUFFER_INIT;

        buffer_append_format(
                &b,
                "# The network of %s, written by nixos-nspawn: the same as what is in place before PID 1.\n"
                "[Match]\nName=%s\nVirtualization=container\n",
                c->name, n->guest_link);
        if (n->mtu)
                buffer_append_format(&b, "\n[Link]\nMTUBytes=%" PRIu32 "\n", n->mtu);
        append_network(&b, c, n, suffix);
        for (size_t i = 0; (address = network_container_address(n, i)); i++) {
                network_file_address(&b, address);
                append_address_extras(&b, &c->container_settings, address);
        }
        if (!asks)
                network_file_address(&b, &link_local);
        if (n->mode != NETWORK_ZONE) {
                network_file_peer_route(&b, &n->container_v4, &n->host_v4.address);
                network_file_peer_route(&b, &n->container_v6, &n->host_v6.address);
        }
        for (size_t i = 0; i < ELEMENTS_OF(router); i++)
                append_key(&b, "\n[Route]\n", "Gateway", &router[i]);
        if (n->mode != NETWORK_BRIDGE)
                append_neighbours(&b, n);
        append_settings(&b, &c->container_settings);
        return buffer_steal(&b);
}
