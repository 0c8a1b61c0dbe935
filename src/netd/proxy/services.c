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

/* The loopback addresses on which a forward is reachable: how many, 0 to 2. */
static size_t loopback_addresses(const struct forward *f, struct address ret[2]) {
        static const struct address v4 = {.family = AF_INET, .bytes = {127, 0, 0, 1}};
        static const struct address v6 = {.family = AF_INET6, .bytes = {[15] = 1}};
        static const uint8_t zero[16];
        bool any = memcmp(f->bind.bytes, zero, address_size(&f->bind)) == 0;
        size_t n = 0;

        if (!any && address_is_loopback(&f->bind)) {
                ret[0] = f->bind;
                return 1;
        }
        if (any && f->bind.family != AF_INET6)
                ret[n++] = v4;
        if (any && f->bind.family != AF_INET)
                ret[n++] = v6;
        return n;
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
        struct address addresses[2];
        size_t total = 0;

        for (size_t i = 0; i < n; i++)
                total += forwards[i].count * loopback_addresses(&forwards[i], addresses);
        return total;
}

static int make_wanted(struct service *s, const struct address addresses[2], const struct forward *forwards, size_t n,
                       struct wanted *w) {
        w->list = calloc(count_wanted(forwards, n) + 1, sizeof *w->list);
        if (!w->list)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                struct address loopback[2];
                size_t n_loopback = loopback_addresses(&forwards[i], loopback);

                for (unsigned k = 0; k < forwards[i].count * n_loopback; k++) {
                        struct listener l = {
                                .watch.fd = -1,
                                .service = s,
                                .protocol = forwards[i].protocol,
                                .address = loopback[k % n_loopback],
                                .port = (uint16_t) (forwards[i].host_port + k / n_loopback),
                                .target = {.addresses = {addresses[0], addresses[1]},
                                           .port = (uint16_t) (forwards[i].container_port + k / n_loopback)},
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

static int open_one(struct proxy *p, struct listener *l, struct error *e) {
        for (struct link *k = p->services.next; k != &p->services; k = k->next) {
                const struct service *other = CONTAINER_OF(k, struct service, link);

                if (other != l->service && listener_search(other, l))
                        return error_set(e, EADDRINUSE, EXIT_CONTAINER,
                                         "host port %u/%s of container '%s' is already forwarded to container '%s'",
                                         l->port, protocol_name(l->protocol), l->service->name, other->name);
        }
        return listener_open(p, l, e);
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
