/* A link that appeared is completed in the order that its guest relies on: the responders' sockets, the name, addresses
 * and neighbours, and up at last, for the carrier that the guest sees then says that all the rest is there. */
#include "manager.h"

#include "base/log.h"
#include "base/parse.h"
#include "state/allocations.h"
#include "state/publish.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* What DNS asks: names of containers that have a network now. */
static int names_lookup(void *userdata, const char *name, struct address ret[RESPONDER_ADDRESSES_MAX]) {
        const struct attachment *a = manager_find_any_case(userdata, name);
        const struct prefix *p;
        int n = 0;

        if (!a)
                return -ENOENT;
        if (!a->published)
                return 0;
        while (n < RESPONDER_ADDRESSES_MAX && (p = network_container_address(&a->network, (size_t) n)))
                ret[n++] = p->address;
        return n;
}

static int names_reverse(void *userdata, const struct address *wanted, char ret[CONTAINER_NAME_MAX + 1]) {
        const struct attachment *a = manager_find_address(userdata, wanted);

        if (!a)
                return -ENOENT;
        memcpy(ret, a->network.name, sizeof(a->network.name));
        return 0;
}

/* Opened with the first network: by then the host has its ULA range. */
static int responders_open(struct manager *m, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *allocations = NULL;
        struct prefix owned[2];
        struct responder_options options = {
                .names = {.lookup = names_lookup, .reverse = names_reverse, .userdata = m},
                .domain = m->suffix,
                .owned = owned,
        };

        if (m->responders)
                return 0;
        if (prefix_parse(ALLOCATION_POOL, false, &owned[options.n_owned]) == 0)
                options.n_owned++;
        if (allocations_load(&allocations, NULL) == 0 && allocations_ula(allocations, &owned[options.n_owned]) == 0)
                options.n_owned++;
        memcpy(options.machine_id, m->machine_id, sizeof(options.machine_id));
        return responders_new(m->event, &options, &m->responders, e);
}

int manager_expect_link(struct manager *m, struct error *e) {
        return responders_open(m, e);
}

static int serve(struct manager *m, struct attachment *a, struct error *e) {
        int r;

        if (a->served || a->zone || !a->network.responders)
                return 0;
        r = responders_open(m, e);
        if (r < 0)
                return r;
        r = responders_add_link(m->responders, &a->network, a->ifindex, e);
        if (r < 0 && r != -EEXIST)
                return r;
        a->served = true;
        return 0;
}

int manager_scope(const struct attachment *a) {
        return a->zone ? a->zone->ifindex : a->ifindex;
}

int manager_publish(struct attachment *a, struct error *e) {
        int r;

        if (a->published)
                return 0;
        r = names_publish(&a->network, manager_scope(a));
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot publish the name '%s'", a->network.name);
        a->published = true;
        return 0;
}

void manager_withdraw(struct attachment *a) {
        /* Also what a daemon before this one published. */
        (void) names_withdraw(a->network.name);
        a->published = false;
}

static uint64_t clock_usec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

/* The sockets may be bound before their addresses are there; so all that the kernel does to the link is one plan, whose
 * last operation raises it. */
static int complete(struct manager *m, struct attachment *a, struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        uint64_t start = clock_usec(), served, published;
        int r;

        r = plan_link(&a->network, &plan);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the link %s", a->network.link);
        r = serve(m, a, e);
        if (r < 0)
                return r;
        served = clock_usec();
        r = manager_publish(a, e);
        if (r < 0)
                return r;
        published = clock_usec();
        r = engine_apply(m->engine, &plan, a->ifindex, -1, e);
        if (r >= 0)
                log_debug("%s: %s (link %d) is complete: %" PRIu64 " us for sockets, %" PRIu64 " for the name, %" PRIu64
                          " for the link",
                          a->network.name, a->network.link, a->ifindex, served - start, published - served,
                          clock_usec() - published);
        return r;
}

static void set_problem(struct attachment *a, const struct error *problem) {
        free(a->problem);
        a->problem = problem ? strdup(error_message(problem)) : NULL;
}

static int take_index(struct manager *m, struct attachment *a, int ifindex, struct error *e) {
        if (a->ifindex == ifindex)
                return 0;
        manager_link_gone(m, a);
        if (manager_set_index(m, a, ifindex) < 0)
                return error_set(e, ENOMEM, EXIT_FAILED, "no memory");
        /* What is published has a link-local address when there is no better one, and that one has a scope. */
        if (a->network.container_v6.address.family == AF_UNSPEC)
                a->published = false;
        return 0;
}

