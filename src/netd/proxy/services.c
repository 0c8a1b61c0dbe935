/* Which container has which listeners. A new set is compared with the old one; what is new is opened first, so that a
 * port that cannot be had leaves everything as it was. */
#include "proxy.h"

#include <errno.h>
#include <string.h>

struct service *service_find(struct proxy *p, const char *name) {
        for (struct link *l = p->services.next; l != &p->services; l = l->next) {
                struct service *s = CONTAINER_OF(l, struct service, link);

                if (strcmp(s->name, name) == 0)
                        return s;
        }
        return NULL;
}

static int listener_compare(const struct listener *a, const struct listener *b) {
        if (a->protocol != b->protocol)
                return a->protocol < b->protocol ? -1 : 1;
        if (a->port != b->port)
                return a->port < b->port ? -1 : 1;
        return address_compare(&a->address, &b->address);
}

static int listener_pointer_compare(const void *a, const void *b) {
        return listener_compare(*(struct listener *const *) a, *(struct listener *const *) b);
}

static struct listener *listener_search(const struct service *s, const struct listener *key) {
        struct listener **found;

        if (s->n_listeners == 0)
                return NULL;
        found = bsearch(&key, s->listeners, s->n_listeners, sizeof *s->listeners, listener_pointer_compare);
        return found ? *found : NULL;
}

/* Where a forward is reachable on the host itself; false: nowhere, it is bound to another address. */
static bool loopback_address(const struct forward *f, struct address *ret) {
        static const struct address v4 = {.family = AF_INET, .bytes = {127, 0, 0, 1}};
        static const struct address v6 = {.family = AF_INET6, .bytes = {[15] = 1}};
        static const uint8_t zero[16];

        if (f->bind.family == AF_UNSPEC)
                *ret = LOOPBACK_BOTH;
        else if (memcmp(f->bind.bytes, zero, address_size(&f->bind)) == 0)
                *ret = f->bind.family == AF_INET ? v4 : v6;
        else if (address_is_loopback(&f->bind))
                *ret = f->bind;
        else
                return false;
        return true;
}

/* A list of listeners that are not open yet. */
struct wanted {
        struct listener **list;
        size_t n;
};

static void wanted_clear(struct wanted *w) {
        for (size_t i = 0; i < w->n; i++)
                free(w->list[i]);
        free(w->list);
        *w = (struct wanted){0};
}

static int wanted_add(struct wanted *w, const struct listener *l) {
        struct listener *copy = malloc(sizeof *copy);

        if (!copy)
                return -ENOMEM;
        *copy = *l;
        link_init(&copy->connections);
        link_init(&copy->flows);
        copy->dead.object = copy;
        w->list[w->n++] = copy;
        return 0;
}

static size_t count_wanted(const struct forward *forwards, size_t n) {
        struct address loopback;
        size_t total = 0;

        for (size_t i = 0; i < n; i++)
                total += loopback_address(&forwards[i], &loopback) ? forwards[i].count : 0;
        return total;
}

static int make_wanted(struct service *s, const struct address addresses[2], const struct forward *forwards, size_t n,
                       struct wanted *w) {
        w->list = calloc(count_wanted(forwards, n) + 1, sizeof *w->list);
        if (!w->list)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                struct address loopback;

                if (!loopback_address(&forwards[i], &loopback))
                        continue;
                for (unsigned k = 0; k < forwards[i].count; k++) {
                        struct listener l = {
                                .watch.fd = -1,
                                .service = s,
                                .protocol = forwards[i].protocol,
                                .address = loopback,
                                .port = (uint16_t) (forwards[i].host_port + k),
                                .target = {.addresses = {addresses[0], addresses[1]},
                                           .port = (uint16_t) (forwards[i].container_port + k)},
                        };
                        int r = wanted_add(w, &l);

                        if (r < 0)
                                return r;
                }
        }
        qsort(w->list, w->n, sizeof *w->list, listener_pointer_compare);
        return 0;
}

static int check_room(const struct proxy *p, const struct service *s, size_t n, struct error *e) {
        if (p->n_listeners - s->n_listeners + n > LISTENERS_MAX)
                return error_set(e, ENOSPC, EXIT_CONTAINER,
                                 "container '%s' forwards more ports than localhost can listen on (%u in all); make "
                                 "the range smaller, or give it a bindAddress that is not a loopback address",
                                 s->name, LISTENERS_MAX);
        return 0;
}

static int check_doubles(const struct service *s, const struct wanted *w, struct error *e) {
        for (size_t i = 1; i < w->n; i++)
                if (listener_compare(w->list[i - 1], w->list[i]) == 0)
                        return error_set(e, EADDRINUSE, EXIT_CONTAINER, "container '%s' forwards host port %u/%s twice",
                                         s->name, w->list[i]->port, protocol_name(w->list[i]->protocol));
        return 0;
}

