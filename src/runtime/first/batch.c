/* The netlink requests of the first process, built in one buffer and sent at once.
 *
 * Flags, scopes, metrics and protocols are those that systemd-networkd gives to what a 20-host0.network declares
 * (config/guest_network.c), so that a guest's networkd finds its own configuration in place and changes nothing. */
#include "first.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* Metric of static IPv6 routes, the kernel's and networkd's default. */
#define METRIC_IPV6 1024

/* Room for size bytes, zeroed and aligned; NULL (and overflow for good) when there is none. */
static void *batch_extend(struct batch *b, size_t size) {
        size_t aligned = NLMSG_ALIGN(size);

        if (b->overflow || size > BATCH_SIZE || aligned > BATCH_SIZE - b->size) {
                b->overflow = true;
                return NULL;
        }
        void *p = b->data + b->size;
        memset(p, 0, aligned);
        b->size += aligned;
        return p;
}

static struct nlmsghdr *message_begin(struct batch *b, uint16_t type, uint16_t flags, const void *body, size_t size,
                                      const char *what) {
        if (b->n >= BATCH_MAX)
                b->overflow = true;
        struct nlmsghdr *header = batch_extend(b, NLMSG_HDRLEN);
        void *p = batch_extend(b, size);

        if (!header || !p)
                return NULL;
        header->nlmsg_type = type;
        header->nlmsg_flags = (uint16_t) (NLM_F_REQUEST | NLM_F_ACK | flags);
        header->nlmsg_seq = ++b->n;
        b->what[b->n] = what;
        memcpy(p, body, size);
        return header;
}

static void message_end(struct batch *b, struct nlmsghdr *header) {
        if (header && !b->overflow)
                header->nlmsg_len = (uint32_t) (b->data + b->size - (uint8_t *) header);
}

static struct rtattr *attribute_put(struct batch *b, uint16_t type, const void *data, size_t size) {
        struct rtattr *a = batch_extend(b, RTA_LENGTH(size));

        if (!a)
                return NULL;
        a->rta_type = type;
        a->rta_len = (uint16_t) RTA_LENGTH(size);
        if (size)
                memcpy(RTA_DATA(a), data, size);
        return a;
}

static void attribute_end(struct batch *b, struct rtattr *a) {
        if (a && !b->overflow)
                a->rta_len = (uint16_t) (b->data + b->size - (uint8_t *) a);
}

static void put_address(struct batch *b, uint16_t type, const struct address *a) {
        attribute_put(b, type, a->bytes, a->family == AF_INET ? 4 : 16);
}

/* Each by itself: one that the kernel refuses does not take the rest with it. Both want a link that is down. */
static void put_identity(struct batch *b, const struct first_network *n, int link) {
        struct ifinfomsg body = {.ifi_family = AF_UNSPEC, .ifi_index = link};
        struct nlmsghdr *m;

        if (n->name[0] && strcmp(n->name, n->link) != 0) {
                m = message_begin(b, RTM_NEWLINK, 0, &body, sizeof body, "rename the link");
                attribute_put(b, IFLA_IFNAME, n->name, strlen(n->name) + 1);
                message_end(b, m);
        }
        if (n->has_mac) {
                m = message_begin(b, RTM_NEWLINK, 0, &body, sizeof body, "set the hardware address");
                attribute_put(b, IFLA_ADDRESS, n->mac.bytes, sizeof n->mac.bytes);
                message_end(b, m);
        }
}

static void put_link(struct batch *b, uint8_t mode, uint32_t mtu, int link, const char *what) {
        struct ifinfomsg body = {.ifi_family = AF_UNSPEC, .ifi_index = link};
        struct nlmsghdr *m = message_begin(b, RTM_NEWLINK, 0, &body, sizeof body, what);
        const uint32_t promote = 1;

        if (mtu)
                attribute_put(b, IFLA_MTU, &mtu, sizeof mtu);
        struct rtattr *spec = attribute_put(b, IFLA_AF_SPEC | NLA_F_NESTED, NULL, 0);
        /* An address that is removed later takes none of its range along. */
        struct rtattr *inet = attribute_put(b, AF_INET | NLA_F_NESTED, NULL, 0);
        struct rtattr *values = attribute_put(b, IFLA_INET_CONF | NLA_F_NESTED, NULL, 0);
        attribute_put(b, IPV4_DEVCONF_PROMOTE_SECONDARIES, &promote, sizeof promote);
        attribute_end(b, values);
        attribute_end(b, inet);
        struct rtattr *inet6 = attribute_put(b, AF_INET6 | NLA_F_NESTED, NULL, 0);
        attribute_put(b, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof mode);
        attribute_end(b, inet6);
        attribute_end(b, spec);
        message_end(b, m);
}

