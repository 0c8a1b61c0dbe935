/* The first process of a container: what it reads, and the netlink messages that it makes of that.
 *
 * This program is static and stands alone: it runs inside whatever system the container has, before anything of
 * it, so it links nothing but libc. */
#pragma once

#include "base/address.h"
#include "base/cleanup.h"

#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIRST_ADDRESSES_MAX  32
#define FIRST_GATEWAYS_MAX   4
#define FIRST_NEIGHBOURS_MAX 72
#define FIRST_ROUTES_MAX     20
#define FIRST_LINKS_MAX      9
#define FIRST_FILE_MAX       32768

struct first_neighbour {
        struct address address;
        struct mac mac;
};

struct first_route {
        struct prefix destination;  /* length 0: everywhere */
        struct address via, source; /* AF_UNSPEC: on the link, the kernel's choice */
};

/* One link. */
struct first_network {
        char link[IFNAMSIZ];
        char name[IFNAMSIZ]; /* that it is given; empty: it keeps its own */
        bool has_mac;
        struct mac mac;       /* that it is given */
        uint32_t mtu;         /* 0: as it is */
        uint32_t deadline_ms; /* for the carrier; 0: no waiting */
        bool shared;          /* others are on the segment: they are told who has the addresses */
        struct prefix addresses[FIRST_ADDRESSES_MAX];
        size_t n_addresses;
        struct first_route routes[FIRST_ROUTES_MAX];
        size_t n_routes;
        struct address gateways[FIRST_GATEWAYS_MAX]; /* default routes */
        size_t n_gateways;
        struct first_neighbour neighbours[FIRST_NEIGHBOURS_MAX];
        size_t n_neighbours;
};

struct first_file {
        struct first_network links[FIRST_LINKS_MAX];
        size_t n; /* at least one */
};

/* Reads `key value` lines (config/guest_first.c writes them); `link` begins what is said of a link. Strict: an unknown
 * key, a double or a bad value makes the whole file worthless. text: NUL-terminated, is changed. Returns 0, or -EINVAL
 * with *ret_line (from 1; 0: the file as a whole) and *ret_problem (static text). */
int first_parse(char *text, struct first_file *ret, unsigned *ret_line, const char **ret_problem);

/* A run of netlink requests, each acknowledged. what: what the request with that sequence number (from 1) does. */
#define BATCH_SIZE 16384
#define BATCH_MAX  (8 + FIRST_ADDRESSES_MAX + FIRST_ROUTES_MAX + FIRST_GATEWAYS_MAX + FIRST_NEIGHBOURS_MAX)
struct batch {
        uint8_t data[BATCH_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
        size_t size;
        unsigned n;
        bool overflow; /* sticky: nothing more is added, and the batch must not be sent */
        const char *what[BATCH_MAX + 1];
};

/* Name and hardware address; address generation mode none and MTU; then up; addresses without duplicate detection;
 * permanent neighbours; routes; default routes; with regenerate, link-local addresses are made
 * by the kernel again from now on. link, loopback: 0 for none. Pure. */
void batch_fill(struct batch *b, const struct first_network *n, int link, int loopback, bool regenerate);

/* Tells all on the segment, by ARP and neighbour discovery, that n's addresses are here. The link must have its
 * carrier. 0 or -errno; goes on to the init in any case. */
int announce(const struct first_network *n, int link);
