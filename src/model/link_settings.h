/* What a person asks of one end of a link, in the words of systemd.network(5), as far as this system carries it out.
 *
 * It is filled by config/link_settings.h, from the options of a config or from a .network file. What this system does
 * not carry out itself stays in `settings`, as it was written, for the .network file of whoever does. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a switch: what was not said keeps the default. */
enum choice {
        CHOICE_UNSET,
        CHOICE_NO,
        CHOICE_YES,
};

#define IPV6_PREFIX_TOKENS_MAX 4
#define LINK_SERVERS_MAX       3
#define LINK_LIST_MAX          16 /* addresses, routes and the like of one link */
#define IPV6_PREFIXES_MAX      8  /* that an advertisement has room for */

/* [IPv6Prefix]: advertised on the link. */
struct ipv6_prefix {
        struct prefix prefix;      /* without host bits; AF_INET6 */
        bool assign;               /* the host has an address in it, by each of the tokens */
        bool on_link, autonomous;  /* flags L and A */
        uint32_t valid, preferred; /* seconds; UINT32_MAX: for ever */
        /* Of the host's addresses: the lower bits of each, AF_UNSPEC standing for the EUI-64. None: the EUI-64. */
        struct address tokens[IPV6_PREFIX_TOKENS_MAX];
        size_t n_tokens;
};

/* [IPv6RoutePrefix]: advertised as reachable by this router. */
struct ipv6_route_prefix {
        struct prefix prefix;
        uint32_t lifetime; /* seconds; UINT32_MAX: for ever */
};

/* [Route], Gateway=. */
struct link_route {
        struct prefix destination; /* length 0: default */
        struct address gateway;    /* AF_UNSPEC: on the link */
        struct address source;     /* preferred, or AF_UNSPEC */
};

/* [Neighbor]. */
struct link_neighbour {
        struct address address;
        struct mac mac;
};

/* [DHCPServer], [IPv6SendRA]: what guests are told; 0, AF_UNSPEC and CHOICE_UNSET: as always. */
struct link_service {
        enum choice enable;                       /* DHCPServer=, IPv6SendRA= */
        enum choice emit_dns;                     /* that there is a resolver */
        enum choice emit_router;                  /* that the host is the router, of DHCP */
        struct address servers[LINK_SERVERS_MAX]; /* DNS=, instead of the host */
        size_t n_servers;
        struct address times[LINK_SERVERS_MAX]; /* NTP=, of DHCP */
        size_t n_times;
        bool has_lifetime;
        uint32_t lifetime; /* of leases, of the router; seconds. 0: no default router */
        enum choice emit_domains, managed, other;
};

/* One line, as it was written. */
struct link_setting {
        char *where;   /* the option or "FILE:LINE" */
        char *section; /* "IPv6Prefix" */
        unsigned nth;  /* which section of the file: lines of the same section have the same */
        char *key, *value;
        bool known; /* this system knows the key and can do what it says */
        bool done;  /* it does it: the key is known, and all others of its section are that count for it */
};

struct link_settings {
        bool present; /* anything was said at all, if only {} */

        /* Address=, in order; what stood before an empty one is gone. 0.0.0.0/N and ::/N are not here. */
        struct prefix *addresses;
        size_t n_addresses;
        bool reset;                         /* there was an empty one: the automatic ranges are gone, unless */
        uint8_t automatic_v4, automatic_v6; /* a range of that length was asked for; 0: none was */

        struct ipv6_prefix *prefixes;
        size_t n_prefixes;
        struct ipv6_route_prefix *route_prefixes;
        size_t n_route_prefixes;
        struct link_route *routes;
        size_t n_routes;
        struct link_neighbour *neighbours;
        size_t n_neighbours;

        enum choice masquerade_v4, masquerade_v6; /* IPMasquerade= */
        struct link_service dhcp, router;
        uint32_t mtu; /* 0: as it is */
        bool has_mac;
        struct mac mac;

        struct link_setting *settings; /* all of them, in order */
        size_t n_settings;
};

#define LINK_SETTINGS_INIT ((struct link_settings){0})

void link_settings_clear(struct link_settings *s);

/* The host's addresses in an advertised prefix, by its tokens; ret: IPV6_PREFIX_TOKENS_MAX. Returns how many: none when
 * it is not assigned. Pure. */
size_t ipv6_prefix_host_addresses(const struct ipv6_prefix *p, const struct mac *host,
                                  struct prefix ret[IPV6_PREFIX_TOKENS_MAX]);
/* The address that a machine of that hardware address makes itself in it; false: none (A=0, longer than 64). */
bool ipv6_prefix_guest_address(const struct ipv6_prefix *p, const struct mac *guest, struct prefix *ret);
