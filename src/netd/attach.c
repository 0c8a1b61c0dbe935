/* Containers' networks in, out, and changed. Everything is checked before the first effect, and a failure takes back
 * what was done; all of it may be repeated. */
#include "manager.h"

#include "base/parse.h"
#include "base/paths.h"
#include "netd/proxy_client.h"
#include "state/publish.h"
#include "state/store.h"

#include <errno.h>
#include <string.h>

/* What the definition on disk says now. */
int manager_load(struct manager *m, const char *name, struct container *c, struct network *n, struct error *e) {
        const char *problem = container_name_problem(name);
        int r;

        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "'%s' is no name for a container: %s", name, problem);
        r = allocations_refresh(&m->allocations, e);
        if (r < 0)
                return r;
        r = store_compute_network(name, m->allocations, m->machine_id, c, n, e);
        if (r < 0)
                return r;
        if (!container_is_attached(c))
                return error_set(e, EOPNOTSUPP, EXIT_CONTAINER,
                                 "container '%s' has no virtual Ethernet link, there is nothing to attach", name);
        manager_route(m, n);
        return 0;
}

/* Those beside the main one have names that a person chose. */
static int check_extra(struct manager *m, const struct network *n, struct error *e) {
        for (size_t i = 0; i < n->n_extra; i++) {
                const char *name = n->extra[i].link;
                struct netlink_link link;
                size_t k;
                const struct attachment *other = manager_find_extra(m, name, &k) ?: manager_find_link(m, name);
                int r;

                if (other && !string_equal(other->network.name, n->name))
                        return error_set(e, EEXIST, EXIT_CONTAINER,
                                         "the link %s of container '%s' would have the same name as one of container "
                                         "'%s'; rename one of them",
                                         name, n->name, other->network.name);
                r = netlink_link_find(m->route, name, &link);
                if (r == 0 && (!string_equal(link.kind, "veth") || !mac_equal(&link.mac, &n->extra[i].host_mac)))
                        return error_set(
                                e, EEXIST, EXIT_CONTAINER,
                                "there is a link %s that does not belong to container '%s'; rename one of them", name,
                                n->name);
                if (r < 0 && r != -ENODEV)
                        return error_errno(e, r, EXIT_FAILED, "cannot look for the link %s", name);
        }
        return 0;
}

/* A link of that name can only be the container's: left from before this daemon, or made already. */
static int check_link(struct manager *m, const struct network *n, struct netlink_link *link, struct error *e) {
        const struct attachment *other = manager_find_link(m, n->link);
        char theirs[MAC_TEXT_MAX];
        int r;

        *link = (struct netlink_link){0};
        if (!n->link[0])
                return 0;
        if (other && !string_equal(other->network.name, n->name))
                return error_set(
                        e, EEXIST, EXIT_CONTAINER,
                        "the link %s of container '%s' would have the same name as that of container '%s'; rename "
                        "one of the containers",
                        n->link, n->name, other->network.name);
        r = netlink_link_find(m->route, n->link, link);
        if (r == -ENODEV)
                return 0;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot look for the link %s", n->link);
        if (!string_equal(link->kind, "veth") || !mac_equal(&link->mac, &n->host_mac))
                return error_set(e, EEXIST, EXIT_CONTAINER,
                                 "there is a link %s (%s, %s) that does not belong to container '%s'; remove it: "
                                 "ip link delete %s",
                                 n->link, link->kind[0] ? link->kind : "no virtual one", mac_format(&link->mac, theirs),
                                 n->name, n->link);
        return 0;
}

static int apply_elements(struct manager *m, const struct network *n, struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        int r;

        r = plan_expect(n, &plan);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the network of '%s'", n->name);
        return engine_apply(m->engine, &plan, 0, -1, e);
}

/* All at once when the namespace is given: the engine takes back its own part when it fails. */
static int apply_admission(struct manager *m, const struct attachment *a, int netns_fd, struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        int r;

        if (netns_fd < 0)
                return apply_elements(m, &a->network, e);
        r = plan_attach(&a->network, a->guest_link, &plan);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the network of '%s'", a->network.name);
        return engine_apply(m->engine, &plan, 0, netns_fd, e);
}

static int dismiss(struct manager *m, const struct attachment *a, struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        const struct network *n = &a->network;
        int r;

        r = a->namespace_path ? plan_detach(n, &plan) : plan_dismiss(n, &plan);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the end of the network of '%s'", n->name);
        return engine_dismiss(m->engine, &plan, e);
}

