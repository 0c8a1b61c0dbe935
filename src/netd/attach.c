/* Containers' networks in, out, and changed. Everything is checked before the first effect, and a failure takes back
 * what was done; all of it may be repeated. */
#include "manager.h"

#include "base/log.h"
#include "base/parse.h"
#include "base/paths.h"
#include "netd/proxy_client.h"
#include "state/publish.h"
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* What the definition on disk says now. */
static int load(struct manager *m, const char *name, struct container *c, struct network *n, struct error *e) {
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
        if (c->kind == CONTAINER_NIXOS ? !container_is_attached(c) : c->mode != NETWORK_VETH)
                return error_set(e, EOPNOTSUPP, EXIT_CONTAINER,
                                 "the network of container '%s' is not a virtual Ethernet "
                                 "pair, there is nothing to attach",
                                 name);
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

        r = plan_admit(n, &plan);
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
        int r;

        take_down(m, a);
        manager_link_gone(m, a);
        manager_withdraw(a);
        r = dismiss(m, a, &own);
        if (a->network.n_forwards > 0 && proxy_clear(a->network.name, r < 0 ? NULL : &own) < 0)
                r = r < 0 ? r : own.code;
        (void) record_remove(a->network.name);
        manager_remove(m, a);
        attachment_free(a);
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

int manager_attach(struct manager *m, const char *name, struct attachment **ret, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(attachment_freep) struct attachment *new = NULL;
        struct attachment *a = manager_find(m, name);
        struct netlink_link link;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        int r;

        r = load(m, name, &c, &n, e);
        if (r >= 0)
                r = check_link(m, &n, &link, e);
        if (r >= 0)
                r = check_extra(m, &n, e);
        if (r < 0)
                return r;
        if (a)
                r = attach_again(m, a, &n, e);
        else {
                a = new = attachment_new(&n);
                r = new ? manager_admit(m, new, -1, e) : error_set(e, ENOMEM, EXIT_FAILED, "no memory");
                if (r >= 0)
                        new = NULL;
        }
        if (r < 0)
                return r;

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

/* Without a link there are only elements to change; without the guest's namespace there is only the host's side. */
static void keep_possible(struct plan *p, bool link, const char *guest_link) {
        size_t n = 0;

        for (size_t i = 0; i < p->n; i++) {
                struct operation *o = &p->operations[i];
                bool element = o->kind == OPERATION_ELEMENT_ADD || o->kind == OPERATION_ELEMENT_REMOVE;

                if (!element && (!link || (o->side == SIDE_CONTAINER && !guest_link)))
                        continue;
                if (o->side == SIDE_CONTAINER)
                        memcpy(o->link, guest_link, strnlen(guest_link, sizeof(o->link) - 1) + 1);
                p->operations[n++] = *o;
        }
        p->n = n;
}

/* From here on `to`'s content is a's; `to` keeps the old. */
static int swap(struct manager *m, struct attachment *a, struct attachment *to) {
        manager_remove(m, a);
        attachment_swap_network(a, to);
        if (manager_insert(m, a) < 0 || manager_set_index(m, a, a->ifindex) < 0) {
                /* Nothing can be told apart any more; the next daemon finds all of it on record. */
                (void) sd_event_exit(m->event, -ENOMEM);
                return -ENOMEM;
        }
        return 0;
}

static int change_services(struct manager *m, struct attachment *a, const struct network *to, struct error *e) {
        int r = 0;

        if (to->n_forwards > 0)
                r = manager_serve_localhost(m, to, e);
        else if (a->network.n_forwards > 0)
                r = proxy_clear(to->name, e);
        if (r >= 0 && a->served)
                r = responders_update_link(m->responders, to, a->ifindex, e);
        if (r >= 0 && a->published) {
                r = names_publish(to, a->ifindex);
                if (r < 0)
                        (void) error_errno(e, r, EXIT_FAILED, "cannot publish the name '%s'", to->name);
        }
        return r;
}

static void change_back(struct manager *m, struct attachment *a, const struct network *to, const struct guest *g) {
        _cleanup_(plan_clear) struct plan back = PLAN_INIT;

        if (plan_change(to, &a->network, &back) >= 0) {
                keep_possible(&back, a->ifindex > 0, g->netns >= 0 ? g->link : NULL);
                (void) engine_apply(m->engine, &back, a->ifindex, g->netns, NULL);
        }
        (void) change_services(m, a, &a->network, NULL);
}

static void forget_flows(struct manager *m, const char *name, const struct plan *p) {
        int r = engine_forget_flows(m->engine, p);

        if (r < 0)
                log_warning("%s: UDP flows of forwards that changed go on to where they went: %s", name, strerror(-r));
}

int manager_change(struct manager *m, struct attachment *a, const struct network *to, const struct guest *g,
                   struct plan *ret, struct error *e) {
        _cleanup_(attachment_freep) struct attachment *changed = attachment_new(to);
        int r;

        if (!changed)
                return error_set(e, ENOMEM, EXIT_FAILED, "no memory");
        if (attachment_same(a, changed))
                return 0;
        r = plan_change(&a->network, to, ret);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the change of '%s'", to->name);
        keep_possible(ret, a->ifindex > 0, g->netns >= 0 ? g->link : NULL);
        r = manager_check_ports(m, to->name, to->forwards, to->n_forwards, e);
        if (r < 0)
                return r;
        r = record_write(a, changed);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot write the record of '%s'", to->name);
        r = engine_apply(m->engine, ret, a->ifindex, g->netns, e);
        if (r >= 0) {
                r = change_services(m, a, to, e);
                if (r < 0)
                        change_back(m, a, to, g);
        }
        if (r >= 0)
                forget_flows(m, to->name, ret);
        if (r >= 0)
                r = swap(m, a, changed);
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
static int find_guest(const struct attachment *a, const char *path, struct guest *ret, struct error *e) {
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

        r = load(m, name, &c, &n, e);
        if (r >= 0 && a && netns && a->ifindex > 0 && !dry && changes_guest(&a->network, &n))
                r = find_guest(a, netns, &guest, e);
        if (r < 0)
                return r;
        if (a && !dry)
                return manager_change(m, a, &n, &guest, ret, e);
        if (a) {
                r = plan_change(&a->network, &n, ret);
                if (r >= 0)
                        keep_possible(ret, a->ifindex > 0, n.guest_link);
        } else if (dry) {
                r = plan_admit(&n, ret);
                if (r >= 0)
                        r = plan_link(&n, ret);
        }
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the network of '%s'", name);
        return 0;
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
