/* Notifications of rtnetlink, read until there are none left and handed on as events. */
#include "netlink/monitor.h"

#include "netlink/route.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
        BUFFER_SIZE = 32 * 1024,
        DATAGRAMS_A_DISPATCH = 512, /* then the loop's other sources get their turn */
};

struct netlink_monitor {
        int fd;
        uint8_t buffer[BUFFER_SIZE];
};

/* The kernel drops what is none of our business before it wakes us. A router's routes come and go by the thousand: only
 * the going of those is told that the kernel made for an address, or that are like ours. A guest can have neighbours
 * learnt at will: only permanent ones are told, and those that go. Each link tells its own forwarding; here is told
 * what was said of all of them. Loads are in network order, the message is in the host's. */
static int listen_filtered(const int *groups, size_t n_groups) {
        enum {
                TYPE = offsetof(struct nlmsghdr, nlmsg_type),
                PROTOCOL = NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_protocol),
                STATE = NLMSG_HDRLEN + offsetof(struct ndmsg, ndm_state),
                CONF_INDEX = NLMSG_SPACE(sizeof(struct netconfmsg)) + sizeof(struct nlattr), /* the first attribute */
        };
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_H | BPF_ABS, TYPE),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 11, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 3, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEIGH), 5, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNETCONF), 6, 0),
                BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
                BPF_STMT(BPF_LD | BPF_B | BPF_ABS, PROTOCOL),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_KERNEL, 6, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_STATIC, 5, 4),
                BPF_STMT(BPF_LD | BPF_H | BPF_ABS, STATE),
                BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NUD_PERMANENT), 3, 2),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, CONF_INDEX),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) NETCONFA_IFINDEX_ALL, 1, 0),
                BPF_STMT(BPF_RET | BPF_K, 0),
                BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        };
        struct sock_fprog program = {.len = ELEMENTS_OF(code), .filter = code};
        return netlink_listen(NETLINK_ROUTE, &program, groups, n_groups);
}

int netlink_monitor_open(struct netlink_monitor **ret, struct error *e) {
        static const int groups[] = {RTNLGRP_LINK,         RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                     RTNLGRP_NEIGH,        RTNLGRP_IPV4_ROUTE,  RTNLGRP_IPV6_ROUTE,
                                     RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF};
        _cleanup_(netlink_monitor_closep) struct netlink_monitor *m = calloc(1, sizeof(*m));
        if (!m)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot watch the host's links");
        m->fd = listen_filtered(groups, ELEMENTS_OF(groups));
        if (m->fd < 0)
                return error_errno(e, m->fd, EXIT_FAILED,
                                   "Cannot subscribe to the kernel's notifications of links and addresses");
        *ret = steal_ptr(m);
        return 0;
}

void netlink_monitor_close(struct netlink_monitor *m) {
        if (!m)
                return;
        fd_close(m->fd);
        free(m);
}

int netlink_monitor_fd(const struct netlink_monitor *m) {
        return m->fd;
}

static int event_of_link(const struct nlmsghdr *h, struct netlink_event *ret) {
        /* Bridges send their ports' state under AF_BRIDGE, which says nothing about the link itself. */
        if (h->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)) ||
            ((const struct ifinfomsg *) NLMSG_DATA(h))->ifi_family != AF_UNSPEC)
                return -EBADMSG;
        struct netlink_link l;
        int r = netlink_link_read(h, &l);
        if (r < 0)
                return r;
        *ret = (struct netlink_event){.kind = h->nlmsg_type == RTM_NEWLINK ? NETLINK_EVENT_LINK
                                                                           : NETLINK_EVENT_LINK_GONE,
                                      .ifindex = l.ifindex,
                                      .flags = l.flags,
                                      .master = l.master,
                                      .peer = l.peer,
                                      .mtu = l.mtu,
                                      .mac = l.mac};
        memcpy(ret->name, l.name, sizeof(ret->name));
        memcpy(ret->link_kind, l.kind, sizeof(ret->link_kind));
        return 0;
}

static int event_of_address(const struct nlmsghdr *h, struct netlink_event *ret) {
        struct netlink_address a;
        int r = netlink_address_read(h, &a);
        if (r < 0)
                return r;
        *ret = (struct netlink_event){.kind = h->nlmsg_type == RTM_NEWADDR ? NETLINK_EVENT_ADDRESS
                                                                           : NETLINK_EVENT_ADDRESS_GONE,
                                      .ifindex = a.ifindex,
                                      .flags = a.flags,
                                      .address = a.address};
        return 0;
}

