/* Which host ports the attached containers have, found by port, not by asking each container. */
#pragma once

#include "model/container.h"

#include <stddef.h>

#define PORTS_BUCKET_BITS 6
#define PORTS_BUCKETS     (65536U >> PORTS_BUCKET_BITS)

struct ports_claim {
        struct ports_claim *next;
        const struct forward *forward; /* borrowed */
        const void *owner;
};

struct ports {
        struct ports_claim *buckets[2][PORTS_BUCKETS]; /* by enum protocol */
};

void ports_clear(struct ports *p);
/* The forwards must stay where they are until ports_release(). -ENOMEM: nothing was claimed. */
int ports_claim(struct ports *p, const struct forward *forwards, size_t n, const void *owner);
void ports_release(struct ports *p, const struct forward *forwards, size_t n, const void *owner);
/* The first claim of somebody else that conflicts with f, or NULL. */
const struct ports_claim *ports_conflict(const struct ports *p, const struct forward *f, const void *owner);
