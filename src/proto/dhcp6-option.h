/* Numbers of the DHCPv6 wire format, and the way through a list of options. */
#pragma once

#include "proto/wire.h"

enum {
        DHCP6_OPTION_CLIENT_ID = 1,
        DHCP6_OPTION_SERVER_ID = 2,
        DHCP6_OPTION_IA_NA = 3,
        DHCP6_OPTION_IA_TA = 4,
        DHCP6_OPTION_IA_ADDRESS = 5,
        DHCP6_OPTION_REQUEST = 6,
        DHCP6_OPTION_PREFERENCE = 7,
        DHCP6_OPTION_STATUS = 13,
        DHCP6_OPTION_RAPID_COMMIT = 14,
        DHCP6_OPTION_DNS = 23,
        DHCP6_OPTION_DOMAIN_LIST = 24,
        DHCP6_OPTION_IA_PD = 25,
};

#define DHCP6_IA_SIZE         12 /* IAID, T1, T2; then options */
#define DHCP6_IA_TA_SIZE      4  /* IAID; then options */
#define DHCP6_IA_ADDRESS_SIZE 24 /* address, preferred, valid; then options */

struct dhcp6_option {
        uint16_t code;
        struct reader content;
};

/* The next option. 1: there is one; 0: the list is at its end; -1: it is cut off. */
static inline int dhcp6_option_next(struct reader *list, struct dhcp6_option *ret) {
        const uint8_t *content;
        uint16_t length;

        if (list->size == 0)
                return 0;
        if (!reader_u16(list, &ret->code) || !reader_u16(list, &length) || !reader_take(list, length, &content))
                return -1;
        ret->content = (struct reader){content, length};
        return 1;
}

/* Bytes before the options inside an identity association; 0 for other options. */
static inline size_t dhcp6_association_size(uint16_t code) {
        switch (code) {
        case DHCP6_OPTION_IA_NA:
        case DHCP6_OPTION_IA_PD:
                return DHCP6_IA_SIZE;
        case DHCP6_OPTION_IA_TA:
                return DHCP6_IA_TA_SIZE;
        default:
                return 0;
        }
}
