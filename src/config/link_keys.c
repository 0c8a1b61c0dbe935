/* The table of keys that this system carries out, and how their values are read. The guide's list is made from it. */
#include "link_keys.h"

#include "base/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX      16 /* of addresses, routes and the like of one link */
#define PREFIXES_MAX  8  /* that an advertisement has room for */
#define USEC_PER_SEC  UINT64_C(1000000)
#define VALID_SEC     3600 /* systemd.network(5) */
#define PREFERRED_SEC 1800
#define AUTOMATIC_V4  16, 30 /* lengths of 0.0.0.0/N */
#define AUTOMATIC_V6  64
#define LIFETIME_SEC  9000 /* of a router, RFC 4861 6.2.1 */

/* Room for one more at the end, zeroed. */
#define LIST_GROW_TO(list, n, max)                                                                                     \
        ({                                                                                                             \
                __typeof__(list) _new = (n) < (max) ? reallocarray((list), (n) + 1, sizeof(*(list))) : NULL;           \
                if (_new) {                                                                                            \
                        (list) = _new;                                                                                 \
                        memset(&(list)[(n)++], 0, sizeof(*(list)));                                                    \
                }                                                                                                      \
                _new ? 0 : -ENOMEM;                                                                                    \
        })
#define LIST_GROW(list, n) LIST_GROW_TO(list, n, LIST_MAX)

static bool is_usable(const struct address *a) {
        static const uint8_t zero[16];

        return memcmp(a->bytes, zero, address_size(a)) != 0 && !address_is_multicast(a) && !address_is_loopback(a);
}

static bool is_unspecified(const struct address *a) {
        static const uint8_t zero[16];

        return memcmp(a->bytes, zero, address_size(a)) == 0;
}

static int set_address(struct link_settings *s, const char *value) {
        struct prefix p;
        int r;

        if (!*value) {
                free(s->addresses);
                s->addresses = NULL;
                s->n_addresses = 0;
                s->automatic_v4 = s->automatic_v6 = 0;
                s->reset = true;
                return 0;
        }
        if (prefix_parse(value, true, &p) < 0 || (!is_usable(&p.address) && !is_unspecified(&p.address)) ||
            p.length == 0)
                return -EINVAL;
        for (size_t i = 0; i < s->n_addresses; i++)
                if (address_equal(&s->addresses[i].address, &p.address))
                        return s->addresses[i].length == p.length ? 0 : -EINVAL;
        r = LIST_GROW(s->addresses, s->n_addresses);
        if (r == 0)
                s->addresses[s->n_addresses - 1] = p;
        return r;
}

/* Of the host: the range of that size is found by the allocator. */
static int set_host_address(struct link_settings *s, const char *value) {
        static const uint8_t v4[] = {AUTOMATIC_V4};
        struct prefix p;

        if (!*value || prefix_parse(value, true, &p) < 0 || !is_unspecified(&p.address))
                return set_address(s, value);
        if (p.address.family == AF_INET6 ? p.length != AUTOMATIC_V6 : p.length < v4[0] || p.length > v4[1])
                return -EINVAL;
        *(p.address.family == AF_INET6 ? &s->automatic_v6 : &s->automatic_v4) = p.length;
        return 0;
}

static int set_container_address(struct link_settings *s, const char *value) {
        struct prefix p;

        if (*value && prefix_parse(value, true, &p) == 0 && is_unspecified(&p.address))
                return -EINVAL;
        return set_address(s, value);
}

static int set_gateway(struct link_settings *s, const char *value) {
        struct link_route route = {0};
        int r;

        if (string_starts_with(value, "_"))
                return LINK_KEY_FOREIGN;
        if (address_parse(value, &route.gateway) < 0 || !is_usable(&route.gateway))
                return -EINVAL;
        route.destination.address.family = route.gateway.family;
        r = LIST_GROW(s->routes, s->n_routes);
        if (r == 0)
                s->routes[s->n_routes - 1] = route;
        return r;
}

static int set_masquerade(struct link_settings *s, const char *value) {
        bool both = string_equal(value, "both"), v4 = both || string_equal(value, "ipv4"),
             v6 = both || string_equal(value, "ipv6"), yes;

        if (!v4 && !v6) {
                if (parse_boolean(value, &yes) < 0)
                        return -EINVAL;
                v4 = yes; /* systemd: "yes" is the old word for "ipv4" */
        }
        s->masquerade_v4 = v4 ? CHOICE_YES : CHOICE_NO;
        s->masquerade_v6 = v6 ? CHOICE_YES : CHOICE_NO;
        return 0;
}

