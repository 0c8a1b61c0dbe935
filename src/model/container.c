/* What containers own, and when two forwards are in each other's way. */
#include "container.h"

#include "base/cleanup.h"

#include <string.h>

const char *protocol_name(enum protocol p) {
        return p == PROTOCOL_UDP ? "udp" : "tcp";
}

uint8_t protocol_number(enum protocol p) {
        return p == PROTOCOL_UDP ? IPPROTO_UDP : IPPROTO_TCP;
}

void container_clear(struct container *c) {
        free(c->name);
        free(c->attached_to);
        free(c->forwards);
        for (char **p = c->bind_mounts; p && *p; p++)
                free(*p);
        free(c->bind_mounts);
        *c = CONTAINER_INIT;
}

/* Every address of its family, or (AF_UNSPEC) of both. */
static bool is_any(const struct address *a) {
        static const uint8_t zero[16];

        return memcmp(a->bytes, zero, address_size(a)) == 0;
}

static bool binds_meet(const struct address *a, const struct address *b) {
        if (a->family == AF_UNSPEC || b->family == AF_UNSPEC)
                return true;
        if (a->family != b->family)
                return false;
        return is_any(a) || is_any(b) || address_equal(a, b);
}

bool forward_conflicts(const struct forward *a, const struct forward *b) {
        return a->protocol == b->protocol && a->host_port < (unsigned) b->host_port + b->count &&
               b->host_port < (unsigned) a->host_port + a->count && binds_meet(&a->bind, &b->bind);
}
