/* Consecutive operations on one link are one batch: one sendmsg, an answer each. The link is looked at first, so that
 * what is changed can be put back. */
#include "apply/step.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <string.h>

static int link_answer(const struct nlmsghdr *h, uint32_t index, void *userdata) {
        return netlink_link_read(h, userdata);
}

static int side_socket(struct application *a, enum operation_side side, struct netlink **ret) {
        if (side == SIDE_HOST) {
                *ret = a->engine->route;
                return 0;
        }
        if (a->netns_fd < 0)
                return -EBADF;
        if (!a->guest) {
                int r = netlink_open_from(a->engine->home, NETLINK_ROUTE, a->netns_fd, &a->guest);
                if (r < 0)
                        return r;
        }
        *ret = a->guest;
        return 0;
}

/* The link that the operation names. -ENODEV: there is none. */
static int link_look(struct application *a, struct netlink *n, const struct operation *o, struct link_cache **ret) {
        struct link_cache *c = o->side == SIDE_HOST ? &a->host : &a->container;
        *ret = c;
        if (c->link.ifindex > 0 && strcmp(c->name, o->link) == 0)
                return 0;
        memcpy(c->name, o->link, sizeof(c->name));
        if (o->side == SIDE_HOST && a->ifindex > 0)
                return netlink_link_find_index(n, a->ifindex, &c->link);
        return netlink_link_find(n, c->name, &c->link);
}

/* The pair, or the bridge, and a look at what came out in the same batch: its index is what everything else needs. */
static int create_run(struct application *a, struct netlink *n, struct step *s) {
        struct netlink_batch *b = &a->engine->batch;
        const struct operation *o = &s->operation;
        struct netlink_veth veth = {.name = o->link,
                                    .peer_name = o->create.peer,
                                    .mac = o->create.mac,
                                    .peer_mac = o->create.peer_mac,
                                    .mtu = o->create.mtu,
                                    .peer_netns_fd = a->netns_fd};
        struct link_cache *c = &a->host;
        netlink_batch_reset(b);
        uint32_t failed, create = o->kind == OPERATION_BRIDGE_CREATE ? netlink_bridge_create(b, o->link, &o->create.mac)
                                                                     : netlink_link_create(b, &veth);
        if (o->create.altname[0])
                netlink_link_add_altname(b, o->link, o->create.altname);
        netlink_link_get(b, 0, o->link);
        c->link = (struct netlink_link){0};
        int r = netlink_send(n, b, link_answer, &c->link, &failed);
        if (r < 0 && failed == UINT32_MAX)
                return r;
        memcpy(c->name, o->link, sizeof(c->name));
        if (r == 0) {
                s->state = STEP_DONE;
                return 0;
        }
        step_fail(s, r, &b->results[failed]);
        if (failed != create) {
                /* Half done is not done. */
                netlink_batch_reset(b);
                netlink_link_delete(b, 0, o->link);
                (void) netlink_send(n, b, NULL, NULL, NULL);
        }
        return 0;
}

static void step_message(struct netlink_batch *b, struct step *s, const struct netlink_link *link) {
        const struct operation *o = &s->operation;
        int i = link->ifindex;
        switch (o->kind) {
        case OPERATION_LINK_DELETE:
                netlink_link_delete(b, i, NULL);
                break;
        case OPERATION_LINK_CONFIGURE:
                netlink_link_configure(b, i, link->has_ipv6 ? s->address_generation : -1, o->configure.mtu);
                break;
        case OPERATION_LINK_JOIN:
                netlink_link_set_master(b, i, (int) if_nametoindex(o->bridge));
                break;
        case OPERATION_PORT_CONFIGURE:
                netlink_port_configure(b, i, o->port.isolated);
                break;
        case OPERATION_LINK_UP:
        case OPERATION_LINK_DOWN:
                netlink_link_set_up(b, i, o->kind == OPERATION_LINK_UP);
                break;
        case OPERATION_ADDRESS_ADD:
                netlink_address_add(b, i, &o->address, true);
                break;
        case OPERATION_ADDRESS_REMOVE:
                netlink_address_remove(b, i, &o->address);
                break;
        case OPERATION_ROUTE_ADD:
                netlink_route_add(b, i, &o->route.destination, &o->route.via, &o->route.source);
                break;
        case OPERATION_ROUTE_REMOVE:
                netlink_route_remove(b, i, &o->route.destination, &o->route.via);
                break;
        case OPERATION_NEIGHBOUR_ADD:
                netlink_neighbour_add(b, i, &o->neighbour.address, &o->neighbour.mac, s->neighbour_state, s->again);
                break;
        case OPERATION_NEIGHBOUR_REMOVE:
                netlink_neighbour_remove(b, i, &o->neighbour.address);
                break;
        case OPERATION_LINK_CREATE:
        case OPERATION_BRIDGE_CREATE:
        case OPERATION_ELEMENT_ADD:
        case OPERATION_ELEMENT_REMOVE:
        case _OPERATION_MAX:
                break;
        }
}

