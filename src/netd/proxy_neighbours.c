/* Answering neighbour discovery on the host's uplinks for containers' global addresses
 * (nixos.containers.proxyNeighbours).
 *
 * An entry a link and address, from when the container's link is complete until it is gone. The kernel forgets them
 * when the uplink goes down, and says nothing when somebody removes one: so they are made again when the uplink
 * changes, and looked after once a minute as long as there are any. Which links were told to answer is in the record of
 * sysctls, so that the next daemon finds it. */
#include "manager.h"

#include "apply/forwarding.h"
#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/paths.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#define AGAIN_USEC UINT64_C(60000000)

/* Whose addresses others may ask for. */
static bool is_open(const struct network *n, const struct address *a) {
        for (size_t i = 0; n->more && i < n->more->n_open; i++)
                if (prefix_contains(&n->more->open[i], a))
                        return address_is_global_v6(a);
        return false;
}

static void put(struct manager *m, const struct attachment *a, const char *link, bool add) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        int ifindex = (int) if_nametoindex(link), r;
        const struct prefix *p;

        for (size_t i = 0; ifindex > 0 && (p = network_container_address(&a->network, i)); i++)
                if (is_open(&a->network, &p->address))
                        (void) (add ? netlink_proxy_add(&b, ifindex, &p->address)
                                    : netlink_proxy_remove(&b, ifindex, &p->address));
        if (b.n == 0)
                return;
        r = netlink_send(m->route, &b, NULL, NULL, NULL);
        if (r < 0 && (add || r != -ENOENT))
                log_warning("%s: cannot %s %s: %s", a->network.name,
                            add ? "have the host answer for its addresses on" : "take its addresses from", link,
                            strerror(-r));
}

static char *sysctl_name(const char *link) {
        return format("net/ipv6/conf/%s/proxy_ndp", link);
}

static void enable(const char *link) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        _cleanup_(freep) char *name = sysctl_name(link);

        if (name && forwarding_set(PATH_PROXY_SYSCTLS, name, "1", &e) < 0)
                log_warning("proxyNeighbours: %s", error_message(&e));
}

void manager_proxy_neighbours(struct manager *m, const struct attachment *a, bool add) {
        if (!a->network.more)
                return;
        for (size_t i = 0; i < m->proxied.n; i++)
                put(m, a, m->proxied.names[i], add);
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
        manager_proxy_neighbours_all(userdata);
        return 0;
}

static void plan_again(struct manager *m, bool wanted) {
        int r = 0;

        if (wanted && !m->proxied_timer) {
                r = sd_event_add_time_relative(m->event, &m->proxied_timer, CLOCK_MONOTONIC, AGAIN_USEC, 0, on_again,
                                               m);
        } else if (m->proxied_timer) {
                r = sd_event_source_set_time_relative(m->proxied_timer, AGAIN_USEC);
                if (r >= 0)
                        r = sd_event_source_set_enabled(m->proxied_timer, wanted ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
        }
        if (r < 0)
                log_warning("proxyNeighbours: cannot set a timer: %s", strerror(-r));
}

void manager_proxy_neighbours_all(struct manager *m) {
        bool any = false;

        for (size_t i = 0; i < m->proxied.n; i++)
                enable(m->proxied.names[i]);
        for (struct attachment *a = NULL; m->proxied.n > 0 && m->n_with_more > 0 && (a = manager_each(m, a));)
                if (a->network.more && a->ifindex > 0) {
                        any = true;
                        manager_proxy_neighbours(m, a, true);
                }
        plan_again(m, any);
}

bool manager_is_proxied(const struct manager *m, const char *link) {
        for (size_t i = 0; i < m->proxied.n; i++)
                if (string_equal(m->proxied.names[i], link))
                        return true;
        return false;
}

/* A link that is not to be answered on any more. */
static int leave(const char *name, void *userdata) {
        struct manager *m = userdata;
        char link[IFNAMSIZ];

        if (sscanf(name, "net/ipv6/conf/%15[^/]/", link) != 1)
                return 0;
        for (struct attachment *a = NULL; (a = manager_each(m, a));)
                put(m, a, link, false);
        return 0;
}

void manager_set_proxied(struct manager *m, const struct proxy_links *links) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (memcmp(&m->proxied, links, sizeof(*links)) != 0 || links->n == 0) {
                (void) forwarding_each(PATH_PROXY_SYSCTLS, leave, m);
                if (forwarding_restore(PATH_PROXY_SYSCTLS, &e) < 0)
                        log_warning("proxyNeighbours: %s", error_message(&e));
        }
        m->proxied = *links;
        manager_proxy_neighbours_all(m);
}