static int read_choice(const char *value, enum choice *ret) {
        bool yes;

        if (parse_boolean(value, &yes) < 0)
                return -EINVAL;
        *ret = yes ? CHOICE_YES : CHOICE_NO;
        return 0;
}

#define SET_CHOICE(name, field)                                                                                        \
        static int name(struct link_settings *s, const char *value) {                                                  \
                return read_choice(value, &s->field);                                                                  \
        }

SET_CHOICE(set_dhcp_server, dhcp.enable)
SET_CHOICE(set_dhcp_dns, dhcp.emit_dns)
SET_CHOICE(set_dhcp_router, dhcp.emit_router)
SET_CHOICE(set_send_ra, router.enable)
SET_CHOICE(set_ra_dns, router.emit_dns)
SET_CHOICE(set_ra_domains, router.emit_domains)
SET_CHOICE(set_ra_managed, router.managed)
SET_CHOICE(set_ra_other, router.other)

/* Whole seconds; UINT32_MAX: for ever. */
static int read_seconds(const char *value, uint32_t max, uint32_t *ret) {
        uint64_t usec;

        if (parse_timespan(value, &usec) < 0)
                return -EINVAL;
        if (usec == UINT64_MAX) {
                *ret = UINT32_MAX;
                return max == UINT32_MAX ? 0 : -EINVAL;
        }
        if (usec / USEC_PER_SEC >= UINT32_MAX || usec / USEC_PER_SEC > max)
                return -EINVAL;
        *ret = (uint32_t) (usec / USEC_PER_SEC);
        return 0;
}

static int set_lease_time(struct link_settings *s, const char *value) {
        if (read_seconds(value, UINT32_MAX, &s->dhcp.lifetime) < 0 || s->dhcp.lifetime < 60)
                return -EINVAL;
        s->dhcp.has_lifetime = true;
        return 0;
}

static int set_router_lifetime(struct link_settings *s, const char *value) {
        if (read_seconds(value, LIFETIME_SEC, &s->router.lifetime) < 0 ||
            (s->router.lifetime > 0 && s->router.lifetime < 4))
                return -EINVAL;
        s->router.has_lifetime = true;
        return 0;
}

/* A line names several. */
static int read_servers(const char *value, int family, struct address list[LINK_SERVERS_MAX], size_t *n) {
        if (!*value)
                *n = 0;
        while (*value) {
                char text[ADDRESS_TEXT_MAX];
                size_t size = strcspn(value, " \t");

                if (size == 0 || size >= sizeof(text) || *n == LINK_SERVERS_MAX)
                        return -EINVAL;
                memcpy(text, value, size);
                text[size] = '\0';
                if (address_parse(text, &list[*n]) < 0 || list[*n].family != family || !is_usable(&list[*n]))
                        return -EINVAL;
                (*n)++;
                value += size;
                value += strspn(value, " \t");
        }
        return 0;
}

static int set_dhcp_servers(struct link_settings *s, const char *value) {
        return read_servers(value, AF_INET, s->dhcp.servers, &s->dhcp.n_servers);
}

static int set_dhcp_times(struct link_settings *s, const char *value) {
        return read_servers(value, AF_INET, s->dhcp.times, &s->dhcp.n_times);
}

static int set_ra_servers(struct link_settings *s, const char *value) {
        return read_servers(value, AF_INET6, s->router.servers, &s->router.n_servers);
}

static int set_mtu(struct link_settings *s, const char *value) {
        uint64_t mtu;

        if (parse_unsigned(value, 1280, UINT16_MAX, &mtu) < 0)
                return -EINVAL;
        s->mtu = (uint32_t) mtu;
        return 0;
}

static int set_mac(struct link_settings *s, const char *value) {
        if (mac_parse(value, &s->mac) < 0 || s->mac.bytes[0] & 1)
                return -EINVAL;
        s->has_mac = true;
        return 0;
}

/* Values that say what is so in any case. */
static int expect_no(struct link_settings *s, const char *value) {
        bool yes;

        (void) s;
        return parse_boolean(value, &yes) < 0 || yes ? LINK_KEY_FOREIGN : 0;
}

