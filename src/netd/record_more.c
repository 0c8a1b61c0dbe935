/* Each list is an array of strings, the fields of an entry with blanks between them; "-" where there is none. */
#include "record_more.h"

#include "base/buffer.h"
#include "base/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define ENTRIES_MAX 1024
#define WORDS_MAX   (7 + IPV6_PREFIX_TOKENS_MAX)

static void put_address(struct buffer *b, const struct address *a) {
        char text[ADDRESS_TEXT_MAX];

        buffer_append_format(b, "%s ", a->family == AF_UNSPEC ? "-" : address_format(a, text));
}

static void put_prefix(struct buffer *b, const struct prefix *p) {
        char text[PREFIX_TEXT_MAX];

        buffer_append_format(b, "%s ", prefix_format(p, text));
}

static void put_ipv6_prefix(struct buffer *b, const void *item) {
        const struct ipv6_prefix *p = item;

        put_prefix(b, &p->prefix);
        buffer_append_format(b, "%d %d %d %" PRIu32 " %" PRIu32 " ", p->assign, p->on_link, p->autonomous, p->valid,
                             p->preferred);
        for (size_t i = 0; i < p->n_tokens; i++)
                put_address(b, &p->tokens[i]);
}

static void put_plain(struct buffer *b, const void *item) {
        put_prefix(b, item);
}

static void put_route_prefix(struct buffer *b, const void *item) {
        const struct ipv6_route_prefix *p = item;

        put_prefix(b, &p->prefix);
        buffer_append_format(b, "%" PRIu32 " ", p->lifetime);
}

static void put_route(struct buffer *b, const void *item) {
        const struct link_route *r = item;

        put_prefix(b, &r->destination);
        put_address(b, &r->gateway);
        put_address(b, &r->source);
}

static void put_neighbour(struct buffer *b, const void *item) {
        const struct link_neighbour *n = item;
        char text[MAC_TEXT_MAX];

        put_address(b, &n->address);
        buffer_append_format(b, "%s ", mac_format(&n->mac, text));
}

/* The words of an entry: all of them have to be right. */
static bool get_address(const char *word, struct address *ret) {
        *ret = ADDRESS_NONE;
        return string_equal(word, "-") || address_parse(word, ret) == 0;
}

static bool get_number(const char *word, uint64_t max, uint32_t *ret) {
        uint64_t n;

        if (parse_unsigned(word, 0, max, &n) < 0)
                return false;
        *ret = (uint32_t) n;
        return true;
}

static bool get_ipv6_prefix(char **words, size_t n, void *item) {
        struct ipv6_prefix *p = item;
        uint32_t flags[3];

        if (n < 6 || n - 6 > IPV6_PREFIX_TOKENS_MAX || prefix_parse(words[0], false, &p->prefix) < 0 ||
            p->prefix.address.family != AF_INET6)
                return false;
        for (size_t i = 0; i < ELEMENTS_OF(flags); i++)
                if (!get_number(words[1 + i], 1, &flags[i]))
                        return false;
        p->assign = flags[0];
        p->on_link = flags[1];
        p->autonomous = flags[2];
        for (p->n_tokens = 0; p->n_tokens < n - 6; p->n_tokens++)
                if (!get_address(words[6 + p->n_tokens], &p->tokens[p->n_tokens]))
                        return false;
        return get_number(words[4], UINT32_MAX, &p->valid) && get_number(words[5], UINT32_MAX, &p->preferred);
}

static bool get_plain(char **words, size_t n, void *item) {
        return n == 1 && prefix_parse(words[0], false, item) == 0;
}

static bool get_route_prefix(char **words, size_t n, void *item) {
        struct ipv6_route_prefix *p = item;

        return n == 2 && prefix_parse(words[0], false, &p->prefix) == 0 &&
               get_number(words[1], UINT32_MAX, &p->lifetime);
}

static bool get_route(char **words, size_t n, void *item) {
        struct link_route *r = item;

        return n == 3 && prefix_parse(words[0], false, &r->destination) == 0 && get_address(words[1], &r->gateway) &&
               get_address(words[2], &r->source);
}

static bool get_neighbour(char **words, size_t n, void *item) {
        struct link_neighbour *entry = item;

        return n == 2 && address_parse(words[0], &entry->address) == 0 && mac_parse(words[1], &entry->mac) == 0;
}