int manager_made(struct manager *m, struct attachment *a, int ifindex, struct error *e) {
        int r;

        r = take_index(m, a, ifindex, e);
        if (r >= 0)
                r = serve(m, a, e);
        if (r >= 0)
                r = manager_publish(a, e);
        if (r >= 0)
                a->state = ATTACHMENT_LINKED;
        return r;
}

int manager_complete(struct manager *m, struct attachment *a, int ifindex, struct error *e) {
        _cleanup_(error_clear) struct error own = ERROR_INIT;
        int r;

        r = take_index(m, a, ifindex, e);
        if (r < 0)
                return r;
        r = complete(m, a, &own);
        if (r >= 0) {
                a->state = ATTACHMENT_LINKED;
                manager_proxy_neighbours(m, a, true);
                set_problem(a, NULL);
                return 0;
        }
        a->state = ATTACHMENT_BROKEN;
        set_problem(a, &own);
        error_move(e, &own);
        return r;
}

void manager_complete_extra(struct manager *m, struct attachment *a, size_t i, int ifindex) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        int r = plan_extra(&a->network, i, &plan);

        a->extra_index[i] = ifindex;
        if (r >= 0)
                r = engine_apply(m->engine, &plan, ifindex, -1, &e);
        else
                (void) error_errno(&e, r, EXIT_FAILED, "cannot plan the link %s", a->network.extra[i].link);
        if (r < 0 && e.code != -ENODEV)
                manager_incomplete(m, a, &e);
}

void manager_link_gone(struct manager *m, struct attachment *a) {
        if (a->ifindex == 0)
                return;
        manager_proxy_neighbours(m, a, false);
        if (a->served)
                (void) responders_remove_link(m->responders, a->ifindex);
        if (a->published)
                manager_withdraw(a);
        a->half = attachment_free(a->half);
        a->served = a->carrier = false;
        a->state = ATTACHMENT_EXPECTED;
        set_problem(a, NULL);
        (void) manager_set_index(m, a, 0);
}

/* The kernel makes them with an address, and not again when the address is there. */
int manager_restore_route(struct manager *m, const char *link, int ifindex, const struct prefix *address,
                          struct error *e) {
        _cleanup_(error_clear) struct error own = ERROR_INIT;
        struct operation o = {
                .kind = OPERATION_ROUTE_ADD, .side = SIDE_HOST, .route = {.destination = prefix_network(address)}};
        struct plan plan = {.operations = &o, .n = 1};
        int r;

        if (address->length == address_bits(&address->address))
                return 0;
        memcpy(o.link, link, strnlen(link, sizeof(o.link) - 1) + 1);
        if (address->address.family == AF_INET)
                o.route.source = address->address;
        r = engine_apply(m->engine, &plan, ifindex, -1, &own);
        if (r < 0 && r != -EEXIST) {
                error_move(e, &own);
                return r;
        }
        return 0;
}

static int restore_routes(struct manager *m, struct attachment *a, struct error *e) {
        const struct prefix *p;
        int r = 0;

        if (!a->route_lost)
                return 0;
        a->route_lost = false;
        for (size_t i = 0; r >= 0 && (p = network_host_address(&a->network, i)); i++)
                r = manager_restore_route(m, a->network.link, a->ifindex, p, e);
        return r;
}

static void look_at_extra(struct manager *m, struct attachment *a) {
        struct netlink_link link;

        for (size_t i = 0; i < a->network.n_extra; i++)
                if (netlink_link_find(m->route, a->network.extra[i].link, &link) >= 0)
                        manager_complete_extra(m, a, i, link.ifindex);
}

void manager_look(struct manager *m, struct attachment *a) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct netlink_link link;
        int r;

        look_at_extra(m, a);
        if (!a->network.link[0]) {
                manager_expect_gone(m);
                return;
        }
        r = netlink_link_find(m->route, a->network.link, &link);
        if (r == -ENODEV) {
                manager_link_gone(m, a);
                manager_expect_gone(m);
                return;
        }
        if (r < 0) {
                log_warning("%s: cannot look at %s: %s", a->network.name, a->network.link, strerror(-r));
                return;
        }
        manager_tell_damage(a);
        r = manager_complete(m, a, link.ifindex, &e);
        if (r >= 0)
                r = restore_routes(m, a, &e);
        if (r == -ENODEV) /* it went away meanwhile, and its event is on the way */
                return;
        if (r < 0)
                manager_incomplete(m, a, &e);
}
