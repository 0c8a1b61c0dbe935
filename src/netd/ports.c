/* A bucket covers 64 ports; a range stands in every bucket it touches. */
#include "ports.h"

#include <errno.h>
#include <stdlib.h>

static unsigned bucket_first(const struct forward *f) {
        return (unsigned) f->host_port >> PORTS_BUCKET_BITS;
}

static unsigned bucket_last(const struct forward *f) {
        unsigned last = (unsigned) f->host_port + (f->count > 0 ? f->count - 1U : 0U);

        return (last > 65535 ? 65535 : last) >> PORTS_BUCKET_BITS;
}

void ports_clear(struct ports *p) {
        for (size_t protocol = 0; protocol < 2; protocol++)
                for (size_t b = 0; b < PORTS_BUCKETS; b++)
                        while (p->buckets[protocol][b]) {
                                struct ports_claim *c = p->buckets[protocol][b];

                                p->buckets[protocol][b] = c->next;
                                free(c);
                        }
}

static void release_one(struct ports *p, const struct forward *f, const void *owner) {
        for (unsigned b = bucket_first(f); b <= bucket_last(f); b++)
                for (struct ports_claim **link = &p->buckets[f->protocol][b]; *link;) {
                        struct ports_claim *c = *link;

                        if (c->owner == owner && c->forward == f) {
                                *link = c->next;
                                free(c);
                        } else
                                link = &c->next;
                }
}

void ports_release(struct ports *p, const struct forward *forwards, size_t n, const void *owner) {
        for (size_t i = 0; i < n; i++)
                release_one(p, &forwards[i], owner);
}

int ports_claim(struct ports *p, const struct forward *forwards, size_t n, const void *owner) {
        for (size_t i = 0; i < n; i++) {
                const struct forward *f = &forwards[i];

                for (unsigned b = bucket_first(f); b <= bucket_last(f); b++) {
                        struct ports_claim *c = malloc(sizeof(*c));

                        if (!c) {
                                ports_release(p, forwards, i + 1, owner);
                                return -ENOMEM;
                        }
                        *c = (struct ports_claim){p->buckets[f->protocol][b], f, owner};
                        p->buckets[f->protocol][b] = c;
                }
        }
        return 0;
}

const struct ports_claim *ports_conflict(const struct ports *p, const struct forward *f, const void *owner) {
        for (unsigned b = bucket_first(f); b <= bucket_last(f); b++)
                for (const struct ports_claim *c = p->buckets[f->protocol][b]; c; c = c->next)
                        if (c->owner != owner && forward_conflicts(c->forward, f))
                                return c;
        return NULL;
}
