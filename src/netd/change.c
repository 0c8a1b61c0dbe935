/* Networks that change while their containers run: all of it or nothing, and what stays is not touched. */
#include "manager.h"

#include "base/log.h"
#include "base/parse.h"
#include "netd/proxy_client.h"
#include "state/publish.h"
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Without a link there are only elements to change; without the guest's namespace there is only the host's side. */
static void keep_possible(struct plan *p, const struct attachment *a, const char *guest_link) {
        size_t n = 0;

        for (size_t i = 0; i < p->n; i++) {
                struct operation *o = &p->operations[i];
                bool on_bridge = a->zone && o->side == SIDE_HOST && strcmp(o->link, a->network.bridge) == 0;
                bool link = a->ifindex > 0 || on_bridge;

                if (!operation_is_element(o) && (!link || (o->side == SIDE_CONTAINER && !guest_link)))
                        continue;
                if (o->side == SIDE_CONTAINER)
                        memcpy(o->link, guest_link, strnlen(guest_link, sizeof(o->link) - 1) + 1);
                p->operations[n++] = *o;
        }
        p->n = n;
}

/* A member's plan is of two links, its port and the bridge. */
static int known_index(const struct attachment *a) {
        return a->zone ? 0 : a->ifindex;
}

int manager_swap(struct manager *m, struct attachment *a, struct attachment *to) {
        if (a->ifindex > 0)
                manager_proxy_neighbours(m, a, false);
        manager_remove(m, a);
        attachment_swap_network(a, to);
        if (manager_insert(m, a) < 0 || manager_set_index(m, a, a->ifindex) < 0) {
                /* Nothing can be told apart any more; the next daemon finds all of it on record. */
                (void) sd_event_exit(m->event, -ENOMEM);
                return -ENOMEM;
        }
        if (a->ifindex > 0)
                manager_proxy_neighbours(m, a, true);
        return 0;
}

int manager_change_services(struct manager *m, struct attachment *a, const struct network *to, struct error *e) {
        int r = 0;

        if (to->n_forwards > 0)
                r = manager_serve_localhost(m, to, e);
        else if (a->network.n_forwards > 0)
                r = proxy_clear(to->name, e);
        if (r >= 0 && a->served)
                r = responders_update_link(m->responders, to, a->ifindex, e);
        if (r >= 0 && a->zone && a->zone->served)
                (void) responders_put_member(m->responders, a->zone->ifindex, to);
        if (r >= 0 && a->published) {
                r = names_publish(to, manager_scope(a));
                if (r < 0)
                        (void) error_errno(e, r, EXIT_FAILED, "cannot publish the name '%s'", to->name);
        }
        return r;
}

static void change_back(struct manager *m, struct attachment *a, const struct network *to, const struct guest *g) {
        _cleanup_(plan_clear) struct plan back = PLAN_INIT;

        if (plan_change(to, &a->network, &back) >= 0) {
                keep_possible(&back, a, g->netns >= 0 ? g->link : NULL);
                (void) engine_apply(m->engine, &back, known_index(a), g->netns, NULL);
        }
        (void) manager_change_services(m, a, &a->network, NULL);
}

void manager_forget_flows(struct manager *m, const char *name, const struct plan *p) {
        int r = engine_forget_flows(m->engine, p);

        if (r < 0)
                log_warning("%s: UDP flows of forwards that changed go on to where they went: %s", name, strerror(-r));
}

void manager_finish_half(struct manager *m, struct attachment *a, const struct guest *g) {
        _cleanup_(plan_clear) struct plan back = PLAN_INIT;

        if (!a->half || g->netns < 0 || plan_change(&a->half->network, &a->network, &back) < 0)
                return;
        keep_possible(&back, a, g->link);
        for (size_t i = 0; i < back.n; i++) {
                struct plan one = {.operations = &back.operations[i], .n = 1};

                if (back.operations[i].side == SIDE_CONTAINER)
                        (void) engine_apply(m->engine, &one, 0, g->netns, NULL);
        }
        a->half = attachment_free(a->half);
}