static void put_up(struct batch *b, int link, const char *what) {
        struct ifinfomsg body = {.ifi_family = AF_UNSPEC, .ifi_index = link, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

        message_end(b, message_begin(b, RTM_NEWLINK, 0, &body, sizeof body, what));
}

static bool is_link_local(const struct address *a) {
        return a->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a->v6);
}

static bool has_link_local(const struct first_network *n) {
        for (size_t i = 0; i < n->n_addresses; i++)
                if (is_link_local(&n->addresses[i].address))
                        return true;
        return false;
}

static void put_interface_address(struct batch *b, const struct prefix *p, int link) {
        const struct address *a = &p->address;
        struct ifaddrmsg body = {
                .ifa_family = (uint8_t) a->family,
                .ifa_prefixlen = p->length,
                .ifa_flags = IFA_F_PERMANENT | (a->family == AF_INET6 ? IFA_F_NODAD : 0),
                .ifa_scope = is_link_local(a) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                .ifa_index = (uint32_t) link,
        };
        struct nlmsghdr *m =
                message_begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof body, "add an address");

        put_address(b, IFA_LOCAL, a);
        put_address(b, IFA_ADDRESS, a);
        if (a->family == AF_INET && p->length <= 30) {
                struct in_addr broadcast = {a->v4.s_addr | htonl(UINT32_MAX >> p->length)};

                attribute_put(b, IFA_BROADCAST, &broadcast, sizeof broadcast);
        }
        message_end(b, m);
}

static void put_neighbour(struct batch *b, const struct first_neighbour *n, int link) {
        struct ndmsg body = {
                .ndm_family = (uint8_t) n->address.family, .ndm_ifindex = link, .ndm_state = NUD_PERMANENT};
        struct nlmsghdr *m = message_begin(b, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof body,
                                           "add a permanent neighbour");

        put_address(b, NDA_DST, &n->address);
        attribute_put(b, NDA_LLADDR, n->mac.bytes, sizeof n->mac.bytes);
        message_end(b, m);
}

/* gateway AF_UNSPEC: on the link. Metric and scope as networkd's. */
static void put_route(struct batch *b, const struct prefix *destination, const struct address *gateway,
                      const struct address *source, int link, const char *what) {
        bool on_link = gateway->family == AF_UNSPEC;
        struct rtmsg body = {
                .rtm_family = (uint8_t) destination->address.family,
                .rtm_dst_len = destination->length,
                .rtm_table = RT_TABLE_MAIN,
                .rtm_protocol = RTPROT_STATIC,
                .rtm_scope = on_link && destination->address.family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                .rtm_type = RTN_UNICAST,
        };
        uint32_t oif = (uint32_t) link, metric = METRIC_IPV6;
        struct nlmsghdr *m = message_begin(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof body, what);

        if (destination->length > 0)
                put_address(b, RTA_DST, &destination->address);
        if (!on_link)
                put_address(b, RTA_GATEWAY, gateway);
        attribute_put(b, RTA_OIF, &oif, sizeof oif);
        if (source->family != AF_UNSPEC)
                put_address(b, RTA_PREFSRC, source);
        if (destination->address.family == AF_INET6)
                attribute_put(b, RTA_PRIORITY, &metric, sizeof metric);
        message_end(b, m);
}

void batch_fill(struct batch *b, const struct first_network *n, int link, int loopback, bool regenerate) {
        b->size = 0;
        b->n = 0;
        b->overflow = false;

        if (loopback > 0)
                put_up(b, loopback, "bring up the loopback link");
        if (link <= 0)
                return;
        put_identity(b, n, link);
        /* Before the link is up, or the kernel would make a link-local address of its own and probe for it. */
        put_link(b, IN6_ADDR_GEN_MODE_NONE, n->mtu, link, "set up the link");
        put_up(b, link, "bring up the link");
        for (size_t i = 0; i < n->n_addresses; i++)
                put_interface_address(b, &n->addresses[i], link);
        for (size_t i = 0; i < n->n_neighbours; i++)
                put_neighbour(b, &n->neighbours[i], link);
        for (size_t i = 0; i < n->n_routes; i++)
                put_route(b, &n->routes[i].destination, &n->routes[i].via, &n->routes[i].source, link, "add a route");
        for (size_t i = 0; i < n->n_gateways; i++)
                put_route(b, &(struct prefix){.address = {.family = n->gateways[i].family}}, &n->gateways[i],
                          &ADDRESS_NONE, link, "add a default route");
        /* That one is there now. When somebody in here takes the link down it goes, and without one there is no DHCPv6
         * and no router: the kernel is to make it again. */
        if (regenerate && has_link_local(n))
                put_link(b, IN6_ADDR_GEN_MODE_EUI64, 0, link, "have link-local addresses made");
}
