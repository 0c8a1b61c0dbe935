/* From rtnetlink messages to structs, for answers, dumps and the monitor alike. */
#include "netlink/route.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* Checks that the message holds a header of that size, and parses what follows it. */
static int message_parse(const struct nlmsghdr *h, size_t header_size, const struct nlattr **table, uint16_t max) {
        size_t skip = NLMSG_HDRLEN + netlink_align(header_size);
        if (h->nlmsg_len < skip)
                return -EBADMSG;
        return netlink_parse((const uint8_t *) h + skip, h->nlmsg_len - skip, table, max);
}

static struct address read_address(int family, const struct nlattr *a) {
        struct address r = {.family = family};
        if (!a || netlink_attribute_size(a) != address_size(&r))
                return ADDRESS_NONE;
        memcpy(r.bytes, netlink_attribute_data(a), address_size(&r));
        return r;
}

static void read_mac(const struct nlattr *a, struct mac *ret) {
        *ret = (struct mac){0};
        if (a && netlink_attribute_size(a) == sizeof(ret->bytes))
                memcpy(ret->bytes, netlink_attribute_data(a), sizeof(ret->bytes));
}

static int read_port(const struct nlattr *a, struct netlink_link *l) {
        const struct nlattr *table[IFLA_BRPORT_ISOLATED + 1];
        int r = netlink_parse(netlink_attribute_data(a), netlink_attribute_size(a), table, IFLA_BRPORT_ISOLATED);
        const struct nlattr *isolated = r == 0 ? table[IFLA_BRPORT_ISOLATED] : NULL;
        if (isolated && netlink_attribute_size(isolated) == 1)
                l->isolated = *(const uint8_t *) netlink_attribute_data(isolated);
        return r;
}

static int read_link_info(const struct nlattr *a, struct netlink_link *l) {
        const struct nlattr *table[IFLA_INFO_SLAVE_DATA + 1];
        char master[16];
        int r = netlink_parse(netlink_attribute_data(a), netlink_attribute_size(a), table, IFLA_INFO_SLAVE_DATA);
        if (r < 0)
                return r;
        if (!netlink_attribute_string(table[IFLA_INFO_KIND], l->kind, sizeof(l->kind)))
                l->kind[0] = '\0';
        if (!netlink_attribute_string(table[IFLA_INFO_SLAVE_KIND], master, sizeof(master)) ||
            strcmp(master, "bridge") != 0 || !table[IFLA_INFO_SLAVE_DATA])
                return 0;
        return read_port(table[IFLA_INFO_SLAVE_DATA], l);
}

static int read_link_families(const struct nlattr *a, struct netlink_link *l) {
        const struct nlattr *families[AF_INET6 + 1], *inet6[IFLA_INET6_ADDR_GEN_MODE + 1];
        int r = netlink_parse(netlink_attribute_data(a), netlink_attribute_size(a), families, AF_INET6);
        if (r < 0 || !families[AF_INET6])
                return r;
        r = netlink_parse(netlink_attribute_data(families[AF_INET6]), netlink_attribute_size(families[AF_INET6]), inet6,
                          IFLA_INET6_ADDR_GEN_MODE);
        if (r < 0)
                return r;
        l->has_ipv6 = true;
        const struct nlattr *mode = inet6[IFLA_INET6_ADDR_GEN_MODE];
        if (mode && netlink_attribute_size(mode) == 1)
                l->address_generation = *(const uint8_t *) netlink_attribute_data(mode);
        return 0;
}

int netlink_link_read(const struct nlmsghdr *h, struct netlink_link *ret) {
        const struct nlattr *table[IFLA_AF_SPEC + 1];
        int r = message_parse(h, sizeof(struct ifinfomsg), table, IFLA_AF_SPEC);
        if (r < 0)
                return r;
        const struct ifinfomsg *header = NLMSG_DATA(h);
        *ret = (struct netlink_link){.ifindex = header->ifi_index,
                                     .flags = header->ifi_flags,
                                     .mtu = netlink_attribute_u32(table[IFLA_MTU], 0),
                                     .master = (int) netlink_attribute_u32(table[IFLA_MASTER], 0),
                                     .peer = (int) netlink_attribute_u32(table[IFLA_LINK], 0),
                                     .address_generation = -1};
        if (!netlink_attribute_string(table[IFLA_IFNAME], ret->name, sizeof(ret->name)))
                ret->name[0] = '\0';
        read_mac(table[IFLA_ADDRESS], &ret->mac);
        if (table[IFLA_LINKINFO] && (r = read_link_info(table[IFLA_LINKINFO], ret)) < 0)
                return r;
        if (table[IFLA_AF_SPEC] && (r = read_link_families(table[IFLA_AF_SPEC], ret)) < 0)
                return r;
        return 0;
}