static int event_of_neighbour(const struct nlmsghdr *h, struct netlink_event *ret) {
        struct netlink_neighbour n;
        int r = netlink_neighbour_read(h, &n);
        if (r < 0)
                return r;
        *ret = (struct netlink_event){.kind = h->nlmsg_type == RTM_NEWNEIGH ? NETLINK_EVENT_NEIGHBOUR
                                                                            : NETLINK_EVENT_NEIGHBOUR_GONE,
                                      .ifindex = n.ifindex,
                                      .flags = n.state,
                                      .address = prefix_of_address(&n.address),
                                      .mac = n.mac};
        return 0;
}

static int event_of_route(const struct nlmsghdr *h, struct netlink_event *ret) {
        struct netlink_route route;
        int r = netlink_route_read(h, &route);
        if (r < 0)
                return r;
        *ret = (struct netlink_event){
                .kind = NETLINK_EVENT_ROUTE_GONE, .ifindex = route.ifindex, .address = route.destination};
        return 0;
}

static int event_of_forwarding(const struct nlmsghdr *h, struct netlink_event *ret) {
        struct netlink_forwarding f;
        int r = netlink_forwarding_read(h, &f);
        if (r < 0)
                return r;
        if (f.ifindex != NETCONFA_IFINDEX_ALL)
                return -EBADMSG;
        *ret = (struct netlink_event){
                .kind = NETLINK_EVENT_FORWARDING, .flags = f.on, .address = {.address = {.family = f.family}}};
        return 0;
}

/* -EBADMSG: of no interest. */
static int event_of_message(const struct nlmsghdr *h, struct netlink_event *ret) {
        switch (h->nlmsg_type) {
        case RTM_NEWLINK:
        case RTM_DELLINK:
                return event_of_link(h, ret);
        case RTM_NEWADDR:
        case RTM_DELADDR:
                return event_of_address(h, ret);
        case RTM_NEWNEIGH:
        case RTM_DELNEIGH:
                return event_of_neighbour(h, ret);
        case RTM_DELROUTE:
                return event_of_route(h, ret);
        case RTM_NEWNETCONF:
                return event_of_forwarding(h, ret);
        default:
                return -EBADMSG;
        }
}

static int dispatch_datagram(const uint8_t *data, size_t size, netlink_event_t handler, void *userdata) {
        while (size >= NLMSG_HDRLEN) {
                const struct nlmsghdr *h = (const struct nlmsghdr *) (const void *) data;
                if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > size)
                        return 0;
                struct netlink_event event;
                if (event_of_message(h, &event) == 0) {
                        int r = handler(&event, userdata);
                        if (r < 0)
                                return r;
                }
                size_t step = netlink_align(h->nlmsg_len);
                if (step >= size)
                        return 0;
                data += step;
                size -= step;
        }
        return 0;
}

int netlink_monitor_dispatch(struct netlink_monitor *m, netlink_event_t handler, void *userdata) {
        bool lost = false;
        int r = 0;
        for (unsigned int i = 0; i < DATAGRAMS_A_DISPATCH && r >= 0; i++) {
                ssize_t n = netlink_hear(m->fd, m->buffer, sizeof(m->buffer), &lost);
                if (n == 0)
                        break;
                r = n < 0 ? (int) n : dispatch_datagram(m->buffer, (size_t) n, handler, userdata);
        }
        if (lost && r >= 0)
                r = handler(&(struct netlink_event){.kind = NETLINK_EVENT_RESYNC}, userdata);
        return r < 0 ? r : 0;
}

const char *netlink_event_name(enum netlink_event_kind kind) {
        static const char *const names[] = {
                [NETLINK_EVENT_LINK] = "link",
                [NETLINK_EVENT_LINK_GONE] = "link gone",
                [NETLINK_EVENT_ADDRESS] = "address",
                [NETLINK_EVENT_ADDRESS_GONE] = "address gone",
                [NETLINK_EVENT_NEIGHBOUR] = "neighbour",
                [NETLINK_EVENT_NEIGHBOUR_GONE] = "neighbour gone",
                [NETLINK_EVENT_ROUTE_GONE] = "route gone",
                [NETLINK_EVENT_FORWARDING] = "forwarding",
                [NETLINK_EVENT_RESYNC] = "resync",
        };
        return (size_t) kind < ELEMENTS_OF(names) ? names[kind] : "unknown";
}
