/* Requests of rtnetlink, one message a function. */
#include "netlink/route.h"

#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>

/* A bridge's memory of who is silent, in hundredths of a second: 20 days, which fits 31 bits of the kernel's time. What
   is for a forgotten one would be handed to all. */
#define BRIDGE_AGEING_TIME (20U * 24 * 60 * 60 * 100)

enum {
        ADD = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
        CHANGE = NLM_F_ACK,
};

static void put_address(struct netlink_batch *b, uint16_t type, const struct address *a) {
        netlink_put(b, type, a->bytes, address_size(a));
}

static uint32_t link_begin(struct netlink_batch *b, uint16_t type, uint16_t flags, int ifindex, const char *name) {
        void *header;
        uint32_t i = netlink_begin(b, type, flags, sizeof(struct ifinfomsg), &header);
        *(struct ifinfomsg *) header = (struct ifinfomsg){.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
        if (ifindex == 0 && name)
                netlink_put_string(b, IFLA_IFNAME, name);
        return i;
}

/* An IPv4 address that is removed takes none of its range along, whatever the host's own setting. */
static void put_families(struct netlink_batch *b, int address_generation) {
        size_t spec = netlink_nest(b, IFLA_AF_SPEC);
        size_t inet = netlink_nest(b, AF_INET), values = netlink_nest(b, IFLA_INET_CONF);
        netlink_put_u32(b, IPV4_DEVCONF_PROMOTE_SECONDARIES, 1);
        netlink_nest_end(b, values);
        netlink_nest_end(b, inet);
        if (address_generation >= 0) {
                size_t inet6 = netlink_nest(b, AF_INET6);
                netlink_put_u8(b, IFLA_INET6_ADDR_GEN_MODE, (uint8_t) address_generation);
                netlink_nest_end(b, inet6);
        }
        netlink_nest_end(b, spec);
}

static void put_link_basics(struct netlink_batch *b, const char *name, const struct mac *mac, uint32_t mtu) {
        netlink_put_string(b, IFLA_IFNAME, name);
        netlink_put(b, IFLA_ADDRESS, mac->bytes, sizeof(mac->bytes));
        if (mtu > 0)
                netlink_put_u32(b, IFLA_MTU, mtu);
}

uint32_t netlink_link_create(struct netlink_batch *b, const struct netlink_veth *veth) {
        uint32_t i = link_begin(b, RTM_NEWLINK, ADD, 0, NULL);
        put_link_basics(b, veth->name, &veth->mac, veth->mtu);
        size_t info = netlink_nest(b, IFLA_LINKINFO);
        netlink_put_string(b, IFLA_INFO_KIND, "veth");
        size_t data = netlink_nest(b, IFLA_INFO_DATA);
        size_t peer = netlink_nest(b, VETH_INFO_PEER);
        netlink_reserve(b, sizeof(struct ifinfomsg));
        put_link_basics(b, veth->peer_name, &veth->peer_mac, veth->mtu);
        if (veth->peer_netns_fd >= 0)
                netlink_put_u32(b, IFLA_NET_NS_FD, (uint32_t) veth->peer_netns_fd);
        netlink_nest_end(b, peer);
        netlink_nest_end(b, data);
        netlink_nest_end(b, info);
        return i;
}

uint32_t netlink_bridge_create(struct netlink_batch *b, const char *name, const struct mac *mac) {
        uint32_t i = link_begin(b, RTM_NEWLINK, ADD, 0, NULL);
        put_link_basics(b, name, mac, 0);
        size_t info = netlink_nest(b, IFLA_LINKINFO);
        netlink_put_string(b, IFLA_INFO_KIND, "bridge");
        size_t data = netlink_nest(b, IFLA_INFO_DATA);
        netlink_put_u8(b, IFLA_BR_MCAST_SNOOPING, 0);
        netlink_put_u32(b, IFLA_BR_AGEING_TIME, BRIDGE_AGEING_TIME);
        /* Nothing is learnt from frames that no chain of prerouting sees. */
        struct br_boolopt_multi options = {.optval = 1U << BR_BOOLOPT_NO_LL_LEARN,
                                           .optmask = 1U << BR_BOOLOPT_NO_LL_LEARN};
        netlink_put(b, IFLA_BR_MULTI_BOOLOPT, &options, sizeof(options));
        netlink_nest_end(b, data);
        netlink_nest_end(b, info);
        return i;
}

uint32_t netlink_link_delete(struct netlink_batch *b, int ifindex, const char *name) {
        return link_begin(b, RTM_DELLINK, CHANGE, ifindex, name);
}

uint32_t netlink_link_configure(struct netlink_batch *b, int ifindex, int address_generation, uint32_t mtu) {
        uint32_t i = link_begin(b, RTM_NEWLINK, CHANGE, ifindex, NULL);
        if (mtu > 0)
                netlink_put_u32(b, IFLA_MTU, mtu);
        put_families(b, address_generation);
        return i;
}

uint32_t netlink_link_probe(struct netlink_batch *b, const char *kind) {
        void *header;
        uint32_t i =
                netlink_begin(b, RTM_NEWLINK, CHANGE | NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg), &header);
        size_t info = netlink_nest(b, IFLA_LINKINFO);
        netlink_put_string(b, IFLA_INFO_KIND, kind);
        netlink_nest_end(b, info);
        return i;
}

