/* What the first process of the container needs to know (runtime/first/parse.c reads it): `key value` lines. */
#include "guest.h"

#include "base/buffer.h"

#include <inttypes.h>

static void append_address(struct buffer *b, const struct prefix *p) {
        char text[PREFIX_TEXT_MAX];

        if (p->address.family != AF_UNSPEC)
                buffer_append_format(b, "address %s\n", prefix_format(p, text));
}

static void append_gateway(struct buffer *b, const struct address *a) {
        char text[ADDRESS_TEXT_MAX];

        if (a->family != AF_UNSPEC)
                buffer_append_format(b, "gateway %s\n", address_format(a, text));
}

static void append_neighbour(struct buffer *b, const struct address *a, const struct mac *m) {
        char text[ADDRESS_TEXT_MAX], mac[MAC_TEXT_MAX];

        if (a->family != AF_UNSPEC)
                buffer_append_format(b, "neighbour %s %s\n", address_format(a, text), mac_format(m, mac));
}

char *guest_first_file(const struct network *n, uint64_t deadline_msec) {
        struct prefix link_local = {.address = n->container_link_local, .length = 64};
        struct buffer b = BUFFER_INIT;

        buffer_append_format(&b, "# The network of %s before its PID 1, for nspawn-first. Made anew at each start.\n",
                             n->name);
        buffer_append_string(&b, "link host0\n");
        if (n->mtu)
                buffer_append_format(&b, "mtu %" PRIu32 "\n", n->mtu);
        buffer_append_format(&b, "deadline %" PRIu64 "\n", deadline_msec);
        append_address(&b, &n->container_v4);
        append_address(&b, &n->container_v6);
        append_address(&b, &link_local);
        append_gateway(&b, &n->host_v4.address);
        append_gateway(&b, &n->host_v6.address);
        append_neighbour(&b, &n->host_v4.address, &n->host_mac);
        append_neighbour(&b, &n->host_v6.address, &n->host_mac);
        append_neighbour(&b, &n->host_link_local, &n->host_mac);
        return buffer_steal(&b);
}
