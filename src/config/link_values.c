/* Values that are about a link as a whole: checked, and put into its settings. */
#include "link_values.h"

#include "base/parse.h"

#include <string.h>

#define USEC_PER_SEC UINT64_C(1000000)
#define AUTOMATIC_V4 16, 30 /* lengths of 0.0.0.0/N */
#define AUTOMATIC_V6 64
#define LIFETIME_SEC 9000 /* of a router, RFC 4861 6.2.1 */

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
        /* systemd-networkd would guess the length. */
        if (!strchr(value, '/') || prefix_parse(value, true, &p) < 0 || !is_usable(&p.address) || p.length == 0 ||
            !prefix_is_of_host(&p))
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
int link_set_host_address(struct link_settings *s, const char *value) {
        static const uint8_t v4[] = {AUTOMATIC_V4};
        struct prefix p;

        if (!*value || prefix_parse(value, true, &p) < 0 || !is_unspecified(&p.address))
                return set_address(s, value);
        if (p.address.family == AF_INET6 ? p.length != AUTOMATIC_V6 : p.length < v4[0] || p.length > v4[1])
                return -EINVAL;
        *(p.address.family == AF_INET6 ? &s->automatic_v6 : &s->automatic_v4) = p.length;
        return 0;
}

int link_set_container_address(struct link_settings *s, const char *value) {
        struct prefix p;

        if (*value && prefix_parse(value, true, &p) == 0 && is_unspecified(&p.address))
                return -EINVAL;
        return set_address(s, value);
}

int link_set_gateway(struct link_settings *s, const char *value) {
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

int link_set_masquerade(struct link_settings *s, const char *value) {
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
        int name(struct link_settings *s, const char *value) {                                                         \
                return read_choice(value, &s->field);                                                                  \
        }

SET_CHOICE(link_set_dhcp_server, dhcp.enable)
SET_CHOICE(link_set_dhcp_dns, dhcp.emit_dns)
SET_CHOICE(link_set_dhcp_router, dhcp.emit_router)
SET_CHOICE(link_set_send_ra, router.enable)
SET_CHOICE(link_set_ra_dns, router.emit_dns)
SET_CHOICE(link_set_ra_domains, router.emit_domains)
SET_CHOICE(link_set_ra_managed, router.managed)
SET_CHOICE(link_set_ra_other, router.other)

int link_read_seconds(const char *value, uint32_t max, uint32_t *ret) {
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

int link_set_lease_time(struct link_settings *s, const char *value) {
        if (link_read_seconds(value, UINT32_MAX, &s->dhcp.lifetime) < 0 || s->dhcp.lifetime < 60)
                return -EINVAL;
        s->dhcp.has_lifetime = true;
        return 0;
}

int link_set_router_lifetime(struct link_settings *s, const char *value) {
        if (link_read_seconds(value, LIFETIME_SEC, &s->router.lifetime) < 0 ||
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

int link_set_dhcp_servers(struct link_settings *s, const char *value) {
        return read_servers(value, AF_INET, s->dhcp.servers, &s->dhcp.n_servers);
}

int link_set_dhcp_times(struct link_settings *s, const char *value) {
        return read_servers(value, AF_INET, s->dhcp.times, &s->dhcp.n_times);
}

int link_set_ra_servers(struct link_settings *s, const char *value) {
        return read_servers(value, AF_INET6, s->router.servers, &s->router.n_servers);
}

int link_set_mtu(struct link_settings *s, const char *value) {
        uint64_t mtu;

        if (parse_unsigned(value, 1280, UINT16_MAX, &mtu) < 0)
                return -EINVAL;
        s->mtu = (uint32_t) mtu;
        return 0;
}

int link_set_mac(struct link_settings *s, const char *value) {
        if (mac_parse(value, &s->mac) < 0 || s->mac.bytes[0] & 1)
                return -EINVAL;
        s->has_mac = true;
        return 0;
}

/* Values that say what is so in any case. */
int link_expect_no(struct link_settings *s, const char *value) {
        bool yes;

        (void) s;
        return parse_boolean(value, &yes) < 0 || yes ? LINK_KEY_FOREIGN : 0;
}

int link_expect_yes(struct link_settings *s, const char *value) {
        bool yes;

        (void) s;
        return parse_boolean(value, &yes) < 0 || !yes ? -EINVAL : 0;
}

int link_expect_only_no(struct link_settings *s, const char *value) {
        return link_expect_no(s, value) == 0 ? 0 : -EINVAL;
}

int link_expect_forwarding(struct link_settings *s, const char *value) {
        return string_equal(value, "ipv4") || string_equal(value, "ipv6") ? 0 : link_expect_yes(s, value);
}

int link_expect_link_local(struct link_settings *s, const char *value) {
        (void) s;
        return string_equal(value, "ipv6") ? 0 : -EINVAL;
}

int link_expect_any_switch(struct link_settings *s, const char *value) {
        bool yes;

        (void) s;
        /* PersistLeases=runtime, KeepConfiguration=static ... */
        return value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' ? 0 : parse_boolean(value, &yes);
}

int link_expect_no_detection(struct link_settings *s, const char *value) {
        (void) s;
        return string_equal(value, "none") ? 0 : LINK_KEY_FOREIGN;
}