static int expect_yes(struct link_settings *s, const char *value) {
        bool yes;

        (void) s;
        return parse_boolean(value, &yes) < 0 || !yes ? -EINVAL : 0;
}

static int expect_only_no(struct link_settings *s, const char *value) {
        return expect_no(s, value) == 0 ? 0 : -EINVAL;
}

static int expect_forwarding(struct link_settings *s, const char *value) {
        return string_equal(value, "ipv4") || string_equal(value, "ipv6") ? 0 : expect_yes(s, value);
}

static int expect_link_local(struct link_settings *s, const char *value) {
        (void) s;
        return string_equal(value, "ipv6") ? 0 : -EINVAL;
}

static int expect_any_switch(struct link_settings *s, const char *value) {
        bool yes;

        (void) s;
        /* PersistLeases=runtime, KeepConfiguration=static ... */
        return value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' ? 0 : parse_boolean(value, &yes);
}

static int expect_no_detection(struct link_settings *s, const char *value) {
        (void) s;
        return string_equal(value, "none") ? 0 : LINK_KEY_FOREIGN;
}

/* [IPv6Prefix] */

static struct ipv6_prefix *last_prefix(struct link_settings *s) {
        return &s->prefixes[s->n_prefixes - 1];
}

static int begin_prefix(struct link_settings *s) {
        int r = LIST_GROW_TO(s->prefixes, s->n_prefixes, PREFIXES_MAX);

        if (r == 0) {
                struct ipv6_prefix *p = last_prefix(s);

                p->on_link = p->autonomous = true;
                p->valid = VALID_SEC;
                p->preferred = PREFERRED_SEC;
        }
        return r;
}

static const char *end_prefix(struct link_settings *s, bool done) {
        const struct ipv6_prefix *p = last_prefix(s);

        (void) done;
        if (p->prefix.address.family == AF_UNSPEC)
                return "has no Prefix=";
        if (p->preferred > p->valid)
                return "has a PreferredLifetimeSec= longer than its ValidLifetimeSec=";
        for (size_t i = 0; i + 1 < s->n_prefixes; i++)
                if (prefix_overlaps(&s->prefixes[i].prefix, &p->prefix))
                        return "overlaps a prefix before it";
        return NULL;
}

static int read_network_v6(const char *value, struct prefix *ret) {
        if (prefix_parse(value, false, ret) < 0 || ret->address.family != AF_INET6 ||
            address_is_multicast(&ret->address) || address_is_link_local(&ret->address))
                return -EINVAL;
        *ret = prefix_network(ret);
        return 0;
}

static int set_prefix(struct link_settings *s, const char *value) {
        struct prefix *p = &last_prefix(s)->prefix;

        return read_network_v6(value, p) < 0 || p->length < 3 || p->length > 64 ? -EINVAL : 0;
}

static int set_prefix_assign(struct link_settings *s, const char *value) {
        return parse_boolean(value, &last_prefix(s)->assign);
}

static int set_prefix_autonomous(struct link_settings *s, const char *value) {
        return parse_boolean(value, &last_prefix(s)->autonomous);
}

static int set_prefix_on_link(struct link_settings *s, const char *value) {
        return parse_boolean(value, &last_prefix(s)->on_link);
}

static int set_prefix_valid(struct link_settings *s, const char *value) {
        return read_seconds(value, UINT32_MAX, &last_prefix(s)->valid);
}

static int set_prefix_preferred(struct link_settings *s, const char *value) {
        return read_seconds(value, UINT32_MAX, &last_prefix(s)->preferred);
}

static int set_prefix_token(struct link_settings *s, const char *value) {
        struct ipv6_prefix *p = last_prefix(s);
        struct address token = ADDRESS_NONE;

        if (!*value) {
                p->n_tokens = 0;
                return 0;
        }
        if (string_starts_with(value, "static:"))
                value += strlen("static:");
        if (!string_equal(value, "eui64") &&
            (address_parse(value, &token) < 0 || token.family != AF_INET6 || is_unspecified(&token)))
                return -EINVAL;
        if (p->n_tokens == IPV6_PREFIX_TOKENS_MAX)
                return -EINVAL;
        p->tokens[p->n_tokens++] = token;
        return 0;
}

/* [IPv6RoutePrefix] */

