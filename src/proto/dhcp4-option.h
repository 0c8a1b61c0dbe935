/* Numbers of the DHCPv4 wire format. */
#pragma once

#define DHCP4_FIXED_SIZE  236
#define DHCP4_COOKIE      0x63825363U
#define DHCP4_BOOTREQUEST 1
#define DHCP4_BOOTREPLY   2
#define DHCP4_ETHERNET    1
#define DHCP4_SNAME_SIZE  64
#define DHCP4_FILE_SIZE   128
#define DHCP4_SIZE_MIN    300 /* of BOOTP (RFC 1542 2.1); some clients drop less */

enum {
        DHCP4_AT_OP = 0,
        DHCP4_AT_HTYPE = 1,
        DHCP4_AT_HLEN = 2,
        DHCP4_AT_XID = 4,
        DHCP4_AT_FLAGS = 10,
        DHCP4_AT_CIADDR = 12,
        DHCP4_AT_YIADDR = 16,
        DHCP4_AT_CHADDR = 28,
        DHCP4_AT_SNAME = 44,
        DHCP4_AT_FILE = 108,
};

enum {
        DHCP4_OPTION_PAD = 0,
        DHCP4_OPTION_MASK = 1,
        DHCP4_OPTION_ROUTER = 3,
        DHCP4_OPTION_DNS = 6,
        DHCP4_OPTION_HOST_NAME = 12,
        DHCP4_OPTION_DOMAIN = 15,
        DHCP4_OPTION_MTU = 26,
        DHCP4_OPTION_TIMES = 42,
        DHCP4_OPTION_REQUESTED = 50,
        DHCP4_OPTION_LIFETIME = 51,
        DHCP4_OPTION_OVERLOAD = 52,
        DHCP4_OPTION_TYPE = 53,
        DHCP4_OPTION_SERVER = 54,
        DHCP4_OPTION_PARAMETERS = 55,
        DHCP4_OPTION_T1 = 58,
        DHCP4_OPTION_T2 = 59,
        DHCP4_OPTION_CLIENT_ID = 61,
        DHCP4_OPTION_RAPID_COMMIT = 80,
        DHCP4_OPTION_SEARCH = 119,
        DHCP4_OPTION_END = 255,
};
