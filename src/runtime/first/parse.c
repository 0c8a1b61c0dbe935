/* The file of `key value` lines that tells the first process its network. */
#include "first.h"

#include "base/parse.h"

#include <errno.h>
#include <string.h>

static bool is_link_name(const char *s) {
        return *s && strlen(s) < IFNAMSIZ && !strchr(s, '/') && !string_equal(s, ".") && !string_equal(s, "..");
}

static const char *parse_link(char *value, struct first_file *f) {
        for (size_t i = 0; i < f->n; i++)
                if (!strcmp(f->links[i].link, value))
                        return "a second link of that name";
        if (f->n >= FIRST_LINKS_MAX)
                return "too many links";
        if (!is_link_name(value))
                return "not the name of a link";
        strcpy(f->links[f->n++].link, value);
        return NULL;
}

static const char *parse_name(char *value, struct first_network *n) {
        if (n->name[0])
                return "a second name";
        if (!is_link_name(value))
                return "not the name of a link";
        strcpy(n->name, value);
        return NULL;
}

static const char *parse_mac(char *value, struct first_network *n) {
        if (n->has_mac)
                return "a second hardware address";
        if (mac_parse(value, &n->mac) < 0)
                return "not a hardware address";
        n->has_mac = true;
        return NULL;
}

/* DESTINATION [via ADDRESS] [from ADDRESS] */
static const char *parse_route(char *value, struct first_network *n) {
        struct first_route *route = &n->routes[n->n_routes];
        char *word = strsep(&value, " ");

        if (n->n_routes >= FIRST_ROUTES_MAX)
                return "too many routes";
        *route = (struct first_route){0};
        if (prefix_parse(word, false, &route->destination) < 0)
                return "not an address with a prefix length";
        while ((word = strsep(&value, " "))) {
                char *address = strsep(&value, " ");
                struct address *to = !strcmp(word, "via") ? &route->via : !strcmp(word, "from") ? &route->source : NULL;

                if (!to || to->family != AF_UNSPEC || !address || address_parse(address, to) < 0 ||
                    to->family != route->destination.address.family)
                        return "a route is a prefix, then via and from with an address of the same family";
        }
        n->n_routes++;
        return NULL;
}

static const char *parse_mtu(char *value, struct first_network *n) {
        uint64_t mtu;

        if (n->mtu)
                return "a second MTU";
        if (parse_unsigned(value, 1280, 65535, &mtu) < 0)
                return "not an MTU (1280 to 65535)";
        n->mtu = (uint32_t) mtu;
        return NULL;
}

static const char *parse_deadline(char *value, struct first_network *n) {
        uint64_t deadline;

        if (n->deadline_ms)
                return "a second deadline";
        if (parse_unsigned(value, 0, 600000, &deadline) < 0)
                return "not a deadline in milliseconds (0 to 600000)";
        n->deadline_ms = (uint32_t) deadline;
        return NULL;
}

static const char *parse_segment(char *value, struct first_network *n) {
        if (n->shared)
                return "a second segment";
        if (strcmp(value, "shared") != 0)
                return "not a kind of segment (shared)";
        n->shared = true;
        return NULL;
}

static const char *parse_address(char *value, struct first_network *n) {
        if (n->n_addresses >= FIRST_ADDRESSES_MAX)
                return "too many addresses";
        if (prefix_parse(value, false, &n->addresses[n->n_addresses]) < 0)
                return "not an address with a prefix length";
        n->n_addresses++;
        return NULL;
}

static const char *parse_gateway(char *value, struct first_network *n) {
        if (n->n_gateways >= FIRST_GATEWAYS_MAX)
                return "too many gateways";
        if (address_parse(value, &n->gateways[n->n_gateways]) < 0)
                return "not an address";
        n->n_gateways++;
        return NULL;
}

static const char *parse_neighbour(char *value, struct first_network *n) {
        char *blank = strchr(value, ' ');
        struct first_neighbour *entry;

        if (n->n_neighbours >= FIRST_NEIGHBOURS_MAX)
                return "too many neighbours";
        entry = &n->neighbours[n->n_neighbours];
        if (!blank)
                return "a neighbour is an address and a hardware address";
        *blank = '\0';
        if (address_parse(value, &entry->address) < 0 || mac_parse(blank + 1, &entry->mac) < 0)
                return "a neighbour is an address and a hardware address";
        n->n_neighbours++;
        return NULL;
}

static const struct {
        const char *key;
        const char *(*parse)(char *value, struct first_network *n); /* NULL, or what is wrong */
} keys[] = {
        {"name", parse_name},       {"mac", parse_mac},     {"mtu", parse_mtu},         {"deadline", parse_deadline},
        {"address", parse_address}, {"route", parse_route}, {"gateway", parse_gateway}, {"neighbour", parse_neighbour},
        {"segment", parse_segment},
};

static const char *parse_line(char *line, struct first_file *f) {
        char *value = strchr(line, ' ');

        if (!value)
                return "a line is a key, a blank and a value";
        *value++ = '\0';
        if (!strcmp(line, "link"))
                return parse_link(value, f);
        for (size_t i = 0; i < ELEMENTS_OF(keys); i++)
                if (!strcmp(line, keys[i].key))
                        return f->n == 0 ? "no link was named before" : keys[i].parse(value, &f->links[f->n - 1]);
        return "unknown key";
}

int first_parse(char *text, struct first_file *ret, unsigned *ret_line, const char **ret_problem) {
        *ret = (struct first_file){0};
        *ret_line = 0;
        *ret_problem = NULL;

        while (*text) {
                char *end = strchr(text, '\n');

                ++*ret_line;
                if (!end) {
                        /* The writer ends every line: this is the rest of a write that was cut off. */
                        *ret_problem = "the file ends inside a line";
                        return -EINVAL;
                }
                *end = '\0';
                if (*text && *text != '#') {
                        *ret_problem = parse_line(text, ret);
                        if (*ret_problem)
                                return -EINVAL;
                }
                text = end + 1;
        }
        *ret_line = 0;
        if (ret->n == 0) {
                *ret_problem = "it names no link";
                return -EINVAL;
        }
        return 0;
}