/* The other container that is in the listener's way, or NULL. */
static const struct service *find_rival(const struct proxy *p, const struct listener *l) {
        const bool both = address_equal(&l->address, &LOOPBACK_BOTH);
        const struct forward f = {.protocol = l->protocol,
                                  .host_port = l->port,
                                  .container_port = 1,
                                  .count = 1,
                                  .bind = both ? ADDRESS_NONE : l->address};

        for (const struct link *k = p->services.next; k != &p->services; k = k->next) {
                const struct service *s = CONTAINER_OF(k, struct service, link);

                for (size_t i = 0; s != l->service && i < s->n_forwards; i++)
                        if (forward_conflicts(&s->forwards[i], &f))
                                return s;
        }
        return NULL;
}

static int open_one(struct proxy *p, struct listener *l, struct error *e) {
        const struct service *rival;
        int r = listener_open(p, l, e);

        if (r != -EADDRINUSE)
                return r;
        rival = find_rival(p, l);
        return rival ? error_set(e, r, EXIT_CONTAINER,
                                 "%s port %u of the host is taken by container '%s'; choose another hostPort for "
                                 "container '%s'",
                                 protocol_name(l->protocol), l->port, rival->name, l->service->name)
                     : r;
}

/* Opens what the service does not have yet. */
static int open_new(struct proxy *p, struct service *s, const struct wanted *w, struct error *e) {
        for (size_t i = 0; i < w->n; i++) {
                int r = listener_search(s, w->list[i]) ? 0 : open_one(p, w->list[i], e);

                if (r < 0) {
                        while (i-- > 0)
                                if (w->list[i]->watch.fd >= 0) {
                                        (void) watch_set(p, &w->list[i]->watch, 0);
                                        w->list[i]->watch.fd = fd_close(w->list[i]->watch.fd);
                                }
                        return r;
                }
        }
        return 0;
}

static bool target_equal(const struct target *a, const struct target *b) {
        return a->port == b->port && address_equal(&a->addresses[0], &b->addresses[0]) &&
               address_equal(&a->addresses[1], &b->addresses[1]);
}

/* From here on nothing fails: keeps what is in both, lets the rest of the old go. w is empty afterwards. */
static void adopt(struct proxy *p, struct service *s, struct wanted *w) {
        struct listener **old = s->listeners;
        size_t n_old = s->n_listeners, k = 0;

        for (size_t i = 0; i < w->n; i++) {
                struct listener *fresh = w->list[i];

                while (k < n_old && listener_compare(old[k], fresh) < 0)
                        listener_free(p, old[k++]);
                if (k == n_old || listener_compare(old[k], fresh) != 0)
                        continue;
                if (!target_equal(&old[k]->target, &fresh->target)) {
                        listener_drop(old[k]);
                        old[k]->target = fresh->target;
                }
                w->list[i] = old[k++];
                free(fresh);
        }
        while (k < n_old)
                listener_free(p, old[k++]);
        free(old);
        p->n_listeners = p->n_listeners - n_old + w->n;
        s->listeners = w->list;
        s->n_listeners = w->n;
        *w = (struct wanted){0};
}

static void service_free(struct proxy *p, struct service *s) {
        struct wanted none = {0};

        adopt(p, s, &none);
        link_remove(&s->link);
        free(s->listeners);
        free(s->forwards);
        free(s);
}

static struct service *service_new(struct proxy *p, const char *name) {
        struct service *s = calloc(1, sizeof *s);

        if (!s)
                return NULL;
        s->proxy = p;
        (void) snprintf(s->name, sizeof s->name, "%s", name);
        link_append(&p->services, &s->link);
        return s;
}

static int service_change(struct proxy *p, struct service *s, const struct address addresses[2],
                          struct forward *forwards, size_t n_forwards, struct error *e) {
        _cleanup_(wanted_clear) struct wanted w = {0};
        int r;

        r = check_room(p, s, count_wanted(forwards, n_forwards), e);
        if (r < 0)
                return r;
        r = make_wanted(s, addresses, forwards, n_forwards, &w);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot listen for container '%s'", s->name);
        r = check_doubles(s, &w, e);
        if (r < 0)
                return r;
        r = open_new(p, s, &w, e);
        if (r < 0)
                return r;
        adopt(p, s, &w);
        free(s->forwards);
        s->forwards = forwards;
        s->n_forwards = n_forwards;
        s->addresses[0] = addresses[0];
        s->addresses[1] = addresses[1];
        return 0;
}

int service_set(struct proxy *p, const char *name, const struct address addresses[2], struct forward *given,
                size_t n_forwards, struct error *e) {
        _cleanup_(freep) struct forward *forwards = given;
        struct service *s = service_find(p, name);
        int r;

        if (!s)
                s = service_new(p, name);
        if (!s)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot listen for container '%s'", name);
        r = service_change(p, s, addresses, forwards, n_forwards, e);
        if (r == 0)
                (void) steal_ptr(forwards);
        if (s->n_listeners == 0)
                service_free(p, s);
        proxy_reap(p);
        return r;
}

void service_clear(struct proxy *p, const char *name) {
        struct service *s = service_find(p, name);

        if (s)
                service_free(p, s);
        proxy_reap(p);
}
