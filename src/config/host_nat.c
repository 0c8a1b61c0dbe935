/* networking.nat, and networking.containers beside it: each option by itself, then all together. Types and forms were
 * checked by the table already when a person wrote it; here the values are. */
#include "host_config.h"

#include "base/file.h"
#include "base/parse.h"
#include "option_path.h"
#include "value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX 65535

struct reader {
        const json_t *nat;
        json_t *path; /* of the option that is being read */
        struct error *e;
};

static int wrong(const struct reader *r, const char *fmt, ...) _printf_(2, 3);
static int wrong(const struct reader *r, const char *fmt, ...) {
        _cleanup_(freep) char *name = option_path_name(r->path), *text = NULL;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&text, fmt, ap) < 0)
                text = NULL;
        va_end(ap);
        return error_set(r->e, EINVAL, EXIT_CONTAINER, "%s: %s", name ? name : "?", text ? text : "wrong");
}

static int wrong_value(const struct reader *r, const char *expected, const json_t *found) {
        char text[VALUE_TEXT_MAX];

        return wrong(r, "expected %s, found %s", expected, value_describe(found, text));
}

static void enter(struct reader *r, const char *name) {
        (void) json_array_append_new(r->path, json_string(name));
}

static void enter_item(struct reader *r, size_t i) {
        (void) json_array_append_new(r->path, json_integer((json_int_t) i));
}

/* The path stays where it is after a failure. */
static void leave(struct reader *r) {
        (void) json_array_remove(r->path, json_array_size(r->path) - 1);
}

static int read_boolean(struct reader *r, const char *name, bool *ret) {
        const json_t *v = json_object_get(r->nat, name);

        *ret = json_is_true(v);
        if (!v || json_is_boolean(v))
                return 0;
        enter(r, name);
        return wrong_value(r, "true or false", v);
}