static void step_judge(struct step *s, const struct netlink_result *r, const struct netlink_link *link) {
        enum operation_kind kind = s->operation.kind;
        bool up = link->flags & IFF_UP;
        if (r->code == 0) {
                bool was_so = (kind == OPERATION_LINK_UP && up) || (kind == OPERATION_LINK_DOWN && !up);
                s->state = was_so ? STEP_FOUND : STEP_DONE;
                s->address_generation_before = link->address_generation;
                s->mtu_before = link->mtu;
                s->isolated_before = link->isolated;
        } else if (code_is_absent(kind, r->code) ||
                   (r->code == -EEXIST && (kind == OPERATION_ADDRESS_ADD || kind == OPERATION_ROUTE_ADD)))
                s->state = STEP_FOUND;
        else if (r->code == -EEXIST && kind == OPERATION_NEIGHBOUR_ADD && !s->again)
                s->again = true; /* neighbours_replace() */
        else
                step_fail(s, r->code, r);
}

static int neighbour_answer(const struct nlmsghdr *h, uint32_t index, void *userdata) {
        return netlink_neighbour_read(h, userdata);
}

/* An entry is there: learnt, or an earlier one of ours. It is kept in mind and replaced. */
static int neighbour_replace(struct application *a, struct netlink *n, struct step *s,
                             const struct netlink_link *link) {
        struct netlink_batch *b = &a->engine->batch;
        netlink_batch_reset(b);
        netlink_neighbour_get(b, link->ifindex, &s->operation.neighbour.address);
        uint32_t put = b->n;
        step_message(b, s, link);
        uint32_t failed;
        int r = netlink_send(n, b, neighbour_answer, &s->neighbour_before, &failed);
        if (r < 0 && failed == UINT32_MAX)
                return r;
        step_judge(s, &b->results[put], link);
        if (s->state == STEP_DONE && s->neighbour_before.state == NUD_PERMANENT &&
            mac_equal(&s->neighbour_before.mac, &s->operation.neighbour.mac))
                s->state = STEP_FOUND;
        return 0;
}

static int batch_run(struct application *a, struct netlink *n, struct step *steps, size_t n_steps,
                     const struct netlink_link *link) {
        struct netlink_batch *b = &a->engine->batch;
        netlink_batch_reset(b);
        for (size_t i = 0; i < n_steps; i++) {
                steps[i].message = b->n;
                if (steps[i].fault)
                        step_fail(&steps[i], -EIO, NULL);
                else
                        step_message(b, &steps[i], link);
        }
        uint32_t failed;
        int r = netlink_send(n, b, NULL, NULL, &failed);
        if (r < 0 && failed == UINT32_MAX)
                return r;
        for (size_t i = 0; i < n_steps; i++)
                if (!steps[i].fault)
                        step_judge(&steps[i], &b->results[steps[i].message], link);
        for (size_t i = 0; i < n_steps; i++) {
                if (steps[i].state != STEP_WAITING)
                        continue;
                r = neighbour_replace(a, n, &steps[i], link);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The kernel goes on after an operation that it refused: a link is raised only when all that stands before has been
 * done, so raising it begins a batch. */
static bool links_go_together(const struct operation *first, const struct operation *next) {
        return !operation_is_element(next) && !operation_creates(next) && next->kind != OPERATION_LINK_UP &&
               next->side == first->side && strcmp(next->link, first->link) == 0;
}

ssize_t links_run(struct application *a, size_t first) {
        struct step *steps = a->steps + first;
        const struct operation *o = &steps->operation;
        struct netlink *n;
        int r = side_socket(a, o->side, &n);
        if (r < 0)
                return r;
        if (operation_creates(o)) {
                if (steps->fault)
                        step_fail(steps, -EIO, NULL);
                else
                        r = create_run(a, n, steps);
                return r < 0 ? r : (ssize_t) (first + 1);
        }
        size_t count = 1;
        while (first + count < a->n && links_go_together(o, &steps[count].operation))
                count++;
        struct link_cache *c;
        r = link_look(a, n, o, &c);
        if (r == -ENODEV) {
                for (size_t i = 0; i < count; i++) {
                        if (a->forgiving)
                                steps[i].state = STEP_FOUND;
                        else
                                step_fail(&steps[i], r, NULL);
                }
                return (ssize_t) (first + count);
        }
        if (r == 0)
                r = batch_run(a, n, steps, count, &c->link);
        return r < 0 ? r : (ssize_t) (first + count);
}