static int begin_route_prefix(struct link_settings *s) {
        int r = LIST_GROW_TO(s->route_prefixes, s->n_route_prefixes, PREFIXES_MAX);

        if (r == 0)
                s->route_prefixes[s->n_route_prefixes - 1].lifetime = VALID_SEC;
        return r;
}

static const char *end_route_prefix(struct link_settings *s, bool done) {
        (void) done;
        return s->route_prefixes[s->n_route_prefixes - 1].prefix.address.family == AF_UNSPEC ? "has no Route=" : NULL;
}

static int set_route_prefix(struct link_settings *s, const char *value) {
        return read_network_v6(value, &s->route_prefixes[s->n_route_prefixes - 1].prefix);
}

static int set_route_prefix_lifetime(struct link_settings *s, const char *value) {
        return read_seconds(value, UINT32_MAX, &s->route_prefixes[s->n_route_prefixes - 1].lifetime);
}

/* [Route] */

static struct link_route *last_route(struct link_settings *s) {
        return &s->routes[s->n_routes - 1];
}

static int begin_route(struct link_settings *s) {
        return LIST_GROW(s->routes, s->n_routes);
}

static const char *end_route(struct link_settings *s, bool done) {
        struct link_route *r = last_route(s);
        int family = r->destination.address.family != AF_UNSPEC ? r->destination.address.family : r->gateway.family;

        if (!done) {
                s->n_routes--;
                return NULL;
        }
        if (family == AF_UNSPEC)
                return "has neither Destination= nor Gateway=";
        r->destination.address.family = family;
        if ((r->gateway.family != AF_UNSPEC && r->gateway.family != family) ||
            (r->source.family != AF_UNSPEC && r->source.family != family))
                return "mixes IPv4 and IPv6";
        return NULL;
}

static int set_route_destination(struct link_settings *s, const char *value) {
        struct prefix p;

        if (prefix_parse(value, true, &p) < 0 || address_is_multicast(&p.address))
                return -EINVAL;
        last_route(s)->destination = prefix_network(&p);
        return 0;
}

static int set_route_gateway(struct link_settings *s, const char *value) {
        if (string_starts_with(value, "_"))
                return LINK_KEY_FOREIGN;
        return address_parse(value, &last_route(s)->gateway) < 0 || !is_usable(&last_route(s)->gateway) ? -EINVAL : 0;
}

static int set_route_source(struct link_settings *s, const char *value) {
        if (string_starts_with(value, "_"))
                return LINK_KEY_FOREIGN;
        return address_parse(value, &last_route(s)->source) < 0 || !is_usable(&last_route(s)->source) ? -EINVAL : 0;
}

/* [Neighbor] */

static int begin_neighbour(struct link_settings *s) {
        return LIST_GROW(s->neighbours, s->n_neighbours);
}

static const char *end_neighbour(struct link_settings *s, bool done) {
        static const struct mac none;
        const struct link_neighbour *n = &s->neighbours[s->n_neighbours - 1];

        if (!done) {
                s->n_neighbours--;
                return NULL;
        }
        if (n->address.family == AF_UNSPEC || mac_equal(&n->mac, &none))
                return "needs both Address= and LinkLayerAddress=";
        return NULL;
}

static int set_neighbour_address(struct link_settings *s, const char *value) {
        struct address *a = &s->neighbours[s->n_neighbours - 1].address;

        return address_parse(value, a) < 0 || !is_usable(a) ? -EINVAL : 0;
}

static int set_neighbour_mac(struct link_settings *s, const char *value) {
        struct mac *m = &s->neighbours[s->n_neighbours - 1].mac;

        return mac_parse(value, m) < 0 || m->bytes[0] & 1 ? -EINVAL : 0;
}

static const struct link_section sections[] = {
        {"IPv6Prefix", begin_prefix, end_prefix},
        {"IPv6RoutePrefix", begin_route_prefix, end_route_prefix},
        {"Route", begin_route, end_route},
        {"Neighbor", begin_neighbour, end_neighbour},
};

#define H LINK_SIDE_HOST
#define C LINK_SIDE_CONTAINER
#define Z LINK_SIDE_ZONE

#define SWITCH   "yes or no"
#define SECONDS  "a time span such as \"1h\", or \"infinity\""
#define STATIC   "an address with its length, such as \"10.42.42.1/24\" or \"fd42::1/64\""
#define SERVERS4 "at most three IPv4 addresses"