static bool is_link_name(const char *s, size_t size) {
        if (size == 0 || size >= IFNAMSIZ || strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
                return size == 0;
        for (size_t i = 0; i < size; i++)
                if ((unsigned char) s[i] <= ' ' || strchr("/\"\\*", s[i]))
                        return false;
        return true;
}

/* "ve-+" as iptables says it, "ve-*" as nftables does. */
static int read_internal(struct reader *r, const json_t *v, struct nat_link *ret) {
        const char *s = value_string(v);
        size_t n = s ? strlen(s) : 0;

        if (n > 0 && (s[n - 1] == '+' || s[n - 1] == '*')) {
                ret->prefix = true;
                n--;
        }
        if (!s || !*s || !string_is_clean(s) || !is_link_name(s, n))
                return wrong_value(r, "the name of an interface, '+' or '*' at the end standing for anything", v);
        memcpy(ret->name, s, n);
        return 0;
}

static int read_external(struct reader *r, char ret[IFNAMSIZ]) {
        const json_t *v = json_object_get(r->nat, "externalInterface");
        const char *s = value_string(v);

        if (!v || json_is_null(v))
                return 0;
        enter(r, "externalInterface");
        if (!s || !*s || !string_is_clean(s) || !is_link_name(s, strlen(s)))
                return wrong_value(r, "the name of one interface", v);
        (void) strcpy(ret, s);
        leave(r);
        return 0;
}

static int read_address(struct reader *r, const char *name, int family, struct address *ret) {
        const json_t *v = json_object_get(r->nat, name);
        const char *s = value_string(v);

        *ret = ADDRESS_NONE;
        if (!v || json_is_null(v))
                return 0;
        enter(r, name);
        if (!s || address_parse(s, ret) < 0 || ret->family != family || address_is_multicast(ret) ||
            address_is_loopback(ret))
                return wrong_value(
                        r, family == AF_INET ? "an IPv4 address of a machine" : "an IPv6 address of a machine", v);
        leave(r);
        return 0;
}

static int read_ranges(struct reader *r, const char *name, int family, struct nat *n) {
        const json_t *list = json_object_get(r->nat, name), *v;
        size_t i;

        enter(r, name);
        json_array_foreach (list, i, v) {
                const char *s = value_string(v);
                struct prefix p;

                enter_item(r, i);
                if (!s || prefix_parse(s, true, &p) < 0 || p.address.family != family)
                        return wrong_value(r,
                                           family == AF_INET ? "an IPv4 range such as \"192.168.1.0/24\""
                                                             : "an IPv6 range such as \"fc00::/64\"",
                                           v);
                n->ranges[n->n_ranges++] = prefix_network(&p);
                leave(r);
        }
        leave(r);
        return 0;
}

/* "a:b", "a-b", or one number. */
static int parse_ports(const char *s, char between, uint16_t *ret_first, unsigned *ret_count) {
        const char *second = strchr(s, between);
        _cleanup_(freep) char *first = format("%.*s", second ? (int) (second - s) : (int) strlen(s), s);
        uint16_t last;

        if (!first)
                return -ENOMEM;
        if (parse_port(first, ret_first) < 0)
                return -EINVAL;
        last = *ret_first;
        if ((second && parse_port(second + 1, &last) < 0) || last < *ret_first)
                return -EINVAL;
        *ret_count = (unsigned) last - *ret_first + 1;
        return 0;
}

static int read_source(struct reader *r, const json_t *entry, struct nat_forward *f) {
        const json_t *v = json_object_get(entry, "sourcePort");
        const char *s = value_string(v);
        unsigned count = 1;

        enter(r, "sourcePort");
        if (json_is_integer(v) && json_integer_value(v) >= 1 && json_integer_value(v) <= PORT_MAX)
                f->port = (uint16_t) json_integer_value(v);
        else if (!s || parse_ports(s, ':', &f->port, &count) < 0 || count > PORT_MAX)
                return wrong_value(r, "a port, or a range of ports \"FIRST:LAST\"", v);
        f->count = (uint16_t) count;
        leave(r);
        return 0;
}

static int parse_destination(const char *s, struct nat_forward *f, unsigned *ret_count) {
        const char *colon = strrchr(s, ':');
        bool brackets = *s == '[';
        _cleanup_(freep) char *address = NULL;

        if (!colon || colon - s < 2 || (brackets && colon[-1] != ']'))
                return -EINVAL;
        address = format("%.*s", (int) (colon - s) - (brackets ? 2 : 0), s + brackets);
        if (!address || address_parse(address, &f->to) < 0 || (f->to.family == AF_INET6) != brackets ||
            address_is_multicast(&f->to) || address_is_loopback(&f->to))
                return -EINVAL;
        return parse_ports(colon + 1, '-', &f->to_port, ret_count);
}

static int read_destination(struct reader *r, const json_t *entry, struct nat_forward *f) {
        const json_t *v = json_object_get(entry, "destination");
        const char *s = value_string(v);
        unsigned count = 0;

        enter(r, "destination");
        if (!s || parse_destination(s, f, &count) < 0)
                return wrong_value(
                        r,
                        "\"ADDRESS:PORT\" or \"ADDRESS:FIRST-LAST\" of a machine inside, an IPv6 address in brackets",
                        v);
        if (count != 1 && count != f->count)
                return wrong(r, "%u ports cannot lead to %u; give as many, or one", f->count, count);
        f->to_one = count == 1;
        leave(r);
        return 0;
}

static int read_loopback(struct reader *r, const json_t *entry, struct nat_forward *f) {
        const json_t *list = json_object_get(entry, "loopbackIPs"), *v;
        size_t i;

        f->loopback = calloc(json_array_size(list) + 1, sizeof(*f->loopback));
        if (!f->loopback)
                return -ENOMEM;
        enter(r, "loopbackIPs");
        json_array_foreach (list, i, v) {
                const char *s = value_string(v);
                struct address *a = &f->loopback[f->n_loopback++];

                enter_item(r, i);
                if (!s || address_parse(s, a) < 0 || address_is_multicast(a))
                        return wrong_value(r, "a public address", v);
                if (a->family != f->to.family)
                        return wrong_value(r, "an address of the destination's kind, IPv4 or IPv6", v);
                leave(r);
        }
        leave(r);
        return 0;
}

static int read_forward(struct reader *r, const json_t *entry, struct nat_forward *f) {
        const char *proto = value_string(json_object_get(entry, "proto"));
        int k;

        if (!json_is_object(entry))
                return wrong_value(r, "an attribute set with sourcePort and destination", entry);
        if (proto && !string_equal(proto, "tcp") && !string_equal(proto, "udp"))
                return wrong_value(r, "\"tcp\" or \"udp\" in proto", json_object_get(entry, "proto"));
        f->protocol = string_equal(proto, "udp") ? PROTOCOL_UDP : PROTOCOL_TCP;
        k = read_source(r, entry, f);
        if (k >= 0)
                k = read_destination(r, entry, f);
        return k < 0 ? k : read_loopback(r, entry, f);
}

static int read_forwards(struct reader *r, struct nat *n) {
        const json_t *list = json_object_get(r->nat, "forwardPorts"), *v;
        size_t i;
        int k;

        n->forwards = calloc(json_array_size(list) + 1, sizeof(*n->forwards));
        if (!n->forwards)
                return -ENOMEM;
        enter(r, "forwardPorts");
        json_array_foreach (list, i, v) {
                enter_item(r, i);
                n->n_forwards++;
                k = read_forward(r, v, &n->forwards[i]);
                if (k < 0)
                        return k;
                for (size_t other = 0; other < i; other++)
                        if (nat_forward_conflicts(&n->forwards[i], &n->forwards[other]))
                                return wrong(r, "networking.nat.forwardPorts[%zu] forwards %s port %u already", other,
                                             protocol_name(n->forwards[i].protocol),
                                             n->forwards[i].port > n->forwards[other].port ? n->forwards[i].port
                                                                                           : n->forwards[other].port);
                leave(r);
        }
        leave(r);
        return 0;
}

static int read_links(struct reader *r, const json_t *set, const char *name, struct nat_link **ret, size_t *ret_n) {
        const json_t *list = json_object_get(set, name), *v;
        size_t i;

        *ret = calloc(json_array_size(list) + 1, sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        enter(r, name);
        json_array_foreach (list, i, v) {
                int k;

                enter_item(r, i);
                k = read_internal(r, v, &(*ret)[(*ret_n)++]);
                if (k < 0)
                        return k;
                leave(r);
        }
        leave(r);
        return 0;
}

static int read_internals(struct reader *r, struct nat *n) {
        size_t n_ranges = json_array_size(json_object_get(r->nat, "internalIPs")) +
                          json_array_size(json_object_get(r->nat, "internalIPv6s"));
        int k;

        n->ranges = calloc(n_ranges + 1, sizeof(*n->ranges));
        if (!n->ranges)
                return -ENOMEM;
        k = read_links(r, r->nat, "internalInterfaces", &n->internal, &n->n_internal);
        if (k < 0)
                return k;
        k = read_ranges(r, "internalIPs", AF_INET, n);
        return k < 0 ? k : read_ranges(r, "internalIPv6s", AF_INET6, n);
}

static int read_all(struct reader *r, struct nat *n) {
        int k = read_boolean(r, "enable", &n->enable);

        if (k >= 0)
                k = read_boolean(r, "enableIPv6", &n->ipv6);
        if (k >= 0)
                k = read_internals(r, n);
        if (k >= 0)
                k = read_external(r, n->external);
        if (k >= 0)
                k = read_address(r, "externalIP", AF_INET, &n->external_v4);
        if (k >= 0)
                k = read_address(r, "externalIPv6", AF_INET6, &n->external_v6);
        if (k >= 0)
                k = read_forwards(r, n);
        return k < 0 ? k : read_address(r, "dmzHost", AF_INET, &n->dmz);
}

static int needs_ipv6(struct reader *r, const char *name) {
        enter(r, name);
        return wrong(r,
                     "this is about IPv6, which is not translated; set networking.nat.enableIPv6 = true, or remove it");
}

static int check_together(struct reader *r, const struct nat *n) {
        if (!n->enable)
                return 0;
        if (!n->external[0] && (n->n_forwards > 0 || n->dmz.family != AF_UNSPEC)) {
                enter(r, n->n_forwards > 0 ? "forwardPorts" : "dmzHost");
                return wrong(r, "needs networking.nat.externalInterface, the interface by which connections come in");
        }
        if (n->ipv6)
                return 0;
        if (n->external_v6.family != AF_UNSPEC)
                return needs_ipv6(r, "externalIPv6");
        if (json_array_size(json_object_get(r->nat, "internalIPv6s")) > 0)
                return needs_ipv6(r, "internalIPv6s");
        for (size_t i = 0; i < n->n_forwards; i++)
                if (n->forwards[i].to.family == AF_INET6) {
                        enter(r, "forwardPorts");
                        enter_item(r, i);
                        return needs_ipv6(r, "destination");
                }
        return 0;
}

int host_nat_read(const json_t *host, struct nat *ret, json_t **ret_path, struct error *e) {
        _cleanup_(nat_clear) struct nat n = NAT_INIT;
        const json_t *networking = json_object_get(json_object_get(host, "config"), "networking");
        struct reader r = {
                .nat = json_object_get(networking, "nat"), .path = json_pack("[s,s]", "networking", "nat"), .e = e};
        int k;

        k = r.path ? read_all(&r, &n) : -ENOMEM;
        if (k >= 0)
                k = check_together(&r, &n);
        if (k >= 0 && json_array_set_new(r.path, 1, json_string("containers")) < 0)
                k = -ENOMEM;
        if (k >= 0)
                k = read_links(&r, json_object_get(networking, "containers"), "routedInterfaces", &n.routed,
                               &n.n_routed);
        if (k == -ENOMEM)
                (void) error_errno(e, k, EXIT_FAILED, "reading networking.nat");
        if (k < 0 && ret_path)
                *ret_path = json_incref(r.path);
        json_decref(r.path);
        if (k < 0)
                return k;
        *ret = n;
        n = NAT_INIT;
        return 0;
}
