/* DHCPv6 (RFC 8415, 3646) for a link with one client that has one fixed address. Pure.
 *
 * No state here either: the first IA_NA of a message gets the address, further ones and other kinds of association
 * get a status that says no, and addresses that the client should not have get lifetimes of zero. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DHCP6_SERVER_PORT 547
#define DHCP6_CLIENT_PORT 546
#define DHCP6_REPLY_MAX   1232 /* fits every IPv6 link */
#define DHCP6_DUID_MAX    130  /* RFC 8415 11.1 */

enum dhcp6_type {
        DHCP6_SOLICIT = 1,
        DHCP6_ADVERTISE,
        DHCP6_REQUEST,
        DHCP6_CONFIRM,
        DHCP6_RENEW,
        DHCP6_REBIND,
        DHCP6_REPLY,
        DHCP6_RELEASE,
        DHCP6_DECLINE,
        DHCP6_RECONFIGURE,
        DHCP6_INFORMATION_REQUEST,
};

enum dhcp6_status {
        DHCP6_SUCCESS = 0,
        DHCP6_NO_ADDRESSES = 2,
        DHCP6_NO_BINDING = 3,
        DHCP6_NOT_ON_LINK = 4,
        DHCP6_NO_PREFIX = 6,
};

#define DHCP6_SERVER_DUID_SIZE 18 /* DUID-UUID: type and 16 bytes */

struct dhcp6_lease {
        uint8_t server_duid[DHCP6_SERVER_DUID_SIZE];
        struct in6_addr client;
        struct in6_addr server; /* DNS server */
        uint32_t lifetime;      /* seconds */
        const char *domain;     /* NULL: not sent */
};

struct dhcp6_message {
        enum dhcp6_type type;
        uint8_t transaction[3];
        const uint8_t *client_duid, *server_duid; /* into the message; NULL when absent */
        size_t client_duid_size, server_duid_size;
        bool rapid_commit;
        bool wants_dns, wants_domain;
        unsigned associations;  /* IA_NA, IA_TA and IA_PD */
        const uint8_t *options; /* all of them, checked, into the message */
        size_t options_size;
};

/* The server's identity: a DUID-UUID (RFC 6355) that the machine id cannot be read back from. */
void dhcp6_duid_make(const uint8_t machine_id[16], uint8_t ret[DHCP6_SERVER_DUID_SIZE]);

/* A client's message; ret borrows from data. -EBADMSG: malformed (also inside associations), or not a client's. */
int dhcp6_parse(const uint8_t *data, size_t size, struct dhcp6_message *ret);

/* Writes the reply to m. 1: send it, *ret_size bytes; 0: RFC 8415 16 says to discard m; -ENOBUFS: data is too small, as
 * for a message with very many associations. */
int dhcp6_respond(const struct dhcp6_lease *lease, const struct dhcp6_message *m, uint8_t *data, size_t capacity,
                  size_t *ret_size);
