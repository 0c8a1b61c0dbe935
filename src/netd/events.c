/* What the kernel tells: links that come and go, and what others did to ours. */
#include "manager.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

static bool is_host_address(const struct network *n, const struct address *a) {
        const struct prefix *p;

        if (n->mode != NETWORK_VETH)
                return false;
        for (size_t i = 0; (p = network_host_address(n, i)); i++)
                if (address_equal(a, &p->address))
                        return true;
        return address_equal(a, &n->host_link_local);
}

static bool is_container_address(const struct network *n, const struct address *a) {
        const struct prefix *p;

        for (size_t i = 0; (p = network_container_address(n, i)); i++)
                if (address_equal(a, &p->address))
                        return true;
        return address_equal(a, &n->container_link_local);
}

static bool is_range(const struct prefix *wanted, const struct prefix *p) {
        struct prefix range = prefix_network(wanted);

        return prefix_equal(&range, p);
}

/* What a range of the link's own does not have: a peer, and where settings lead. */
static bool is_added_route(const struct network *n, const struct prefix *p) {
        for (size_t i = 0; n->more && i < n->more->n_host_routes; i++)
                if (is_range(&n->more->host_routes[i].destination, p))
                        return true;
        return p->length == address_bits(&p->address) && (address_equal(&p->address, &n->container_v4.address) ||
                                                          address_equal(&p->address, &n->container_v6.address));
}

static bool is_link_route(const struct network *n, const struct prefix *p) {
        const struct prefix *own;

        for (size_t i = 0; (own = network_host_address(n, i)); i++)
                if (is_range(own, p))
                        return true;
        return false;
}

/* Events are of the past: one from before we raised the link may come after it. */
static bool is_down(const struct manager *m, const char *link) {
        unsigned int flags;

        return netlink_flags(m->route, link, &flags) >= 0 && !(flags & IFF_UP);
}

/* Likewise. */
static bool is_out(struct manager *m, const struct attachment *a) {
        struct netlink_link link;

        return a->zone->ifindex > 0 && netlink_link_find(m->route, a->network.link, &link) >= 0 &&
               link.master != a->zone->ifindex;
}

/* false: it is none of those beside a main one. */
static bool on_extra(struct manager *m, const struct netlink_event *event) {
        size_t i;
        struct attachment *a = manager_find_extra(m, event->name, &i);

        if (!a)
                return false;
        if (a->extra_index[i] != event->ifindex)
                manager_complete_extra(m, a, i, event->ifindex);
        else if (!(event->flags & IFF_UP) && is_down(m, event->name))
                manager_damaged(m, a, "has an extra link that was taken down");
        return true;
}

static struct attachment *find_member(struct manager *m, const struct active_zone *z, const struct address *address) {
        struct attachment *a = manager_find_address(m, address);

        if (a && a->zone == z)
                return a;
        for (a = NULL; address_is_link_local(address) && (a = manager_each(m, a));)
                if (a->zone == z && is_container_address(&a->network, address))
                        return a;
        return NULL;
}

static bool is_zone_address(const struct zone_network *n, const struct address *a) {
        const struct prefix *p;

        for (size_t i = 0; (p = zone_host_address(n, i)); i++)
                if (address_equal(a, &p->address))
                        return true;
        return address_equal(a, &n->host_link_local);
}

static bool is_zone_route(const struct zone_network *n, const struct prefix *p) {
        for (size_t i = 0; i < n->n_routes; i++)
                if (is_range(&n->routes[i].destination, p))
                        return true;
        return false;
}

/* What happened to a bridge's addresses, neighbours and routes. */
static void on_bridge(struct manager *m, struct active_zone *z, const struct netlink_event *event) {
        const struct address *address = &event->address.address;
        bool v6 = address->family == AF_INET6;
        const struct attachment *a;

        switch (event->kind) {
        case NETLINK_EVENT_ADDRESS_GONE:
                if (!is_zone_address(&z->network, address))
                        break;
                z->address_lost[v6] |= !address_is_link_local(address);
                manager_zone_damaged(m, z, "lost an address");
                break;
        case NETLINK_EVENT_NEIGHBOUR_GONE:
                if (find_member(m, z, address))
                        manager_zone_damaged(m, z, "lost a neighbour");
                break;
        case NETLINK_EVENT_NEIGHBOUR:
                /* Ours mostly, and this spares going through all members. */
                if (v6 && address_is_made_from(address, &event->mac))
                        break;
                a = find_member(m, z, address);
                if (a && !mac_equal(&event->mac, &a->network.container_mac))
                        manager_zone_damaged(m, z, "has a changed neighbour");
                break;
        case NETLINK_EVENT_ROUTE_GONE:
                if (is_range(&z->network.host_v4, &event->address) || is_range(&z->network.host_v6, &event->address)) {
                        z->route_lost[v6] = true;
                        manager_zone_damaged(m, z, "lost a route");
                } else if (is_zone_route(&z->network, &event->address))
                        manager_zone_damaged(m, z, "lost a route of its settings");
                break;
        default:
                break;
        }
}

static void on_bridge_link(struct manager *m, struct active_zone *z, const struct netlink_event *event) {
        bool carrier = event->flags & IFF_RUNNING;

        if (z->ifindex != event->ifindex) {
                manager_zone_damaged(m, z, "was replaced");
                return;
        }
        if (carrier && !z->carrier && z->served)
                responders_advertise(m->responders, z->ifindex);
        z->carrier = carrier;
        if (!(event->flags & IFF_UP) && is_down(m, event->name))
                manager_zone_damaged(m, z, "was taken down");
}

