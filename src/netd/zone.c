/* Zones come with their first member and go with their last: the bridge, its elements, its responders.
 *
 * The bridge is complete before systemd-nspawn of the first member starts. A member's own part (its elements, its
 * permanent neighbours on the bridge) is in place then, too; only its port has to appear. */
#include "zone.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/paths.h"
#include "base/string-list.h"
#include "manager.h"
#include "state/store.h"
#include "state/zones.h"

#include <errno.h>
#include <string.h>

struct active_zone *manager_find_zone(const struct manager *m, const char *name) {
        for (struct active_zone *z = m->zones; z; z = z->next)
                if (strcmp(z->network.name, name) == 0)
                        return z;
        return NULL;
}

struct active_zone *manager_find_bridge(const struct manager *m, const char *link) {
        for (struct active_zone *z = m->zones; z; z = z->next)
                if (strcmp(z->network.link, link) == 0)
                        return z;
        return NULL;
}

struct active_zone *manager_find_bridge_index(const struct manager *m, int ifindex) {
        for (struct active_zone *z = m->zones; z; z = z->next)
                if (z->ifindex == ifindex)
                        return z;
        return NULL;
}

/* 1: the bridge is there, and ours; 0: there is none. */
static int find_bridge(struct manager *m, const struct zone_network *n, struct netlink_link *ret, struct error *e) {
        char theirs[MAC_TEXT_MAX];
        int r = netlink_link_find(m->route, n->link, ret);

        if (r == -ENODEV)
                return 0;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot look for the bridge %s", n->link);
        if (!string_equal(ret->kind, "bridge") || !mac_equal(&ret->mac, &n->mac))
                return error_set(e, EEXIST, EXIT_CONTAINER,
                                 "there is a link %s (%s, %s) that does not belong to zone '%s'; remove it: ip link "
                                 "delete %s",
                                 n->link, ret->kind[0] ? ret->kind : "no virtual one", mac_format(&ret->mac, theirs),
                                 n->name, n->link);
        return 1;
}

static int serve(struct manager *m, struct active_zone *z, struct error *e) {
        _cleanup_(network_clear) struct network router = NETWORK_INIT;
        int r;

        if (z->served || z->network.access.kind == HOST_ACCESS_NONE)
                return 0;
        r = manager_expect_link(m, e);
        if (r < 0)
                return r;
        r = zone_router(&z->network, &router);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot serve zone '%s'", z->network.name);
        r = responders_add_link(m->responders, &router, z->ifindex, e);
        if (r < 0 && r != -EEXIST)
                return r;
        z->served = true;
        for (struct attachment *a = NULL; (a = manager_each(m, a));)
                if (a->zone == z)
                        (void) responders_put_member(m->responders, z->ifindex, &a->network);
        return 0;
}

static void stop_serving(struct manager *m, struct active_zone *z) {
        if (z->served)
                (void) responders_remove_link(m->responders, z->ifindex);
        z->served = false;
}

/* Elements only with `all`: they are repaired with everybody's. */
static int complete(struct manager *m, struct active_zone *z, bool all, struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        struct netlink_link link = {0};
        int there, r = 0;

        there = find_bridge(m, &z->network, &link, e);
        if (there < 0)
                return there;
        if (all)
                r = plan_zone_admit(&z->network, &plan);
        if (r == 0)
                r = plan_zone_link(&z->network, there == 0, &plan);
        for (struct attachment *a = NULL; r == 0 && (a = manager_each(m, a));)
                if (a->zone == z)
                        r = plan_neighbours(&a->network, &plan);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan zone '%s'", z->network.name);
        r = engine_apply(m->engine, &plan, 0, -1, e);
        if (r >= 0 && there == 0) {
                r = find_bridge(m, &z->network, &link, e);
                if (r == 0)
                        r = error_set(e, ENODEV, EXIT_FAILED, "the bridge %s went away at once", z->network.link);
        }
        if (r < 0)
                return r;
        if (z->ifindex != link.ifindex)
                stop_serving(m, z);
        z->ifindex = link.ifindex;
        z->carrier = link.flags & IFF_RUNNING;
        return serve(m, z, e);
}

void manager_zone_serve_changed(struct manager *m, struct active_zone *z) {
        _cleanup_(network_clear) struct network router = NETWORK_INIT;

        if (z->network.access.kind == HOST_ACCESS_NONE) {
                stop_serving(m, z);
                return;
        }
        if (!z->served) {
                (void) serve(m, z, NULL);
                return;
        }
        if (zone_router(&z->network, &router) >= 0)
                (void) responders_update_link(m->responders, &router, z->ifindex, NULL);
}

static int dismiss(struct manager *m, struct active_zone *z, struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        int r;

        stop_serving(m, z);
        r = plan_zone_dismiss(&z->network, &plan);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the end of zone '%s'", z->network.name);
        r = engine_dismiss(m->engine, &plan, e);
        (void) zone_record_remove(z->network.name);
        return r;
}

static struct active_zone *zone_add(struct manager *m, const struct zone_network *n) {
        struct active_zone *z = calloc(1, sizeof(*z));

        if (!z)
                return NULL;
        z->network = *n;
        z->next = m->zones;
        m->zones = z;
        return z;
}

static void zone_drop(struct manager *m, struct active_zone *z) {
        for (struct active_zone **at = &m->zones; *at; at = &(*at)->next)
                if (*at == z) {
                        *at = z->next;
                        break;
                }
        free(z);
}

