/* Router advertisements and solicitations (RFC 4861, 8106, 5175). Pure. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RA_HOP_LIMIT    255 /* both ways; anything less came from another link */
#define RA_PREFIXES_MAX 9
#define RA_SIZE_MAX     1024
#define RA_LIFETIME_MAX UINT16_MAX /* of a router, seconds (RFC 8319) */
#define RA_INFINITE     UINT32_MAX

struct ra_prefix {
        struct prefix prefix;
        bool off_link;             /* hosts send to the router what is for it */
        bool autonomous;           /* hosts make themselves addresses in it */
        uint32_t valid, preferred; /* seconds */
};

struct ra_route {
        struct prefix prefix;
        uint32_t lifetime; /* seconds */
};

struct ra_config {
        struct mac mac;
        bool managed;             /* addresses come by DHCPv6 */
        bool other;               /* other settings come by DHCPv6 */
        uint16_t router_lifetime; /* seconds; 0: no default router */
        uint32_t mtu;             /* 0: not sent */
        const struct ra_prefix *prefixes;
        size_t n_prefixes;
        const struct ra_route *routes; /* RFC 4191 */
        size_t n_routes;
        const struct in6_addr *servers; /* resolvers, in place of dns */
        size_t n_servers;
        struct in6_addr dns;                    /* unspecified: not sent */
        const char *domain;                     /* NULL: not sent */
        uint32_t dns_lifetime, domain_lifetime; /* seconds */
};

/* Writes an advertisement, its checksum left out. -ENOBUFS: does not fit; -EINVAL: the domain is no name. */
int ra_build(const struct ra_config *c, uint8_t *data, size_t capacity, size_t *ret_size);

#define RA_PACKET_MAX (40 + RA_SIZE_MAX)

/* The same as a whole IPv6 packet (RFC 8200), with the checksum. */
int ra_packet_build(const struct ra_config *c, const struct in6_addr *from, const struct in6_addr *to, uint8_t *data,
                    size_t capacity, size_t *ret_size);

struct router_solicitation {
        bool has_mac;
        struct mac mac;
};

/* An ICMPv6 message that arrived with hop_limit from source. -EBADMSG: not a valid solicitation (RFC 4861 6.1.1). */
int router_solicitation_parse(const uint8_t *data, size_t size, int hop_limit, const struct in6_addr *source,
                              struct router_solicitation *ret);