static void on_link(struct manager *m, const struct netlink_event *event) {
        struct attachment *a = manager_find_link(m, event->name);
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        bool carrier = event->flags & IFF_RUNNING;
        char found[MAC_TEXT_MAX], wanted[MAC_TEXT_MAX];

        struct active_zone *zone = a ? NULL : manager_find_bridge(m, event->name);

        if (zone) {
                on_bridge_link(m, zone, event);
                return;
        }
        if (!a && manager_is_proxied(m, event->name)) {
                manager_proxy_neighbours_all(m);
                return;
        }
        if (!a && on_extra(m, event))
                return;
        if (!a) {
                /* A link of ours that was given another name. */
                a = manager_find_index(m, event->ifindex);
                if (a)
                        manager_damaged(m, a, "was renamed");
                return;
        }
        if (a->ifindex != event->ifindex) {
                if (!mac_equal(&event->mac, &a->network.host_mac))
                        log_warning("%s: %s has the hardware address %s instead of %s; its guest will not reach the "
                                    "host. Does "
                                    "something (systemd's MACAddressPolicy=, NetworkManager) change it?",
                                    a->network.name, event->name, mac_format(&event->mac, found),
                                    mac_format(&a->network.host_mac, wanted));
                if (manager_complete(m, a, event->ifindex, &e) < 0 && e.code != -ENODEV)
                        manager_incomplete(m, a, &e);
                return;
        }
        if (carrier && !a->carrier && a->served)
                responders_advertise(m->responders, a->ifindex);
        a->carrier = carrier;
        if (a->state == ATTACHMENT_LINKED && !(event->flags & IFF_UP) && is_down(m, a->network.link))
                manager_damaged(m, a, "was taken down");
        else if (a->state == ATTACHMENT_LINKED && a->zone && event->master != a->zone->ifindex && is_out(m, a))
                manager_damaged(m, a, "was taken out of its bridge");
}

static void on_link_gone(struct manager *m, const struct netlink_event *event) {
        struct attachment *a = manager_find_index(m, event->ifindex);
        struct active_zone *zone = a ? NULL : manager_find_bridge_index(m, event->ifindex);

        if (zone) {
                manager_zone_damaged(m, zone, "was removed");
                return;
        }
        if (!a) {
                for (; m->n_with_extra > 0 && (a = manager_each(m, a));)
                        for (size_t i = 0; i < a->network.n_extra; i++)
                                if (a->extra_index[i] == event->ifindex)
                                        a->extra_index[i] = 0;
                return;
        }
        log_debug("%s: %s is gone", a->network.name, a->network.link);
        manager_link_gone(m, a);
        manager_expect_gone(m);
}

static int on_event(const struct netlink_event *event, void *userdata) {
        struct manager *m = userdata;
        struct active_zone *zone;
        struct attachment *a;

        switch (event->kind) {
        case NETLINK_EVENT_LINK:
                on_link(m, event);
                return 0;
        case NETLINK_EVENT_LINK_GONE:
                on_link_gone(m, event);
                return 0;
        case NETLINK_EVENT_FORWARDING:
                if (event->flags == 0)
                        manager_forwarding_off(m, event->address.address.family == AF_INET6);
                return 0;
        case NETLINK_EVENT_RESYNC:
                manager_events_lost(m);
                return 0;
        default:
                break;
        }

        zone = manager_find_bridge_index(m, event->ifindex);
        if (zone)
                on_bridge(m, zone, event);
        a = manager_find_index(m, event->ifindex);
        if (!a || a->state != ATTACHMENT_LINKED)
                return 0;
        if (event->kind == NETLINK_EVENT_ADDRESS_GONE && is_host_address(&a->network, &event->address.address))
                manager_damaged(m, a, "lost an address");
        else if (event->kind == NETLINK_EVENT_NEIGHBOUR_GONE &&
                 is_container_address(&a->network, &event->address.address))
                manager_damaged(m, a, "lost a neighbour");
        else if (event->kind == NETLINK_EVENT_NEIGHBOUR && is_container_address(&a->network, &event->address.address) &&
                 !mac_equal(&event->mac, &a->network.container_mac))
                manager_damaged(m, a, "has a changed neighbour");
        else if (event->kind == NETLINK_EVENT_ROUTE_GONE && is_link_route(&a->network, &event->address)) {
                a->route_lost = true;
                manager_damaged(m, a, "lost a route");
        } else if (event->kind == NETLINK_EVENT_ROUTE_GONE && is_added_route(&a->network, &event->address))
                manager_damaged(m, a, "lost a route");
        return 0;
}

static int on_links(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct manager *m = userdata;
        int r = netlink_monitor_dispatch(m->links, on_event, m);

        if (r < 0)
                log_warning("cannot follow what happens to links: %s", strerror(-r));
        return 0;
}

static int on_firewall(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct manager *m = userdata;
        int r = firewall_monitor_dispatch(m->firewall, engine_firewall_port(m->engine));

        if (r < 0)
                log_warning("cannot follow what happens to the firewall: %s", strerror(-r));
        else if (r != FIREWALL_QUIET)
                manager_tables_damaged(m);
        return 0;
}

int manager_listen(struct manager *m, struct error *e) {
        int r;

        r = netlink_monitor_open(&m->links, e);
        if (r < 0)
                return r;
        r = firewall_monitor_open(&m->firewall, e);
        if (r < 0)
                return r;
        r = sd_event_add_io(m->event, &m->links_source, netlink_monitor_fd(m->links), EPOLLIN, on_links, m);
        if (r >= 0) /* A guest waits for its carrier: links come before everything. */
                r = sd_event_source_set_priority(m->links_source, SD_EVENT_PRIORITY_IMPORTANT);
        if (r >= 0)
                r = sd_event_add_io(m->event, &m->firewall_source, firewall_monitor_fd(m->firewall), EPOLLIN,
                                    on_firewall, m);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot listen for changes of the network");
        return 0;
}
