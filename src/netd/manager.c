#include "manager.h"

#include "netd/sockets.h"
#include "state/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

uint64_t manager_now(const struct manager *m) {
        uint64_t now = 0;

        (void) sd_event_now(m->event, CLOCK_MONOTONIC, &now);
        return now;
}

static uint32_t hash_address(const struct address *a) {
        return hash_bytes(a->bytes, address_size(a));
}

static struct attachment *find_name(const struct manager *m, const char *name,
                                    int (*compare)(const char *, const char *)) {
        for (struct table_node *n = table_first(&m->by_name, hash_name(name)); n; n = table_next(n)) {
                struct attachment *a = container_of(n, struct attachment, by_name);

                if (compare(a->network.name, name) == 0)
                        return a;
        }
        return NULL;
}

struct attachment *manager_find(const struct manager *m, const char *name) {
        return find_name(m, name, strcmp);
}

struct attachment *manager_find_link(const struct manager *m, const char *link) {
        for (struct table_node *n = table_first(&m->by_link, hash_name(link)); n; n = table_next(n)) {
                struct attachment *a = container_of(n, struct attachment, by_link);

                if (strcmp(a->network.link, link) == 0)
                        return a;
        }
        return NULL;
}

struct attachment *manager_find_index(const struct manager *m, int ifindex) {
        for (struct table_node *n = table_first(&m->by_index, (uint32_t) ifindex); n; n = table_next(n)) {
                struct attachment *a = container_of(n, struct attachment, by_index);

                if (a->ifindex == ifindex)
                        return a;
        }
        return NULL;
}

/* Few containers have any, so they are not in a table of their own. */
struct attachment *manager_find_extra(const struct manager *m, const char *link, size_t *ret) {
        for (struct attachment *a = NULL; m->n_with_extra > 0 && (a = manager_each(m, a));)
                for (size_t i = 0; i < a->network.n_extra; i++)
                        if (strcmp(a->network.extra[i].link, link) == 0) {
                                *ret = i;
                                return a;
                        }
        return NULL;
}

struct attachment *manager_each(const struct manager *m, const struct attachment *previous) {
        struct table_node *n = table_each(&m->by_name, previous ? &previous->by_name : NULL);

        return n ? container_of(n, struct attachment, by_name) : NULL;
}

int manager_insert(struct manager *m, struct attachment *a) {
        const struct network *n = &a->network;

        m->n_with_extra += n->n_extra > 0;
        m->n_with_more += n->more != NULL;
        if (a->zone)
                a->zone->members++;
        if (table_insert(&m->by_name, &a->by_name, hash_name(n->name)) < 0 ||
            table_insert(&m->by_link, &a->by_link, hash_name(n->link)) < 0 ||
            table_insert(&m->by_v4, &a->by_v4, hash_address(&n->container_v4.address)) < 0 ||
            table_insert(&m->by_v6, &a->by_v6, hash_address(&n->container_v6.address)) < 0 ||
            ports_claim(&m->ports, a->forwards, n->n_forwards, a) < 0) {
                manager_remove(m, a);
                return -ENOMEM;
        }
        return 0;
}

void manager_remove(struct manager *m, struct attachment *a) {
        for (struct attachment **link = &m->damaged; *link; link = &(*link)->next_damaged)
                if (*link == a) {
                        *link = a->next_damaged;
                        break;
                }
        a->repair.at = 0;
        m->n_with_extra -= a->network.n_extra > 0;
        m->n_with_more -= a->network.more != NULL;
        if (a->zone)
                a->zone->members--;
        table_remove(&m->by_name, &a->by_name);
        table_remove(&m->by_link, &a->by_link);
        table_remove(&m->by_index, &a->by_index);
        table_remove(&m->by_v4, &a->by_v4);
        table_remove(&m->by_v6, &a->by_v6);
        ports_release(&m->ports, a->forwards, a->network.n_forwards, a);
}

int manager_set_index(struct manager *m, struct attachment *a, int ifindex) {
        table_remove(&m->by_index, &a->by_index);
        a->ifindex = ifindex;
        return ifindex > 0 ? table_insert(&m->by_index, &a->by_index, (uint32_t) ifindex) : 0;
}

struct attachment *manager_find_any_case(const struct manager *m, const char *name) {
        return find_name(m, name, strcasecmp);
}

struct attachment *manager_find_address(const struct manager *m, const struct address *address) {
        bool v4 = address->family == AF_INET;
        const struct table *t = v4 ? &m->by_v4 : &m->by_v6;

        for (struct table_node *n = table_first(t, hash_address(address)); n; n = table_next(n)) {
                struct attachment *a =
                        v4 ? container_of(n, struct attachment, by_v4) : container_of(n, struct attachment, by_v6);

                if (address_equal(v4 ? &a->network.container_v4.address : &a->network.container_v6.address, address))
                        return a;
        }
        /* Few containers have more than these. */
        for (struct attachment *a = NULL; m->n_with_more > 0 && (a = manager_each(m, a));)
                for (size_t i = 0; a->network.more && i < a->network.more->n_container_addresses; i++)
                        if (address_equal(&a->network.more->container_addresses[i].address, address))
                                return a;
        return NULL;
}

int manager_new(sd_event *event, struct manager **ret, struct error *e) {
        _cleanup_(manager_freep) struct manager *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return error_set(e, ENOMEM, EXIT_FAILED, "no memory");
        m->event = sd_event_ref(event);
        (void) strcpy(m->suffix, NAME_SUFFIX_DEFAULT);
        r = machine_id_get(m->machine_id, e);
        if (r < 0)
                return r;
        r = engine_new(&m->engine, e);
        if (r < 0)
                return r;
        r = netlink_open(NETLINK_ROUTE, -1, &m->route);
        if (r >= 0)
                r = sockets_open(&m->sockets);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot open a netlink socket");
        /* Listening comes before looking, so that nothing that happens in between is missed. */
        r = manager_listen(m, e);
        if (r < 0)
                return r;
        r = manager_recover(m, e);
        if (r < 0)
                return r;
        *ret = steal_ptr(m);
        return 0;
}

struct manager *manager_free(struct manager *m) {
        struct attachment *a;

        if (!m)
                return NULL;
        while ((a = manager_each(m, NULL))) {
                manager_remove(m, a);
                attachment_free(a);
        }
        manager_zones_free(m);
        sd_event_source_disable_unref(m->links_source);
        sd_event_source_disable_unref(m->firewall_source);
        sd_event_source_disable_unref(m->repair_timer);
        sd_event_source_disable_unref(m->gone_timer);
        sd_event_source_disable_unref(m->names_source);
        sd_event_source_disable_unref(m->addresses_source);
        sd_event_source_disable_unref(m->proxied_timer);
        sd_event_source_disable_unref(m->proxy_source);
        netlink_monitor_close(m->links);
        firewall_monitor_close(m->firewall);
        responders_free(m->responders);
        netlink_close(m->sockets);
        netlink_close(m->route);
        engine_free(m->engine);
        allocations_free(m->allocations);
        free(m->nat);
        free(m->nat_seen);
        free(m->routed);
        ports_clear(&m->ports);
        table_clear(&m->by_name);
        table_clear(&m->by_link);
        table_clear(&m->by_index);
        table_clear(&m->by_v4);
        table_clear(&m->by_v6);
        sd_event_unref(m->event);
        free(m);
        return NULL;
}
