/* What the guests of a link reach of the host itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum host_access_kind {
        HOST_ACCESS_SERVICES, /* what their network needs: DNS, DHCP, router, LLMNR, and ping */
        HOST_ACCESS_ALL,
        HOST_ACCESS_NONE, /* a router, and not a word more */
};
const char *host_access_name(enum host_access_kind k); /* "services", "all", "none" */
int host_access_parse(const char *s, enum host_access_kind *ret);

struct host_port {
        uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
        uint16_t port;
};
#define HOST_PORTS_MAX 32

struct host_access {
        enum host_access_kind kind;
        struct host_port ports[HOST_PORTS_MAX]; /* beside the services; only of HOST_ACCESS_SERVICES */
        size_t n_ports;
};

/* Adds what a text says: "tcp/443", "udp/514", "8080" for both. -EINVAL: no such port; -E2BIG: too many. */
int host_access_add(struct host_access *a, const char *text);
bool host_access_equal(const struct host_access *a, const struct host_access *b);
