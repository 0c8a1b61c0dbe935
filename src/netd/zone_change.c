/* Zones that change while their members run: bridge, guards and ports of all of them in one transaction, then what the
 * members have inside, one by one; all of it or nothing. */
#include "zone.h"

#include "base/parse.h"
#include "manager.h"
#include "state/store.h"
#include "state/zones.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A member whose network will be another one. */
struct member {
        struct attachment *a;  /* borrowed; what it has now */
        struct attachment *to; /* owned; after the change it has the old */
        struct guest guest;
};

struct change {
        struct manager *m;
        struct active_zone *z;
        struct zone_network from;
        const struct zone_network *to;
        struct member *members;
        size_t n;
};

static void change_clear(struct change *c) {
        for (size_t i = 0; i < c->n; i++) {
                attachment_free(c->members[i].to);
                guest_clear(&c->members[i].guest);
        }
        free(c->members);
}

static int add_member(struct change *c, struct attachment *a, const char *netns, struct error *e) {
        _cleanup_(container_clear) struct container container = CONTAINER_INIT;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        struct member *member = &c->members[c->n];
        int r = manager_load(c->m, a->network.name, &container, &n, e);

        /* In another zone, or none, when it starts the next time. */
        if (r < 0 || n.mode != NETWORK_ZONE || !string_equal(n.bridge, c->z->network.link))
                return r;
        *member = (struct member){.a = a, .to = attachment_new(&n), .guest = GUEST_INIT};
        if (!member->to)
                return error_set(e, ENOMEM, EXIT_FAILED, "no memory");
        if (!a->half && attachment_same(a, member->to)) {
                member->to = attachment_free(member->to);
                return 0;
        }
        c->n++;
        r = netns && a->ifindex > 0 ? manager_find_guest(a, netns, &member->guest, e) : 0;
        if (r >= 0)
                manager_finish_half(c->m, a, &member->guest);
        return r;
}

/* namespaces: paths by name; NULL: nobody's inside is changed. */
static int collect(struct change *c, const json_t *namespaces, struct error *e) {
        int r = 0;

        c->members = calloc(c->z->members + 1, sizeof(*c->members));
        if (!c->members)
                return error_set(e, ENOMEM, EXIT_FAILED, "no memory");
        for (struct attachment *a = NULL; r >= 0 && (a = manager_each(c->m, a));)
                if (a->zone == c->z && c->n < c->z->members)
                        r = add_member(c, a, json_string_value(json_object_get(namespaces, a->network.name)), e);
        return r;
}

/* Links that are not there get it when they come. */
static void keep_possible(const struct change *c, struct plan *p) {
        size_t n = 0;

        for (size_t i = 0; i < p->n; i++) {
                const struct operation *o = &p->operations[i];
                const struct attachment *a = manager_find_link(c->m, o->link);

                if (operation_is_element(o) || (a ? a->ifindex > 0 : c->z->ifindex > 0))
                        p->operations[n++] = *o;
        }
        p->n = n;
}

/* The host's side: there, or back. */
static int plan_host(const struct change *c, bool back, struct plan *ret) {
        _cleanup_(freep) const struct network **old = calloc(c->n + 1, sizeof(*old));
        _cleanup_(freep) const struct network **new = calloc(c->n + 1, sizeof(*new));
        int r;

        if (!old || !new)
                return -ENOMEM;
        for (size_t i = 0; i < c->n; i++) {
                old[i] = &c->members[i].a->network;
                new[i] = &c->members[i].to->network;
        }
        r = back ? plan_zone_change(c->to, &c->from, new, old, c->n, ret)
                 : plan_zone_change(&c->from, c->to, old, new, c->n, ret);
        keep_possible(c, ret);
        return r;
}

static int plan_inside(const struct member *member, bool back, struct plan *ret) {
        const struct network *old = &member->a->network, *new = &member->to->network;

        return plan_guest_change(back ? new : old, back ? old : new, member->guest.link, ret);
}

static int apply_inside(struct change *c, struct member *member, bool back, struct plan *done, struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        int r;

        if (member->guest.netns < 0)
                return 0;
        r = plan_inside(member, back, &plan);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the change of '%s'", member->a->network.name);
        /* First, for what is applied and then fails would not be taken back. */
        for (size_t i = 0; i < plan.n && done; i++)
                if (plan_append(done, &plan.operations[i]) < 0)
                        return error_set(e, ENOMEM, EXIT_FAILED, "no memory");
        return engine_apply(c->m->engine, &plan, 0, member->guest.netns, e);
}

/* What localhost, names and DHCP say of the members: all of them, or as before. */
static int change_services(struct change *c, struct error *e) {
        size_t n = 0;
        int r = 0;

        for (; n < c->n && r >= 0; n++)
                r = manager_change_services(c->m, c->members[n].a, &c->members[n].to->network, e);
        while (r < 0 && n-- > 0)
                (void) manager_change_services(c->m, c->members[n].a, &c->members[n].a->network, NULL);
        return r;
}