uint32_t netlink_link_set_up(struct netlink_batch *b, int ifindex, bool up) {
        void *header;
        uint32_t i = netlink_begin(b, RTM_NEWLINK, CHANGE, sizeof(struct ifinfomsg), &header);
        *(struct ifinfomsg *) header = (struct ifinfomsg){
                .ifi_family = AF_UNSPEC, .ifi_index = ifindex, .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP};
        return i;
}

uint32_t netlink_link_set_master(struct netlink_batch *b, int ifindex, int master) {
        void *header;
        uint32_t i = netlink_begin(b, RTM_NEWLINK, CHANGE, sizeof(struct ifinfomsg), &header);
        /* No link has the number -1: a bridge that is not there is refused, where 0 would mean to leave it. */
        uint32_t value = master > 0 ? (uint32_t) master : UINT32_MAX;
        *(struct ifinfomsg *) header = (struct ifinfomsg){.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
        netlink_put_u32(b, IFLA_MASTER, value);
        return i;
}

uint32_t netlink_port_configure(struct netlink_batch *b, int ifindex, bool isolated) {
        uint32_t i = link_begin(b, RTM_NEWLINK, CHANGE, ifindex, NULL);
        size_t info = netlink_nest(b, IFLA_LINKINFO);
        netlink_put_string(b, IFLA_INFO_SLAVE_KIND, "bridge");
        size_t data = netlink_nest(b, IFLA_INFO_SLAVE_DATA);
        netlink_put_u8(b, IFLA_BRPORT_ISOLATED, isolated);
        netlink_nest_end(b, data);
        netlink_nest_end(b, info);
        return i;
}

uint32_t netlink_link_add_altname(struct netlink_batch *b, const char *name, const char *altname) {
        uint32_t i = link_begin(b, RTM_NEWLINKPROP, ADD | NLM_F_APPEND, 0, name);
        size_t list = netlink_nest(b, IFLA_PROP_LIST);
        netlink_put_string(b, IFLA_ALT_IFNAME, altname);
        netlink_nest_end(b, list);
        return i;
}

uint32_t netlink_link_get(struct netlink_batch *b, int ifindex, const char *name) {
        uint32_t i = link_begin(b, RTM_GETLINK, NLM_F_ACK, ifindex, name);
        netlink_put_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        return i;
}

static uint32_t address_message(struct netlink_batch *b, uint16_t type, uint16_t flags, int ifindex,
                                const struct prefix *address, uint32_t address_flags) {
        const struct address *a = &address->address;
        void *header;
        uint32_t i = netlink_begin(b, type, flags, sizeof(struct ifaddrmsg), &header);
        *(struct ifaddrmsg *) header = (struct ifaddrmsg){
                .ifa_family = (uint8_t) a->family,
                .ifa_prefixlen = address->length,
                .ifa_scope = a->family == AF_INET6 && address_is_link_local(a) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                .ifa_index = (uint32_t) ifindex};
        put_address(b, IFA_LOCAL, a);
        if (address_flags != 0)
                netlink_put_u32(b, IFA_FLAGS, address_flags);
        return i;
}

uint32_t netlink_address_add(struct netlink_batch *b, int ifindex, const struct prefix *address, bool prefix_route) {
        uint32_t flags = prefix_route ? 0 : IFA_F_NOPREFIXROUTE;
        if (address->address.family == AF_INET6)
                flags |= IFA_F_NODAD;
        uint32_t i = address_message(b, RTM_NEWADDR, ADD, ifindex, address, flags);
        put_address(b, IFA_ADDRESS, &address->address);
        struct address broadcast = prefix_broadcast(address);
        if (broadcast.family != AF_UNSPEC)
                put_address(b, IFA_BROADCAST, &broadcast);
        return i;
}

uint32_t netlink_address_remove(struct netlink_batch *b, int ifindex, const struct prefix *address) {
        return address_message(b, RTM_DELADDR, CHANGE, ifindex, address, 0);
}

static uint32_t route_message(struct netlink_batch *b, uint16_t type, uint16_t flags, int ifindex,
                              const struct prefix *destination, const struct address *via) {
        int family = destination->address.family;
        void *header;
        uint32_t i = netlink_begin(b, type, flags, sizeof(struct rtmsg), &header);
        bool on_link = via->family == AF_UNSPEC;
        *(struct rtmsg *) header =
                (struct rtmsg){.rtm_family = (uint8_t) family,
                               .rtm_dst_len = destination->length,
                               .rtm_table = RT_TABLE_MAIN,
                               .rtm_protocol = RTPROT_STATIC,
                               .rtm_scope = family == AF_INET && on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                               .rtm_type = RTN_UNICAST};
        if (destination->length > 0) {
                struct prefix network = prefix_network(destination);
                put_address(b, RTA_DST, &network.address);
        }
        if (!on_link)
                put_address(b, RTA_GATEWAY, via);
        netlink_put_u32(b, RTA_OIF, (uint32_t) ifindex);
        return i;
}

uint32_t netlink_route_add(struct netlink_batch *b, int ifindex, const struct prefix *destination,
                           const struct address *via, const struct address *source) {
        uint32_t i = route_message(b, RTM_NEWROUTE, ADD, ifindex, destination, via);
        if (source->family != AF_UNSPEC)
                put_address(b, RTA_PREFSRC, source);
        return i;
}

uint32_t netlink_route_remove(struct netlink_batch *b, int ifindex, const struct prefix *destination,
                              const struct address *via) {
        return route_message(b, RTM_DELROUTE, CHANGE, ifindex, destination, via);
}

static uint32_t neighbour_message(struct netlink_batch *b, uint16_t type, uint16_t flags, int ifindex,
                                  const struct address *address, uint16_t state) {
        void *header;
        uint32_t i = netlink_begin(b, type, flags, sizeof(struct ndmsg), &header);
        *(struct ndmsg *) header =
                (struct ndmsg){.ndm_family = (uint8_t) address->family, .ndm_ifindex = ifindex, .ndm_state = state};
        put_address(b, NDA_DST, address);
        return i;
}

uint32_t netlink_neighbour_add(struct netlink_batch *b, int ifindex, const struct address *address,
                               const struct mac *mac, uint16_t state, bool replace) {
        uint16_t flags = replace ? NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE : ADD;
        uint32_t i = neighbour_message(b, RTM_NEWNEIGH, flags, ifindex, address, state);
        netlink_put(b, NDA_LLADDR, mac->bytes, sizeof(mac->bytes));
        return i;
}

uint32_t netlink_neighbour_remove(struct netlink_batch *b, int ifindex, const struct address *address) {
        return neighbour_message(b, RTM_DELNEIGH, CHANGE, ifindex, address, 0);
}

static uint32_t proxy_message(struct netlink_batch *b, uint16_t type, uint16_t flags, int ifindex,
                              const struct address *address) {
        void *header;
        uint32_t i = netlink_begin(b, type, flags, sizeof(struct ndmsg), &header);
        *(struct ndmsg *) header = (struct ndmsg){.ndm_family = (uint8_t) address->family,
                                                  .ndm_ifindex = ifindex,
                                                  .ndm_flags = NTF_PROXY,
                                                  .ndm_state = NUD_PERMANENT};
        put_address(b, NDA_DST, address);
        return i;
}

uint32_t netlink_proxy_add(struct netlink_batch *b, int ifindex, const struct address *address) {
        return proxy_message(b, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, ifindex, address);
}

uint32_t netlink_proxy_remove(struct netlink_batch *b, int ifindex, const struct address *address) {
        return proxy_message(b, RTM_DELNEIGH, CHANGE, ifindex, address);
}

uint32_t netlink_neighbour_get(struct netlink_batch *b, int ifindex, const struct address *address) {
        return neighbour_message(b, RTM_GETNEIGH, NLM_F_ACK, ifindex, address, 0);
}
