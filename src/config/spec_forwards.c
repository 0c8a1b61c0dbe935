/* Forwarded ports: each entry checked by itself, then all against each other.
 *
 * Doubles are found in sorted order, so that ten thousand forwards cost a sort and not fifty million comparisons. */
#include "spec_forwards.h"

#include "base/file.h"
#include "base/parse.h"
#include "value.h"

#include <errno.h>
#include <stdlib.h>

#define OPTION   "nixosContainer.forwardPorts"
#define PORT_MAX 65535

struct entry {
        struct forward forward;
        size_t index; /* place in the list */
};

static int wrong_entry(size_t i, const char *key, const char *expected, const json_t *found, struct error *e) {
        char text[VALUE_TEXT_MAX];

        return error_set(e, EINVAL, EXIT_CONTAINER, OPTION "[%zu]%s%s: expected %s, found %s", i, *key ? "." : "", key,
                         expected, value_describe(found, text));
}

static bool is_port(const json_t *v) {
        return json_is_integer(v) && json_integer_value(v) >= 1 && json_integer_value(v) <= PORT_MAX;
}

static int read_protocol(const json_t *entry, size_t i, enum protocol *ret, struct error *e) {
        const json_t *v = json_object_get(entry, "protocol");
        const char *s = value_string(v);

        if (!v || string_equal(s, "tcp"))
                *ret = PROTOCOL_TCP;
        else if (string_equal(s, "udp"))
                *ret = PROTOCOL_UDP;
        else
                return wrong_entry(i, "protocol", "\"tcp\" or \"udp\"", v, e);
        return 0;
}

static int read_bind(const json_t *entry, size_t i, struct address *ret, struct error *e) {
        const json_t *v = json_object_get(entry, "bindAddress");
        const char *s = value_string(v);

        *ret = ADDRESS_NONE;
        if (!v || json_is_null(v))
                return 0;
        if (!s || address_parse(s, ret) < 0)
                return wrong_entry(i, "bindAddress", "an IPv4 or IPv6 address, or null for all", v, e);
        if (address_is_multicast(ret))
                return wrong_entry(i, "bindAddress", "an address that the host can have, not a multicast one", v, e);
        return 0;
}

static int read_count(const json_t *entry, size_t i, struct forward *f, struct error *e) {
        const json_t *v = json_object_get(entry, "count");

        f->count = 1;
        if (!v || json_is_null(v))
                return 0;
        if (!is_port(v))
                return wrong_entry(i, "count", "a number of ports from 1 to 65535", v, e);
        f->count = (uint16_t) json_integer_value(v);
        for (unsigned side = 0; side < 2; side++) {
                uint16_t first = side == 0 ? f->host_port : f->container_port;

                if (first + f->count - 1 > PORT_MAX)
                        return error_set(e, ERANGE, EXIT_CONTAINER,
                                         OPTION "[%zu]: %u ports from %s %u on end at %u, past 65535; lower count or "
                                                "the first port",
                                         i, f->count, side == 0 ? "hostPort" : "containerPort", first,
                                         first + f->count - 1);
        }
        return 0;
}

static int check_keys(const json_t *entry, size_t i, struct error *e) {
        static const char *const known[] = {"hostPort", "containerPort", "protocol", "bindAddress", "count"};
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *) entry, key, v) {
                bool found = false;

                for (size_t k = 0; k < ELEMENTS_OF(known); k++)
                        found = found || string_equal(key, known[k]);
                if (!found)
                        return error_set(e, EINVAL, EXIT_CONTAINER, OPTION "[%zu]: no option '%s' is known here", i,
                                         string_is_clean(key) ? key : "?");
        }
        return 0;
}

static int read_forward(const json_t *entry, size_t i, struct forward *ret, struct error *e) {
        const json_t *host = json_object_get(entry, "hostPort");
        const json_t *container = json_object_get(entry, "containerPort");
        int r;

        if (!json_is_object(entry))
                return wrong_entry(i, "", "an attribute set with hostPort", entry, e);
        r = check_keys(entry, i, e);
        if (r < 0)
                return r;
        if (!is_port(host))
                return wrong_entry(i, "hostPort", "a port from 1 to 65535", host, e);
        if (container && !json_is_null(container) && !is_port(container))
                return wrong_entry(i, "containerPort", "a port from 1 to 65535, or null for the same as hostPort",
                                   container, e);
        ret->host_port = (uint16_t) json_integer_value(host);
        ret->container_port = json_is_integer(container) ? (uint16_t) json_integer_value(container) : ret->host_port;
        r = read_protocol(entry, i, &ret->protocol, e);
        if (r < 0)
                return r;
        r = read_bind(entry, i, &ret->bind, e);
        if (r < 0)
                return r;
        return read_count(entry, i, ret, e);
}

static int entry_compare(const void *pa, const void *pb) {
        const struct entry *a = pa, *b = pb;

        if (a->forward.protocol != b->forward.protocol)
                return a->forward.protocol < b->forward.protocol ? -1 : 1;
        if (a->forward.host_port != b->forward.host_port)
                return a->forward.host_port < b->forward.host_port ? -1 : 1;
        return a->index < b->index ? -1 : a->index > b->index;
}

static int refuse_double(const struct entry *a, const struct entry *b, struct error *e) {
        const struct entry *first = a->index < b->index ? a : b, *second = first == a ? b : a;
        uint16_t port = a->forward.host_port > b->forward.host_port ? a->forward.host_port : b->forward.host_port;

        return error_set(e, EEXIST, EXIT_CONTAINER,
                         OPTION "[%zu] and " OPTION "[%zu] both forward %s port %u of the host; give one of them "
                                "another hostPort or bindAddress",
                         first->index, second->index, protocol_name(a->forward.protocol), port);
}

static int check_doubles(const struct forward *forwards, size_t n, struct error *e) {
        _cleanup_(freep) struct entry *entries = calloc(n, sizeof(struct entry));

        if (!entries)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                entries[i] = (struct entry){.forward = forwards[i], .index = i};
        qsort(entries, n, sizeof(struct entry), entry_compare);
        for (size_t i = 0; i < n; i++) {
                const struct forward *a = &entries[i].forward;

                for (size_t k = i + 1; k < n; k++) {
                        const struct forward *b = &entries[k].forward;

                        if (b->protocol != a->protocol || b->host_port >= a->host_port + a->count)
                                break;
                        if (forward_conflicts(a, b))
                                return refuse_double(entries + i, entries + k, e);
                }
        }
        return 0;
}

int spec_read_forwards(const json_t *list, struct forward **ret, size_t *ret_n, struct error *e) {
        _cleanup_(freep) struct forward *forwards = NULL;
        size_t n = json_array_size(list);
        int r;

        if (list && !json_is_array(list)) {
                char text[VALUE_TEXT_MAX];

                return error_set(e, EINVAL, EXIT_CONTAINER, OPTION ": expected a list of attribute sets, found %s",
                                 value_describe(list, text));
        }
        if (n == 0) {
                *ret = NULL;
                *ret_n = 0;
                return 0;
        }
        forwards = calloc(n, sizeof(struct forward));
        if (!forwards)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                r = read_forward(json_array_get(list, i), i, forwards + i, e);
                if (r < 0)
                        return r;
        }
        r = check_doubles(forwards, n, e);
        if (r < 0)
                return r;
        *ret = steal_ptr(forwards);
        *ret_n = n;
        return 0;
}