int manager_admit(struct manager *m, struct attachment *a, int netns_fd, struct error *e) {
        _cleanup_(varlink_exchange_clear) struct varlink_exchange proxy = VARLINK_EXCHANGE_INIT;
        const struct network *n = &a->network;
        int r;

        r = manager_check_ports(m, n->name, n->forwards, n->n_forwards, e);
        if (r >= 0)
                r = manager_check_ranges(m, n, e);
        if (r >= 0)
                r = manager_forward(m, true, e);
        if (r < 0)
                return r;
        /* The record comes first: whoever finds it can take back whatever of the rest was done. */
        r = record_write(a, NULL);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot write the record of '%s'", n->name);
        /* nspawn-proxy opens its listeners while the kernel is given the rest. */
        if (n->n_forwards > 0)
                proxy_set_begin(n->name, n, &proxy);
        r = apply_admission(m, a, netns_fd, e);
        if (r < 0) {
                if (proxy.fd >= 0) {
                        (void) proxy_set_end(&proxy, n->name, n, NULL);
                        (void) proxy_clear(n->name, NULL);
                }
                (void) record_remove(n->name);
                return r;
        }
        if (n->n_forwards > 0)
                r = manager_serve_localhost_end(m, n, &proxy, e);
        if (r >= 0)
                r = manager_expect_link(m, e);
        if (r >= 0)
                r = manager_publish(a, e);
        if (r >= 0) {
                r = manager_insert(m, a);
                if (r < 0)
                        (void) error_set(e, r, EXIT_FAILED, "no memory");
        }
        if (r < 0) {
                manager_withdraw(a);
                if (n->n_forwards > 0)
                        (void) proxy_clear(n->name, NULL);
                (void) dismiss(m, a, NULL);
                (void) record_remove(n->name);
        }
        return r;
}

/* A link that is still there must not stay up without its guards. */
static void take_down(struct manager *m, const struct attachment *a) {
        struct operation o = {.kind = OPERATION_LINK_DOWN, .side = SIDE_HOST};
        struct plan plan = {.operations = &o, .n = 1};

        memcpy(o.link, a->network.link, sizeof(o.link));
        if (a->ifindex > 0 && !a->namespace_path)
                (void) engine_dismiss(m->engine, &plan, NULL);
        for (size_t i = 0; i < a->network.n_extra; i++) {
                memcpy(o.link, a->network.extra[i].link, sizeof(o.link));
                if (a->extra_index[i] > 0)
                        (void) engine_dismiss(m->engine, &plan, NULL);
        }
}

int manager_dismiss(struct manager *m, struct attachment *a, struct error *e) {
        _cleanup_(error_clear) struct error own = ERROR_INIT;
        struct active_zone *zone;
        int r;

        take_down(m, a);
        manager_zone_leave(m, a);
        manager_withdraw(a);
        manager_link_gone(m, a);
        r = dismiss(m, a, &own);
        if (a->network.n_forwards > 0 && proxy_clear(a->network.name, r < 0 ? NULL : &own) < 0)
                r = r < 0 ? r : own.code;
        (void) record_remove(a->network.name);
        manager_remove(m, a);
        zone = a->zone;
        attachment_free(a);
        if (zone && manager_zone_release(m, zone, r < 0 ? NULL : &own) < 0)
                r = r < 0 ? r : own.code;
        error_move(e, &own);
        return r;
}

static int attach_again(struct manager *m, struct attachment *a, const struct network *n, struct error *e) {
        _cleanup_(plan_clear) struct plan done = PLAN_INIT;
        int r;

        r = manager_change(m, a, n, &GUEST_INIT, &done, e);
        if (r >= 0)
                r = apply_elements(m, n, e);
        if (r >= 0 && n->n_forwards > 0)
                r = manager_serve_localhost(m, n, e);
        return r;
}

static int attach_new(struct manager *m, const struct network *n, struct active_zone *zone, struct attachment **ret,
                      struct error *e) {
        _cleanup_(attachment_freep) struct attachment *a = attachment_new(n);
        int r;

        if (!a)
                return error_set(e, ENOMEM, EXIT_FAILED, "no memory");
        a->zone = zone;
        r = manager_admit(m, a, -1, e);
        if (r < 0)
                return r;
        manager_zone_join(m, a);
        *ret = steal_ptr(a);
        return 0;
}

int manager_attach(struct manager *m, const char *name, struct attachment **ret, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        struct attachment *a = manager_find(m, name);
        struct active_zone *zone = NULL;
        struct netlink_link link;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        int r;

        r = manager_load(m, name, &c, &n, e);
        if (r >= 0)
                r = check_link(m, &n, &link, e);
        if (r >= 0)
                r = check_extra(m, &n, e);
        if (r < 0)
                return r;
        if (n.mode == NETWORK_ZONE)
                r = manager_zone_hold(m, c.attached_to, &zone, e);
        if (r < 0)
                return r;
        /* In another zone than when it was attached last. */
        if (a && a->zone != zone) {
                (void) manager_dismiss(m, a, NULL);
                a = NULL;
        }
        if (a)
                r = attach_again(m, a, &n, e);
        else
                r = attach_new(m, &n, zone, &a, e);
        if (r < 0) {
                if (zone)
                        (void) manager_zone_release(m, zone, NULL);
                return r;
        }

        if (link.ifindex > 0 && a->ifindex != link.ifindex)
                manager_look(m, a);
        else if (a->ifindex == 0)
                manager_expect_gone(m);
        *ret = a;
        return 0;
}

int manager_detach(struct manager *m, const char *name, struct error *e) {
        struct attachment *a = manager_find(m, name);

        return a && !a->namespace_path ? manager_dismiss(m, a, e) : 0;
}

int manager_check(struct manager *m, const char *name, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        int r;

        r = store_load(name, &c, e);
        if (r < 0)
                return r;
        r = manager_check_ports(m, name, c.forwards, c.n_forwards, e);
        if (r >= 0)
                r = store_forward_conflict(name, c.forwards, c.n_forwards, NULL, e);
        return r > 0 ? -EADDRINUSE : r;
}