int manager_zone_begin(struct manager *m, const struct zone_network *n, struct active_zone **ret, struct error *e) {
        struct active_zone *z;
        int r;

        r = manager_check_zone(m, n, e);
        if (r >= 0)
                r = manager_forward(m, true, e);
        if (r < 0)
                return r;
        z = zone_add(m, n);
        r = z ? zone_record_write(n, NULL) : -ENOMEM;
        if (r < 0)
                (void) error_errno(e, r, EXIT_FAILED, "cannot write the record of zone '%s'", n->name);
        else {
                /* The engine takes back its own part when it fails. */
                r = complete(m, z, true, e);
                if (r < 0 && z->ifindex > 0)
                        (void) dismiss(m, z, NULL);
        }
        if (r < 0) {
                (void) zone_record_remove(n->name);
                if (z)
                        zone_drop(m, z);
                return r;
        }
        log_debug("zone %s: %s (link %d) is there", n->name, n->link, z->ifindex);
        *ret = z;
        return 0;
}

int manager_zone_compute(struct manager *m, const char *name, struct zone_network *ret, struct error *e) {
        int r = allocations_refresh(&m->allocations, e);

        return r < 0 ? r : zones_compute(name, m->allocations, m->machine_id, ret, e);
}

int manager_zone_hold(struct manager *m, const char *name, struct active_zone **ret, struct error *e) {
        struct zone_network n;
        int r;

        *ret = manager_find_zone(m, name);
        if (*ret && (*ret)->ifindex > 0)
                return 0;
        if (*ret)
                return complete(m, *ret, true, e);
        r = manager_zone_compute(m, name, &n, e);
        return r < 0 ? r : manager_zone_begin(m, &n, ret, e);
}

int manager_zone_release(struct manager *m, struct active_zone *z, struct error *e) {
        int r;

        if (z->members > 0 || z->network.persistent)
                return 0;
        r = dismiss(m, z, e);
        zone_drop(m, z);
        return r;
}

void manager_zone_join(struct manager *m, struct attachment *a) {
        struct active_zone *z = a->zone;

        if (z && z->served && responders_put_member(m->responders, z->ifindex, &a->network) < 0)
                log_warning("%s: zone %s cannot answer its DHCP", a->network.name, z->network.name);
}

void manager_zone_leave(struct manager *m, struct attachment *a) {
        if (a->zone && a->zone->served)
                responders_remove_member(m->responders, a->zone->ifindex, a->network.name);
}

/* The kernel makes them with an address, and not again when the address is there. */
static void restore_routes(struct manager *m, struct active_zone *z) {
        const struct prefix *const ranges[] = {&z->network.host_v4, &z->network.host_v6};

        for (size_t i = 0; i < ELEMENTS_OF(ranges); i++) {
                if (z->route_lost[i] && !z->address_lost[i])
                        (void) manager_restore_route(m, z->network.link, z->ifindex, ranges[i], NULL);
                z->route_lost[i] = z->address_lost[i] = false;
        }
}

void manager_zone_look(struct manager *m, struct active_zone *z) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        const char *words = z->damage ? pace_words(&z->repair) : NULL;
        int before = z->ifindex;

        if (words)
                log_info("zone %s: %s %s, repairing it%s", z->network.name, z->network.link, z->damage, words);
        z->damage = NULL;
        if (complete(m, z, false, &e) < 0) {
                if (words)
                        log_warning("zone %s: trying again: %s", z->network.name, error_message(&e));
                manager_zone_damaged(m, z, "is incomplete");
                return;
        }
        restore_routes(m, z);
        /* The ports of a bridge that was deleted are in none. */
        if (before == z->ifindex)
                return;
        for (struct attachment *a = NULL; (a = manager_each(m, a));)
                if (a->zone == z && a->ifindex > 0)
                        manager_look(m, a);
}

/* ---- The beginning and the end of a daemon ---- */

void manager_zones_recover(struct manager *m, const char *name, const json_t *record) {
        struct zone_network n;

        if (zone_from_record(record, &n) < 0 || !string_equal(n.name, name)) {
                log_error("zone %s: the record in " PATH_ZONES_ATTACHED " cannot be read, forgetting it", name);
                (void) zone_record_remove(name);
        } else if (!manager_find_zone(m, name) && zone_add(m, &n))
                manager_zone_drop_pending(m, &n, json_object_get(record, "pending"));
}

/* Bridges first: what is in place before a member's port has to be found in place. */
void manager_zones_resync(struct manager *m) {
        for (struct active_zone *z = m->zones; z; z = z->next)
                manager_zone_look(m, z);
}

void manager_zones_settle(struct manager *m) {
        _cleanup_(strings_freep) char **names = NULL;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct active_zone *z, *next;

        for (z = m->zones; z; z = next) {
                next = z->next;
                (void) manager_zone_release(m, z, NULL);
        }
        if (zones_list(&names, &e) < 0) {
                log_warning("%s", error_message(&e));
                return;
        }
        for (size_t i = 0; names[i]; i++) {
                _cleanup_(error_clear) struct error own = ERROR_INIT;
                _cleanup_(plan_clear) struct plan plan = PLAN_INIT;

                if (!manager_find_zone(m, names[i]) && manager_zone_update(m, names[i], NULL, false, &plan, &own) < 0)
                        log_warning("zone %s: %s", names[i], error_message(&own));
        }
}

void manager_zones_free(struct manager *m) {
        while (m->zones)
                zone_drop(m, m->zones);
}
