/* What a container is, as far as this side of the spec JSON cares: one struct for every front-end.
 *
 * It is filled from the spec (config/spec.h) and never changed afterwards. Strings are owned. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum protocol {
        PROTOCOL_TCP,
        PROTOCOL_UDP,
};

const char *protocol_name(enum protocol p); /* "tcp", "udp" */
uint8_t protocol_number(enum protocol p);   /* IPPROTO_TCP, IPPROTO_UDP */

/* One forward: count ports from host_port on go to container_port on. */
struct forward {
        enum protocol protocol;
        uint16_t host_port;
        uint16_t container_port;
        uint16_t count;      /* 1 unless a range */
        struct address bind; /* AF_UNSPEC: every local address of both families */
};

enum network_mode {
        NETWORK_VETH, /* the default: ve-NAME <-> host0 */
        NETWORK_ZONE,
        NETWORK_BRIDGE,
        NETWORK_NONE, /* private, loopback only */
        NETWORK_HOST, /* shares the host's */
};

struct container {
        char *name;
        enum network_mode mode;
        char *attached_to; /* name of the zone or bridge, else NULL */
        struct forward *forwards;
        size_t n_forwards;
        char **bind_mounts; /* "HOST:CONTAINER[:OPTIONS]", NULL-terminated */
        bool ephemeral;
        bool user_namespacing;
        bool auto_start;
        uint64_t timeout_start_usec;
};

#define CONTAINER_INIT                                                                                                 \
        ((struct container){.user_namespacing = true, .auto_start = true, .timeout_start_usec = 90000000})

void container_clear(struct container *c);

/* The two overlap on some host port: same protocol, ranges that meet, bind addresses that are equal or one of
 * them every address. Pure. */
bool forward_conflicts(const struct forward *a, const struct forward *b);
