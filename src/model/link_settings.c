/* Settings of one end of a link: ownership, and the addresses that follow from advertised prefixes. */
#include "link_settings.h"

#include "base/cleanup.h"

#include <stdlib.h>

#define PREFIX_OF_EUI64 64

void link_settings_clear(struct link_settings *s) {
        for (size_t i = 0; i < s->n_settings; i++) {
                free(s->settings[i].where);
                free(s->settings[i].section);
                free(s->settings[i].key);
                free(s->settings[i].value);
        }
        free(s->settings);
        free(s->addresses);
        free(s->prefixes);
        free(s->route_prefixes);
        free(s->routes);
        free(s->neighbours);
        *s = LINK_SETTINGS_INIT;
}

/* The prefix's own bits, the token's after them. */
static struct address combine(const struct prefix *p, const struct address *token) {
        struct address a = prefix_network(p).address;
        size_t whole = p->length / 8;

        for (size_t i = whole; i < 16; i++) {
                uint8_t mask = (uint8_t) (i == whole ? 0xff >> (p->length % 8) : 0xff);

                a.bytes[i] = (uint8_t) ((a.bytes[i] & ~mask) | (token->bytes[i] & mask));
        }
        return a;
}

size_t ipv6_prefix_host_addresses(const struct ipv6_prefix *p, const struct mac *host,
                                  struct prefix ret[IPV6_PREFIX_TOKENS_MAX]) {
        size_t n = 0;

        if (!p->assign || p->prefix.length > PREFIX_OF_EUI64)
                return 0;
        for (size_t i = 0; i < p->n_tokens || i == 0; i++) {
                bool eui64 = p->n_tokens == 0 || p->tokens[i].family == AF_UNSPEC;

                ret[n++] = (struct prefix){
                        .address = eui64 ? address_eui64(&p->prefix, host) : combine(&p->prefix, &p->tokens[i]),
                        .length = p->prefix.length,
                };
        }
        return n;
}

bool ipv6_prefix_guest_address(const struct ipv6_prefix *p, const struct mac *guest, struct prefix *ret) {
        /* Ethernet's interface identifiers have 64 bits (RFC 2464 4): hosts ignore other prefixes. */
        if (!p->autonomous || p->prefix.length != PREFIX_OF_EUI64)
                return false;
        *ret = (struct prefix){.address = address_eui64(&p->prefix, guest), .length = p->prefix.length};
        return true;
}
