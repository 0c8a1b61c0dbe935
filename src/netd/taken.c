/* Whether the host ports and addresses of a container are free: refused before anything is done. */
#include "manager.h"

#include "base/parse.h"
#include "netd/sockets.h"
#include "state/store.h"

#include <errno.h>
#include <string.h>

static void forward_text(const struct forward *f, char buf[96]) {
        char address[ADDRESS_TEXT_MAX] = "";

        if (f->bind.family != AF_UNSPEC)
                (void) address_format(&f->bind, address);
        if (f->count > 1)
                (void) snprintf(buf, 96, "%s ports %u to %u%s%s", protocol_name(f->protocol), f->host_port,
                                f->host_port + f->count - 1U, address[0] ? " of " : "", address);
        else
                (void) snprintf(buf, 96, "%s port %u%s%s", protocol_name(f->protocol), f->host_port,
                                address[0] ? " of " : "", address);
}

static int refuse_container(const struct forward *f, const char *other, const char *how, struct error *e) {
        char text[96];

        forward_text(f, text);
        return error_set(e, EADDRINUSE, EXIT_CONTAINER,
                         "%s of the host is taken by container '%s'%s; choose another hostPort", text, other, how);
}

struct check {
        struct manager *manager;
        const struct attachment *own; /* what the container has already is its own */
        struct host_socket socket;
};

static int on_socket(const struct host_socket *s, void *userdata) {
        struct check *c = userdata;
        const struct forward f = {.protocol = s->protocol, .host_port = s->port, .container_port = 1, .count = 1};

        /* Our responders listen on the containers' links only. */
        if (s->ifindex > 0 && manager_find_index(c->manager, s->ifindex))
                return 0;
        /* The port is its own already: then it is the localhost proxy that listens. */
        for (size_t i = 0; c->own && i < c->own->network.n_forwards; i++)
                if (forward_conflicts(&c->own->forwards[i], &f))
                        return 0;
        c->socket = *s;
        return 1;
}

static int refuse_socket(const struct host_socket *s, struct error *e) {
        _cleanup_(freep) char *holder = socket_holder(s->inode);
        char address[ADDRESS_TEXT_MAX];

        return error_set(
                e, EADDRINUSE, EXIT_CONTAINER,
                "%s port %u of the host is taken by %s, which listens on %s; stop it or choose another hostPort",
                protocol_name(s->protocol), s->port, holder ? holder : "another process",
                address_format(&s->address, address));
}

/* range: of the first of the two, each a "container" or a "zone". */
static int refuse_overlap(const char *whose, const char *name, const struct prefix *range, const char *other_whose,
                          const char *other, struct error *e) {
        const struct prefix network = prefix_network(range);
        char text[PREFIX_TEXT_MAX];

        return error_set(e, EADDRINUSE, EXIT_CONTAINER,
                         "the range %s of %s '%s' overlaps one of %s '%s'; give one of them other addresses",
                         prefix_format(&network, text), whose, name, other_whose, other);
}

static const struct prefix *same_address(const struct network *a, const struct network *b) {
        const struct prefix *p, *q;

        for (size_t i = 0; (p = network_container_address(a, i)); i++)
                for (size_t k = 0; (q = network_container_address(b, k)); k++)
                        if (address_equal(&p->address, &q->address))
                                return q;
        return NULL;
}

/* Addresses that a person chose may be chosen twice; those that are allocated are not. */
static const struct prefix *overlap(const struct network *a, const struct network *b) {
        const struct prefix *p, *q;

        for (size_t i = 0; (p = network_host_address(a, i)); i++)
                for (size_t k = 0; (q = network_host_address(b, k)); k++)
                        if (prefix_overlaps(p, q))
                                return q;
        for (size_t i = 0; a->more && i < a->more->n_prefixes; i++)
                for (size_t k = 0; (q = network_host_address(b, k)); k++)
                        if (prefix_overlaps(&a->more->prefixes[i].prefix, q))
                                return q;
        return same_address(a, b);
}

/* A zone's range is shared: a member's own address may be the one that another was given. */
static int check_member(const struct network *n, const struct network *other, struct error *e) {
        const struct prefix *p = string_equal(n->bridge, other->bridge) ? same_address(n, other) : NULL;
        char text[ADDRESS_TEXT_MAX];

        return !p ? 0
                  : error_set(e, EADDRINUSE, EXIT_CONTAINER,
                              "the address %s of container '%s' is that of container '%s' in the same zone; give it "
                              "another one",
                              address_format(&p->address, text), n->name, other->name);
}

