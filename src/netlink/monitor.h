/* What changes on this host's links, addresses, neighbours and forwarding, as events for a poll loop.
 *
 * The monitor owns a socket, never a loop: poll netlink_monitor_fd() for input, then dispatch. */
#pragma once

#include "base/address.h"
#include "base/error.h"

#include <net/if.h>

enum netlink_event_kind {
        NETLINK_EVENT_LINK, /* new or changed */
        NETLINK_EVENT_LINK_GONE,
        NETLINK_EVENT_ADDRESS,
        NETLINK_EVENT_ADDRESS_GONE,
        NETLINK_EVENT_NEIGHBOUR, /* permanent ones only */
        NETLINK_EVENT_NEIGHBOUR_GONE,
        NETLINK_EVENT_ROUTE_GONE, /* one that came with an address, or one of ours; others' routing is not told */
        NETLINK_EVENT_FORWARDING, /* all of a family, switched on or off */
        NETLINK_EVENT_RESYNC,     /* events were lost: look at everything again */
};

struct netlink_event {
        enum netlink_event_kind kind;
        int ifindex;
        char name[IFNAMSIZ];   /* links only, else empty */
        char link_kind[16];    /* links: "veth", "bridge", ... or empty */
        uint32_t flags;        /* links: IFF_*; addresses: IFA_F_*; neighbours: NUD_* of the state; forwarding: 0, 1 */
        int master;            /* links: ifindex of the bridge, or 0 */
        int peer;              /* links: ifindex of a veth's peer (in its own namespace), or 0 */
        uint32_t mtu;          /* links */
        struct prefix address; /* addresses: the local one; neighbours: /32 or /128; routes: where to; forwarding: the
                                * family alone */
        struct mac mac;        /* links, neighbours; zero when there is none */
};

struct netlink_monitor;

/* Subscribes in the current network namespace to links, addresses, neighbours, routes and forwarding, IPv4 and IPv6. */
int netlink_monitor_open(struct netlink_monitor **ret, struct error *e);
void netlink_monitor_close(struct netlink_monitor *m);
static inline void netlink_monitor_closep(struct netlink_monitor **m) {
        netlink_monitor_close(*m);
        *m = NULL;
}
int netlink_monitor_fd(const struct netlink_monitor *m); /* non-blocking; borrowed */

/* Called once an event; a negative return ends the dispatch, which returns it. */
typedef int (*netlink_event_t)(const struct netlink_event *event, void *userdata);

/* Reads what is there, never waits. An overrun (ENOBUFS) becomes one NETLINK_EVENT_RESYNC. Messages that do not come
 * from the kernel are ignored. Returns 0 or negative errno. */
int netlink_monitor_dispatch(struct netlink_monitor *m, netlink_event_t handler, void *userdata);

/* The name of an event kind, for logs: "link", "link gone", ... */
const char *netlink_event_name(enum netlink_event_kind kind);
