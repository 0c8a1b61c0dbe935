/* Sections that a link may have several of, an entry of a list each: prefixes, routes, neighbours. */
#include "link_values.h"

#include "base/parse.h"

#define VALID_SEC     3600 /* systemd.network(5) */
#define PREFERRED_SEC 1800

/* [IPv6Prefix] */

static struct ipv6_prefix *last_prefix(struct link_settings *s) {
        return &s->prefixes[s->n_prefixes - 1];
}

static int begin_prefix(struct link_settings *s) {
        int r = LIST_GROW_TO(s->prefixes, s->n_prefixes, IPV6_PREFIXES_MAX);

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

int link_set_prefix(struct link_settings *s, const char *value) {
        struct prefix *p = &last_prefix(s)->prefix;

        return read_network_v6(value, p) < 0 || p->length < 3 || p->length > 64 ? -EINVAL : 0;
}

int link_set_prefix_assign(struct link_settings *s, const char *value) {
        return parse_boolean(value, &last_prefix(s)->assign);
}

int link_set_prefix_autonomous(struct link_settings *s, const char *value) {
        return parse_boolean(value, &last_prefix(s)->autonomous);
}

int link_set_prefix_on_link(struct link_settings *s, const char *value) {
        return parse_boolean(value, &last_prefix(s)->on_link);
}

int link_set_prefix_valid(struct link_settings *s, const char *value) {
        return link_read_seconds(value, UINT32_MAX, &last_prefix(s)->valid);
}

int link_set_prefix_preferred(struct link_settings *s, const char *value) {
        return link_read_seconds(value, UINT32_MAX, &last_prefix(s)->preferred);
}

int link_set_prefix_token(struct link_settings *s, const char *value) {
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
        int r = LIST_GROW_TO(s->route_prefixes, s->n_route_prefixes, IPV6_PREFIXES_MAX);

        if (r == 0)
                s->route_prefixes[s->n_route_prefixes - 1].lifetime = VALID_SEC;
        return r;
}

static const char *end_route_prefix(struct link_settings *s, bool done) {
        (void) done;
        return s->route_prefixes[s->n_route_prefixes - 1].prefix.address.family == AF_UNSPEC ? "has no Route=" : NULL;
}

int link_set_route_prefix(struct link_settings *s, const char *value) {
        return read_network_v6(value, &s->route_prefixes[s->n_route_prefixes - 1].prefix);
}

int link_set_route_prefix_lifetime(struct link_settings *s, const char *value) {
        return link_read_seconds(value, UINT32_MAX, &s->route_prefixes[s->n_route_prefixes - 1].lifetime);
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

int link_set_route_destination(struct link_settings *s, const char *value) {
        struct prefix p;

        if (prefix_parse(value, true, &p) < 0 || address_is_multicast(&p.address))
                return -EINVAL;
        last_route(s)->destination = prefix_network(&p);
        return 0;
}

int link_set_route_gateway(struct link_settings *s, const char *value) {
        if (string_starts_with(value, "_"))
                return LINK_KEY_FOREIGN;
        return address_parse(value, &last_route(s)->gateway) < 0 || !is_usable(&last_route(s)->gateway) ? -EINVAL : 0;
}

int link_set_route_source(struct link_settings *s, const char *value) {
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

int link_set_neighbour_address(struct link_settings *s, const char *value) {
        struct address *a = &s->neighbours[s->n_neighbours - 1].address;

        return address_parse(value, a) < 0 || !is_usable(a) ? -EINVAL : 0;
}

int link_set_neighbour_mac(struct link_settings *s, const char *value) {
        struct mac *m = &s->neighbours[s->n_neighbours - 1].mac;

        return mac_parse(value, m) < 0 || m->bytes[0] & 1 ? -EINVAL : 0;
}

static const struct link_section sections[] = {
        {"IPv6Prefix", begin_prefix, end_prefix},
        {"IPv6RoutePrefix", begin_route_prefix, end_route_prefix},
        {"Route", begin_route, end_route},
        {"Neighbor", begin_neighbour, end_neighbour},
};

const struct link_section *link_section_find(const char *section) {
        for (size_t i = 0; i < ELEMENTS_OF(sections); i++)
                if (string_equal(sections[i].section, section))
                        return &sections[i];
        return NULL;
}