/* An address that a person chose may be another container's: then one of them would not be reached. */
static int check_address(struct manager *m, const struct network *n, const struct prefix *p, struct error *e) {
        const struct attachment *other = p->address.family != AF_UNSPEC ? manager_find_address(m, &p->address) : NULL;
        char text[ADDRESS_TEXT_MAX];

        if (!other || other->network.mode != NETWORK_VETH || string_equal(other->network.name, n->name))
                return 0;
        return error_set(
                e, EADDRINUSE, EXIT_CONTAINER,
                "the address %s of container '%s' is that of container '%s', too; give one of them another one",
                address_format(&p->address, text), n->name, other->network.name);
}

/* What is on a bridge is the bridge's business. */
static int check_addresses(struct manager *m, const struct network *n, struct error *e) {
        const struct prefix *p;
        int r = 0;

        for (size_t i = 0; r >= 0 && n->mode == NETWORK_VETH && (p = network_container_address(n, i)); i++)
                r = check_address(m, n, p, e);
        for (size_t i = 0; i < n->n_extra; i++)
                if (!n->extra[i].bridge[0]) {
                        r = r < 0 ? r : check_address(m, n, &n->extra[i].container_v4, e);
                        r = r < 0 ? r : check_address(m, n, &n->extra[i].container_v6, e);
                }
        return r;
}

/* The range of the zone that meets p; NULL: none. */
static const struct prefix *zone_overlap(const struct zone_network *z, const struct prefix *p) {
        const struct prefix *range;

        for (size_t i = 0; (range = zone_host_address(z, i)); i++)
                if (prefix_overlaps(range, p))
                        return range;
        return NULL;
}

/* The same of a container that has a range of its own. Links of nixos-containers have single addresses. */
static const struct prefix *zone_meets(const struct zone_network *z, const struct network *n) {
        const struct prefix *p, *range = NULL;

        if (n->mode != NETWORK_VETH || n->kind != CONTAINER_NSPAWN)
                return NULL;
        for (size_t i = 0; !range && (p = network_host_address(n, i)); i++)
                range = zone_overlap(z, p);
        return range;
}

int manager_check_zone(struct manager *m, const struct zone_network *z, struct error *e) {
        const struct prefix *range, *p;

        for (const struct active_zone *other = m->zones; other; other = other->next)
                for (size_t i = 0;
                     !string_equal(other->network.name, z->name) && (p = zone_host_address(&other->network, i)); i++) {
                        range = zone_overlap(z, p);
                        if (range)
                                return refuse_overlap("zone", z->name, range, "zone", other->network.name, e);
                }
        for (struct attachment *a = NULL; (a = manager_each(m, a));) {
                range = zone_meets(z, &a->network);
                if (range)
                        return refuse_overlap("zone", z->name, range, "container", a->network.name, e);
        }
        return engine_check_zone(m->engine, z, e);
}

int manager_check_ranges(struct manager *m, const struct network *n, struct error *e) {
        for (const struct active_zone *z = m->zones; z; z = z->next) {
                const struct prefix *range = zone_meets(&z->network, n);

                if (range)
                        return refuse_overlap("zone", z->network.name, range, "container", n->name, e);
        }

        /* Of two that overlap, one has settings. */
        for (struct attachment *a = NULL; (n->more || m->n_with_more > 0) && (a = manager_each(m, a));) {
                const struct prefix *p;

                if (string_equal(a->network.name, n->name) || (!n->more && !a->network.more) ||
                    a->network.mode != n->mode)
                        continue;
                if (n->mode == NETWORK_ZONE && check_member(n, &a->network, e) < 0)
                        return -EADDRINUSE;
                if (n->mode != NETWORK_VETH)
                        continue;
                p = overlap(n, &a->network);
                if (!p)
                        p = overlap(&a->network, n);
                if (!p)
                        continue;
                return refuse_overlap("container", n->name, p, "container", a->network.name, e);
        }
        if (check_addresses(m, n, e) < 0)
                return -EADDRINUSE;
        return n->more || n->kind == CONTAINER_NIXOS ? engine_check_network(m->engine, n, e) : 0;
}

int manager_check_ports(struct manager *m, const char *name, const struct forward *forwards, size_t n,
                        struct error *e) {
        struct check c = {.manager = m, .own = manager_find(m, name)};
        int r;

        for (size_t i = 0; i < n; i++) {
                const struct ports_claim *claim = ports_conflict(&m->ports, &forwards[i], c.own);

                if (claim) {
                        const struct attachment *other = claim->owner;

                        return refuse_container(&forwards[i], other->network.name, "", e);
                }
        }
        r = sockets_find(m->sockets, forwards, n, on_socket, &c);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot see which ports of the host are taken");
        return r > 0 ? refuse_socket(&c.socket, e) : 0;
}