/* The way back, of the host's side and the first n members' inside. */
static void change_back(struct change *c, size_t n) {
        _cleanup_(plan_clear) struct plan back = PLAN_INIT;

        while (n-- > 0)
                (void) apply_inside(c, &c->members[n], true, NULL, NULL);
        if (plan_host(c, true, &back) >= 0)
                (void) engine_apply(c->m->engine, &back, 0, -1, NULL);
}

static int apply(struct change *c, struct plan *host, struct error *e) {
        int r = engine_apply(c->m->engine, host, 0, -1, e);
        size_t n = 0;

        if (r < 0)
                return r;
        while (n < c->n && r >= 0)
                r = apply_inside(c, &c->members[n++], false, host, e);
        if (r < 0) {
                change_back(c, n - 1); /* the last one took its own back */
                return r;
        }
        r = change_services(c, e);
        if (r < 0)
                change_back(c, n);
        return r;
}

/* What is begun is on record, for the next daemon to take back should this one be killed. */
static int write_records(const struct change *c, bool begun, struct error *e) {
        int r = zone_record_write(&c->z->network, begun ? c->to : NULL);

        for (size_t i = 0; i < c->n && r >= 0; i++)
                r = record_write(c->members[i].a, begun ? c->members[i].to : NULL);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot write the records of zone '%s'", c->to->name) : 0;
}

static int carry_out(struct change *c, struct plan *host, struct error *e) {
        int r = write_records(c, true, e);

        if (r >= 0)
                r = apply(c, host, e);
        if (r >= 0) {
                c->z->network = *c->to;
                for (size_t i = 0; i < c->n && r >= 0; i++)
                        r = manager_swap(c->m, c->members[i].a, c->members[i].to);
        }
        (void) write_records(c, false, NULL);
        if (r < 0)
                return r;
        manager_forget_flows(c->m, c->to->name, host);
        manager_zone_serve_changed(c->m, c->z);
        return 0;
}

static int change_active(struct manager *m, struct active_zone *z, const struct zone_network *to,
                         const json_t *namespaces, bool dry, struct plan *ret, struct error *e) {
        _cleanup_(change_clear) struct change c = {.m = m, .z = z, .from = z->network, .to = to};
        int r;

        r = manager_check_zone(m, to, e);
        if (r < 0)
                return r;
        r = collect(&c, dry ? NULL : namespaces, e);
        if (r < 0)
                return r;
        r = plan_host(&c, false, ret);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan the change of zone '%s'", to->name);
        if (dry)
                return 0;
        r = carry_out(&c, ret, e);
        return r < 0 ? r : manager_zone_release(m, z, e);
}

/* What is defined for one that has no bridge. */
static int update_absent(struct manager *m, const struct zone_network *n, bool dry, struct plan *ret, struct error *e) {
        struct active_zone *z;
        int r;

        if (!n->persistent)
                return 0;
        r = plan_zone_admit(n, ret);
        if (r >= 0)
                r = plan_zone_link(n, true, ret);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot plan zone '%s'", n->name);
        return dry ? 0 : manager_zone_begin(m, n, &z, e);
}

static bool is_defined(const char *name) {
        json_t *options = NULL;
        bool there = zones_load_options(name, &options, NULL, NULL) != -ENOENT;

        json_decref(options);
        return there;
}

static int update_undefined(struct manager *m, struct active_zone *z, bool dry, struct plan *ret, struct error *e) {
        if (!z || z->members > 0)
                return 0;
        if (dry)
                return plan_zone_dismiss(&z->network, ret);
        z->network.persistent = false;
        return manager_zone_release(m, z, e);
}

int manager_zone_update(struct manager *m, const char *name, const json_t *namespaces, bool dry, struct plan *ret,
                        struct error *e) {
        _cleanup_(error_clear) struct error own = ERROR_INIT;
        struct active_zone *z = manager_find_zone(m, name);
        struct zone_network n;
        int r;

        r = manager_zone_compute(m, name, &n, &own);
        if (r == -ENOENT && !is_defined(name))
                return update_undefined(m, z, dry, ret, e);
        if (r < 0) {
                error_move(e, &own);
                return r;
        }
        return z ? change_active(m, z, &n, namespaces, dry, ret, e) : update_absent(m, &n, dry, ret, e);
}

void manager_zone_drop_pending(struct manager *m, const struct zone_network *n, const json_t *pending) {
        _cleanup_(plan_clear) struct plan back = PLAN_INIT;
        struct zone_network half;

        if (json_is_object(pending) && zone_from_record(pending, &half) >= 0 &&
            plan_zone_change(&half, n, NULL, NULL, 0, &back) >= 0)
                manager_drop_half(m, &back);
}