/* In the order of systemd.network(5). */
static const struct link_key keys[] = {
        {"Link", "MACAddress", C, set_mac, false, "a hardware address of one machine", "the hardware address inside"},
        {"Link", "MTUBytes", H | C | Z, set_mtu, false, "a number from 1280 to 65535",
         "the MTU of both ends of the link"},
        {"Link", "RequiredForOnline", H | Z, expect_any_switch, false, SWITCH,
         "nothing: nobody waits for a container's link"},
        {"Network", "DHCP", H | Z, expect_only_no, false, "no: the host gives addresses on this link",
         "as it always is"},
        {"Network", "DHCPServer", H | Z, set_dhcp_server, false, SWITCH, "whether the host answers DHCP"},
        {"Network", "LinkLocalAddressing", H | Z, expect_link_local, false, "ipv6, which is what the link has",
         "as it always is"},
        {"Network", "LLDP", H | Z, expect_no, false, SWITCH, "\"no\", as it always is"},
        {"Network", "EmitLLDP", H | Z, expect_no, false, SWITCH, "\"no\", as it always is"},
        {"Network", "Address", H | Z, set_host_address, true,
         STATIC ", \"0.0.0.0/16\" to \"0.0.0.0/30\" or \"::/64\" for a free range",
         "the host's addresses, beside the automatic ones; an empty one drops those and all before it; 0.0.0.0/N and "
         "::/64 ask for a free range"},
        {"Network", "Address", C, set_container_address, true, STATIC,
         "the container's addresses, beside the automatic ones"},
        {"Network", "Gateway", H | C | Z, set_gateway, false, "an address", "a default route by that router"},
        {"Network", "IPForward", H | Z, expect_forwarding, false, "yes: the host is the container's router",
         "as it always is"},
        {"Network", "IPv4Forwarding", H | Z, expect_yes, false, "yes: the host is the container's router",
         "as it always is"},
        {"Network", "IPv6Forwarding", H | Z, expect_yes, false, "yes: the host is the container's router",
         "as it always is"},
        {"Network", "IPMasquerade", H | Z, set_masquerade, false, "ipv4, ipv6, both or no",
         "which families go out with the host's address; of IPv6 fc00::/7 only, global addresses never"},
        {"Network", "IPv6AcceptRA", H | Z, expect_only_no, false, "no: the host is the router on this link",
         "as it always is"},
        {"Network", "IPv6SendRA", H | Z, set_send_ra, false, SWITCH, "whether the host advertises itself"},
        {"Network", "ConfigureWithoutCarrier", H | Z, expect_yes, false, "yes", "as it always is"},
        {"Network", "KeepConfiguration", H | Z, expect_any_switch, false, SWITCH, "nothing: it is always kept"},
        {"Address", "Address", H | Z, set_host_address, false, STATIC, "as Address= in [Network]"},
        {"Address", "Address", C, set_container_address, false, STATIC, "as Address= in [Network]"},
        {"Address", "DuplicateAddressDetection", H | C | Z, expect_no_detection, false, "none, ipv4, ipv6 or both",
         "\"none\", as it always is"},
        {"Neighbor", "Address", H | C | Z, set_neighbour_address, false, "an address", "a permanent neighbour"},
        {"Neighbor", "LinkLayerAddress", H | C | Z, set_neighbour_mac, false, "a hardware address of one machine",
         "its hardware address"},
        {"Route", "Gateway", H | C | Z, set_route_gateway, false, "an address", "the router of a route"},
        {"Route", "Destination", H | C | Z, set_route_destination, false, "a prefix such as \"10.0.0.0/8\"",
         "where a route leads; none: everywhere"},
        {"Route", "PreferredSource", H | C | Z, set_route_source, false, "an address",
         "with which address one goes there"},
        {"DHCPServer", "DefaultLeaseTimeSec", H | Z, set_lease_time, false, SECONDS ", at least a minute",
         "how long leases last"},
        {"DHCPServer", "PersistLeases", H | Z, expect_any_switch, false, SWITCH,
         "nothing: a container has the same addresses always"},
        {"DHCPServer", "EmitDNS", H | Z, set_dhcp_dns, false, SWITCH, "whether DHCP tells of a resolver"},
        {"DHCPServer", "DNS", H | Z, set_dhcp_servers, true, SERVERS4, "which one, instead of the host"},
        {"DHCPServer", "NTP", H | Z, set_dhcp_times, true, SERVERS4, "time servers that DHCP tells of"},
        {"DHCPServer", "EmitRouter", H | Z, set_dhcp_router, false, SWITCH,
         "whether DHCP tells that the host is the router"},
        {"IPv6SendRA", "Managed", H | Z, set_ra_managed, false, SWITCH, "whether addresses come by DHCPv6"},
        {"IPv6SendRA", "OtherInformation", H | Z, set_ra_other, false, SWITCH, "whether other settings do"},
        {"IPv6SendRA", "RouterLifetimeSec", H | Z, set_router_lifetime, false,
         "0, or a time span from 4 seconds to 9000", "how long the host is the default router; 0: it is not"},
        {"IPv6SendRA", "EmitDNS", H | Z, set_ra_dns, false, SWITCH, "whether advertisements tell of a resolver"},
        {"IPv6SendRA", "DNS", H | Z, set_ra_servers, true, "at most three IPv6 addresses",
         "which one, instead of the host"},
        {"IPv6SendRA", "EmitDomains", H | Z, set_ra_domains, false, SWITCH,
         "whether they tell the domain of containers' names"},
        {"IPv6Prefix", "AddressAutoconfiguration", H | Z, set_prefix_autonomous, false, SWITCH,
         "whether the container makes itself an address in the prefix (flag A)"},
        {"IPv6Prefix", "OnLink", H | Z, set_prefix_on_link, false, SWITCH, "flag L"},
        {"IPv6Prefix", "Prefix", H | Z, set_prefix, false, "a prefix of 3 to 64 bits, such as \"fd12:3456::/64\"",
         "a prefix that is advertised and routed to the container"},
        {"IPv6Prefix", "PreferredLifetimeSec", H | Z, set_prefix_preferred, false, SECONDS, "its lifetimes"},
        {"IPv6Prefix", "ValidLifetimeSec", H | Z, set_prefix_valid, false, SECONDS, "its lifetimes"},
        {"IPv6Prefix", "Assign", H | Z, set_prefix_assign, false, SWITCH, "whether the host has an address in it"},
        {"IPv6Prefix", "Token", H | Z, set_prefix_token, true,
         "eui64, or the lower bits as an address such as \"::1\" or \"static:::1\" (at most 4)",
         "which one: the EUI-64 unless said otherwise"},
        {"IPv6RoutePrefix", "Route", H | Z, set_route_prefix, false, "an IPv6 prefix",
         "what else the host is the router for"},
        {"IPv6RoutePrefix", "LifetimeSec", H | Z, set_route_prefix_lifetime, false, SECONDS, "its lifetime"},
};

