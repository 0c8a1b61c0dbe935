/* DHCPv4 (RFC 2131, 2132, 3396, 3397, 4039, 6842) for a link with one client that has one fixed lease. Pure.
 *
 * The server keeps no state: whatever the client says, its address is the one of its lease, and everything else is
 * refused, so a reply depends on nothing but the message and the lease. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DHCP4_SERVER_PORT 67
#define DHCP4_CLIENT_PORT 68
#define DHCP4_REPLY_MAX   576 /* what every client must take (RFC 2131 2) */

enum dhcp4_type {
        DHCP4_DISCOVER = 1,
        DHCP4_OFFER,
        DHCP4_REQUEST,
        DHCP4_DECLINE,
        DHCP4_ACK,
        DHCP4_NAK,
        DHCP4_RELEASE,
        DHCP4_INFORM,
};

struct dhcp4_lease {
        struct mac mac; /* the only client that is answered */
        struct in_addr client;
        struct in_addr server; /* router and DNS server as well */
        uint8_t prefix_length;
        bool without_router, without_dns; /* not sent */
        const struct in_addr *dns;        /* instead of the server */
        size_t n_dns;
        const struct in_addr *times; /* NTP servers */
        size_t n_times;
        uint16_t mtu;          /* 0: not sent */
        uint32_t lifetime;     /* seconds */
        const char *host_name; /* NULL: not sent */
        const char *domain;    /* NULL: not sent */
};

struct dhcp4_message {
        enum dhcp4_type type;
        uint32_t transaction;
        bool broadcast;
        struct in_addr client;            /* ciaddr */
        struct mac mac;                   /* chaddr */
        struct in_addr requested, server; /* 0 when absent */
        bool rapid_commit;
        bool has_wanted;
        uint8_t wanted[32]; /* bit set of option numbers in the parameter request list */
        uint8_t client_id[255];
        uint8_t client_id_size;
};

struct dhcp4_reply {
        enum dhcp4_type type;
        struct in_addr destination; /* 255.255.255.255 or the client's; port 68 */
        size_t size;
};

/* A client's message. -EBADMSG: malformed, or not a request over Ethernet. */
int dhcp4_parse(const uint8_t *data, size_t size, struct dhcp4_message *ret);

/* Writes the reply to m into data. 1: send it; 0: nothing is to be said; -EACCES: the hardware address is not the
 * lease's; -ENOBUFS: data is too small (DHCP4_REPLY_MAX suffices). */
int dhcp4_respond(const struct dhcp4_lease *lease, const struct dhcp4_message *m, uint8_t *data, size_t capacity,
                  struct dhcp4_reply *ret);
