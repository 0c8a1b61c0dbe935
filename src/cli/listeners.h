/* Which processes of this host listen on which ports, from /proc alone. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct listener {
        bool udp;
        uint16_t port;
        uint64_t inode; /* of the socket */
};

struct listeners {
        struct listener *list;
        size_t n;
};

#define LISTENERS_INIT ((struct listeners){0})

void listeners_clear(struct listeners *l);
/* TCP sockets that listen and UDP sockets without a peer, of this network namespace. */
int listeners_load(struct listeners *ret);

/* Who listens on one of the ports first..last: ["nspawn-proxy (pid 12)", ...], each once; [] when nobody does. */
json_t *listeners_describe(const struct listeners *l, const char *protocol, json_int_t first, json_int_t last);