#undef H
#undef C
#undef Z

const struct link_key *link_key_find(const char *section, const char *key, enum link_side side) {
        for (size_t i = 0; i < ELEMENTS_OF(keys); i++)
                if (keys[i].sides & (unsigned) side && string_equal(keys[i].section, section) &&
                    string_equal(keys[i].key, key))
                        return &keys[i];
        return NULL;
}

const struct link_section *link_section_find(const char *section) {
        for (size_t i = 0; i < ELEMENTS_OF(sections); i++)
                if (string_equal(sections[i].section, section))
                        return &sections[i];
        return NULL;
}

bool link_section_is_ours(const char *section) {
        static const char *const ours[] = {"DHCPServer", "DHCPServerStaticLease", "IPv6SendRA",
                                           "IPv6Prefix", "IPv6RoutePrefix",       "IPv6PREF64Prefix"};

        for (size_t i = 0; i < ELEMENTS_OF(ours); i++)
                if (string_equal(section, ours[i]))
                        return true;
        return false;
}

void link_keys_document(struct buffer *b) {
        buffer_append_string(b, "| section | key | host | zone | container | |\n|---|---|---|---|---|---|\n");
        for (size_t i = 0; i < ELEMENTS_OF(keys); i++)
                buffer_append_format(b, "| `[%s]` | `%s=` | %s | %s | %s | %s |\n", keys[i].section, keys[i].key,
                                     keys[i].sides & LINK_SIDE_HOST ? "yes" : "",
                                     keys[i].sides & LINK_SIDE_ZONE ? "yes" : "",
                                     keys[i].sides & LINK_SIDE_CONTAINER ? "yes" : "", keys[i].does);
}
