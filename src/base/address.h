/* Addresses, prefixes and hardware addresses of both families, in network byte order inside. */
#pragma once

#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address {
        int family; /* AF_INET, AF_INET6, AF_UNSPEC = none */
        union {
                struct in_addr v4;
                struct in6_addr v6;
                uint8_t bytes[16];
        };
};

struct prefix {
        struct address address; /* host bits may be set: "10.0.0.1/28" is an interface address */
        uint8_t length;
};

struct mac {
        uint8_t bytes[ETH_ALEN];
};

#define ADDRESS_NONE     ((struct address){.family = AF_UNSPEC})
#define ADDRESS_TEXT_MAX INET6_ADDRSTRLEN
#define PREFIX_TEXT_MAX  (INET6_ADDRSTRLEN + 4)
#define MAC_TEXT_MAX     18

/* "10.0.0.1", "fd00::1"; no scope, no port, no brackets. -EINVAL. */
int address_parse(const char *s, struct address *ret);
/* "ADDRESS/LENGTH". Without a length: -EINVAL, unless length_optional (then 32 or 128). */
int prefix_parse(const char *s, bool length_optional, struct prefix *ret);
/* "aa:bb:cc:dd:ee:ff" */
int mac_parse(const char *s, struct mac *ret);

/* Canonical text (RFC 5952). buf of ..._TEXT_MAX bytes; returns buf. */
const char *address_format(const struct address *a, char buf[ADDRESS_TEXT_MAX]);
const char *prefix_format(const struct prefix *p, char buf[PREFIX_TEXT_MAX]);
const char *mac_format(const struct mac *m, char buf[MAC_TEXT_MAX]);

size_t address_size(const struct address *a);  /* 4, 16, 0 */
uint8_t address_bits(const struct address *a); /* 32, 128, 0 */
bool address_equal(const struct address *a, const struct address *b);
int address_compare(const struct address *a, const struct address *b); /* family, then bytes */
bool address_is_link_local(const struct address *a);                   /* 169.254/16, fe80::/10 */
bool address_is_loopback(const struct address *a);                     /* 127/8, ::1 */
bool address_is_unique_local(const struct address *a);                 /* fc00::/7 */
bool address_is_multicast(const struct address *a);
bool address_is_global_v6(const struct address *a); /* of IPv6, and neither unique nor link-local */
bool prefix_contains(const struct prefix *p, const struct address *a);
bool prefix_equal(const struct prefix *a, const struct prefix *b);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
/* The prefix that has this address alone. */
struct prefix prefix_of_address(const struct address *a);
/* The prefix with its host bits cleared. */
struct prefix prefix_network(const struct prefix *p);
/* The last address of an IPv4 range of more than two; AF_UNSPEC for all others, which have no broadcast address. */
struct address prefix_broadcast(const struct prefix *p);
/* Whether one host may have the address: it is neither the network's own (in IPv6 the routers' anycast address, RFC
 * 4291 2.6.1) nor its broadcast address. */
bool prefix_is_of_host(const struct prefix *p);
/* The n-th address of the prefix, n = 0 the network address. Wraps are the caller's error: n must fit. */
struct address prefix_nth(const struct prefix *p, uint64_t n);
bool mac_equal(const struct mac *a, const struct mac *b);

/* RFC 4291 appendix A: the /64 of p with the modified EUI-64 of m. */
struct address address_eui64(const struct prefix *p, const struct mac *m);
/* fe80:: with the modified EUI-64 of m. */
struct address address_link_local(const struct mac *m);
bool address_is_made_from(const struct address *a, const struct mac *m); /* that one */