static const struct list {
        const char *name;
        size_t list, n, size;
        void (*put)(struct buffer *b, const void *item);
        bool (*get)(char **words, size_t n, void *item);
} lists[] = {
#define LIST(text, name, type, kind)                                                                                   \
        {                                                                                                              \
                text, offsetof(struct network_more, name), offsetof(struct network_more, n_##name), sizeof(type),      \
                        put_##kind, get_##kind                                                                         \
        }
        LIST("hostAddresses", host_addresses, struct prefix, plain),
        LIST("containerAddresses", container_addresses, struct prefix, plain),
        LIST("prefixes", prefixes, struct ipv6_prefix, ipv6_prefix),
        LIST("routePrefixes", route_prefixes, struct ipv6_route_prefix, route_prefix),
        LIST("hostRoutes", host_routes, struct link_route, route),
        LIST("containerRoutes", container_routes, struct link_route, route),
        LIST("hostNeighbours", host_neighbours, struct link_neighbour, neighbour),
        LIST("containerNeighbours", container_neighbours, struct link_neighbour, neighbour),
        LIST("sources", sources, struct prefix, plain),
        LIST("masqueraded", masqueraded, struct prefix, plain),
        LIST("open", open, struct prefix, plain),
#undef LIST
};

static json_t *list_json(const struct network_more *m, const struct list *l) {
        const char *items = *(const char *const *) ((const char *) m + l->list);
        size_t n = *(const size_t *) ((const char *) m + l->n);
        json_t *array = json_array();

        for (size_t i = 0; i < n && array; i++) {
                _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;

                l->put(&b, items + i * l->size);
                /* Each word has put a blank behind it. */
                if (buffer_error(&b) < 0 || json_array_append_new(array, json_stringn(b.data, b.size - 1)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}

static json_t *addresses_json(const struct address *list, size_t n) {
        json_t *array = json_array();
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < n; i++)
                (void) json_array_append_new(array, json_string(address_format(&list[i], text)));
        return array;
}

static json_t *service_json(const struct link_service *s) {
        return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:o,s:o,s:o}", "enable", (int) s->enable, "emitDns",
                         (int) s->emit_dns, "emitRouter", (int) s->emit_router, "emitDomains", (int) s->emit_domains,
                         "managed", (int) s->managed, "other", (int) s->other, "lifetime",
                         s->has_lifetime ? json_integer(s->lifetime) : json_null(), "servers",
                         addresses_json(s->servers, s->n_servers), "times", addresses_json(s->times, s->n_times));
}

json_t *network_more_json(const struct network_more *m) {
        json_t *object = json_pack("{s:o,s:o}", "dhcp", service_json(&m->dhcp), "router", service_json(&m->router));

        for (size_t i = 0; i < ELEMENTS_OF(lists) && object; i++)
                if (json_object_set_new(object, lists[i].name, list_json(m, &lists[i])) < 0) {
                        json_decref(object);
                        return NULL;
                }
        return object;
}

static int read_entry(const struct list *l, const json_t *v, void *item) {
        _cleanup_(freep) char *text = json_is_string(v) ? strdup(json_string_value(v)) : NULL;
        char *words[WORDS_MAX], *rest = text, *word;
        size_t n = 0;

        while (rest && (word = strsep(&rest, " "))) {
                if (n == WORDS_MAX)
                        return -EBADMSG;
                words[n++] = word;
        }
        return text && l->get(words, n, item) ? 0 : -EBADMSG;
}

static int read_list(const json_t *object, const struct list *l, struct network_more *m) {
        const json_t *array = json_object_get(object, l->name);
        size_t n = json_array_size(array);
        char *items;

        if (!json_is_array(array) || n > ENTRIES_MAX)
                return -EBADMSG;
        if (n == 0)
                return 0;
        items = calloc(n, l->size);
        if (!items)
                return -ENOMEM;
        *(void **) ((char *) m + l->list) = items;
        *(size_t *) ((char *) m + l->n) = n;
        for (size_t i = 0; i < n; i++) {
                int r = read_entry(l, json_array_get(array, i), items + i * l->size);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_addresses(const json_t *array, struct address *ret, size_t *ret_n) {
        const json_t *v;
        size_t i;

        if (!json_is_array(array) || json_array_size(array) > LINK_SERVERS_MAX)
                return -EBADMSG;
        json_array_foreach (array, i, v)
                if (!json_is_string(v) || address_parse(json_string_value(v), &ret[i]) < 0)
                        return -EBADMSG;
        *ret_n = json_array_size(array);
        return 0;
}

static int read_choice(const json_t *object, const char *key, enum choice *ret) {
        json_int_t i = json_integer_value(json_object_get(object, key));

        if (i < CHOICE_UNSET || i > CHOICE_YES)
                return -EBADMSG;
        *ret = (enum choice) i;
        return 0;
}

static int read_service(const json_t *object, struct link_service *s) {
        const json_t *lifetime = json_object_get(object, "lifetime");

        if (read_choice(object, "enable", &s->enable) < 0 || read_choice(object, "emitDns", &s->emit_dns) < 0 ||
            read_choice(object, "emitRouter", &s->emit_router) < 0 ||
            read_choice(object, "emitDomains", &s->emit_domains) < 0 ||
            read_choice(object, "managed", &s->managed) < 0 || read_choice(object, "other", &s->other) < 0 ||
            read_addresses(json_object_get(object, "servers"), s->servers, &s->n_servers) < 0 ||
            read_addresses(json_object_get(object, "times"), s->times, &s->n_times) < 0)
                return -EBADMSG;
        s->has_lifetime = json_is_integer(lifetime);
        if (json_integer_value(lifetime) < 0 || json_integer_value(lifetime) > UINT32_MAX)
                return -EBADMSG;
        s->lifetime = (uint32_t) json_integer_value(lifetime);
        return 0;
}

int network_more_from_json(const json_t *object, struct network_more **ret) {
        struct network_more *m = calloc(1, sizeof(*m));
        int r = m ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTS_OF(lists) && r == 0; i++)
                r = read_list(object, &lists[i], m);
        if (r == 0)
                r = read_service(json_object_get(object, "dhcp"), &m->dhcp);
        if (r == 0)
                r = read_service(json_object_get(object, "router"), &m->router);
        if (r < 0)
                m = network_more_free(m);
        *ret = m;
        return r;
}