int netlink_address_read(const struct nlmsghdr *h, struct netlink_address *ret) {
        const struct nlattr *table[IFA_FLAGS + 1];
        int r = message_parse(h, sizeof(struct ifaddrmsg), table, IFA_FLAGS);
        if (r < 0)
                return r;
        const struct ifaddrmsg *header = NLMSG_DATA(h);
        if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)
                return -EBADMSG;
        struct address range = read_address(header->ifa_family, table[IFA_ADDRESS]);
        struct address local = table[IFA_LOCAL] ? read_address(header->ifa_family, table[IFA_LOCAL]) : range;
        if (local.family == AF_UNSPEC || header->ifa_prefixlen > address_bits(&local))
                return -EBADMSG;
        *ret = (struct netlink_address){
                .ifindex = (int) header->ifa_index,
                .address = {.address = local, .length = header->ifa_prefixlen},
                .peer = {.address = range.family == AF_UNSPEC ? local : range, .length = header->ifa_prefixlen},
                .flags = netlink_attribute_u32(table[IFA_FLAGS], header->ifa_flags),
                .scope = header->ifa_scope};
        return 0;
}

int netlink_route_read(const struct nlmsghdr *h, struct netlink_route *ret) {
        const struct nlattr *table[RTA_TABLE + 1];
        int r = message_parse(h, sizeof(struct rtmsg), table, RTA_TABLE);
        if (r < 0)
                return r;
        const struct rtmsg *header = NLMSG_DATA(h);
        *ret = (struct netlink_route){.ifindex = (int) netlink_attribute_u32(table[RTA_OIF], 0),
                                      .table = netlink_attribute_u32(table[RTA_TABLE], header->rtm_table),
                                      .type = header->rtm_type,
                                      .protocol = header->rtm_protocol,
                                      .via = read_address(header->rtm_family, table[RTA_GATEWAY])};
        ret->destination.address = read_address(header->rtm_family, table[RTA_DST]);
        if (!table[RTA_DST])
                ret->destination.address = (struct address){.family = header->rtm_family};
        ret->destination.length = header->rtm_dst_len;
        if (ret->destination.address.family == AF_UNSPEC ||
            header->rtm_dst_len > address_bits(&ret->destination.address))
                return -EBADMSG;
        return 0;
}

int netlink_neighbour_read(const struct nlmsghdr *h, struct netlink_neighbour *ret) {
        const struct nlattr *table[NDA_LLADDR + 1];
        int r = message_parse(h, sizeof(struct ndmsg), table, NDA_LLADDR);
        if (r < 0)
                return r;
        const struct ndmsg *header = NLMSG_DATA(h);
        if (header->ndm_family != AF_INET && header->ndm_family != AF_INET6)
                return -EBADMSG;
        *ret = (struct netlink_neighbour){.ifindex = header->ndm_ifindex,
                                          .address = read_address(header->ndm_family, table[NDA_DST]),
                                          .state = header->ndm_state};
        read_mac(table[NDA_LLADDR], &ret->mac);
        return ret->address.family == AF_UNSPEC ? -EBADMSG : 0;
}

int netlink_forwarding_read(const struct nlmsghdr *h, struct netlink_forwarding *ret) {
        const struct nlattr *table[NETCONFA_FORWARDING + 1];
        int r = message_parse(h, sizeof(struct netconfmsg), table, NETCONFA_FORWARDING);
        if (r < 0)
                return r;
        if (!table[NETCONFA_IFINDEX] || !table[NETCONFA_FORWARDING])
                return -EBADMSG;
        const struct netconfmsg *header = NLMSG_DATA(h);
        *ret = (struct netlink_forwarding){.family = header->ncm_family,
                                           .ifindex = (int) netlink_attribute_u32(table[NETCONFA_IFINDEX], 0),
                                           .on = netlink_attribute_u32(table[NETCONFA_FORWARDING], 0) != 0};
        return 0;
}