static int check_link(const struct network *from, const struct network *to, struct error *e) {
        if (network_same_link(from, to))
                return 0;
        return error_set(e, EOPNOTSUPP, EXIT_CONTAINER,
                         "the link of container '%s' would become another one: that needs a restart", to->name);
}

int manager_change(struct manager *m, struct attachment *a, const struct network *to, const struct guest *g,
                   struct plan *ret, struct error *e) {
        _cleanup_(attachment_freep) struct attachment *changed = attachment_new(to);
        int r;

        if (!changed)
                return error_set(e, ENOMEM, EXIT_FAILED, "no memory");
        manager_finish_half(m, a, g);
        if (attachment_same(a, changed))
                return 0;
        r = a->ifindex > 0 ? check_link(&a->network, to, e) : 0;
        if (r < 0)
                return r;
        r = plan_change(&a->network, to, ret);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the change of '%s'", to->name);
        keep_possible(ret, a, g->netns >= 0 ? g->link : NULL);
        r = manager_check_ports(m, to->name, to->forwards, to->n_forwards, e);
        if (r >= 0)
                r = manager_check_ranges(m, to, e);
        if (r < 0)
                return r;
        r = record_write(a, changed);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot write the record of '%s'", to->name);
        r = engine_apply(m->engine, ret, known_index(a), g->netns, e);
        if (r >= 0) {
                r = manager_change_services(m, a, to, e);
                if (r < 0)
                        change_back(m, a, to, g);
        }
        if (r >= 0)
                manager_forget_flows(m, to->name, ret);
        if (r >= 0)
                r = manager_swap(m, a, changed);
        (void) record_write(a, NULL);
        return r;
}

static bool changes_guest(const struct network *from, const struct network *to) {
        _cleanup_(plan_clear) struct plan p = PLAN_INIT;

        if (plan_change(from, to, &p) < 0)
                return true;
        for (size_t i = 0; i < p.n; i++)
                if (p.operations[i].side == SIDE_CONTAINER)
                        return true;
        return false;
}

/* The other end of the container's link: by that it is known that the namespace is still the container's. */
int manager_find_guest(const struct attachment *a, const char *path, struct guest *ret, struct error *e) {
        _cleanup_(netlink_closep) struct netlink *inside = NULL;
        _cleanup_(freep) struct netlink_link *links = NULL;
        size_t n = 0;
        int r;

        ret->netns = open(path, O_RDONLY | O_CLOEXEC);
        if (ret->netns < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot open the network namespace %s of container '%s'",
                                   path, a->network.name);
        r = netlink_open(NETLINK_ROUTE, ret->netns, &inside);
        if (r >= 0)
                r = netlink_links(inside, &links, &n);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot list the links of container '%s'", a->network.name);
        for (size_t i = 0; i < n; i++)
                if (string_equal(links[i].kind, "veth") && links[i].peer == a->ifindex &&
                    mac_equal(&links[i].mac, &a->network.container_mac)) {
                        (void) snprintf(ret->link, sizeof(ret->link), "%s", links[i].name);
                        return 0;
                }
        return error_set(e, ENODEV, EXIT_CONTAINER,
                         "container '%s' has changed the name, hardware address or namespace of its link: its network "
                         "cannot be changed while it runs; restart it",
                         a->network.name);
}

int manager_update(struct manager *m, const char *name, const char *netns, bool dry, struct plan *ret,
                   struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(guest_clear) struct guest guest = GUEST_INIT;
        struct attachment *a = manager_find(m, name);
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        int r;

        r = manager_load(m, name, &c, &n, e);
        if (r >= 0 && a && netns && a->ifindex > 0 && !dry && (a->half || changes_guest(&a->network, &n)))
                r = manager_find_guest(a, netns, &guest, e);
        if (r < 0)
                return r;
        if (a && !dry)
                return manager_change(m, a, &n, &guest, ret, e);
        if (a) {
                r = plan_change(&a->network, &n, ret);
                if (r >= 0)
                        keep_possible(ret, a, n.guest_link);
        } else if (dry) {
                r = plan_admit(&n, ret);
                if (r >= 0)
                        r = plan_link(&n, ret);
        }
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the network of '%s'", name);
        return 0;
}
