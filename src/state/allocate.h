/* What a container needs of the pool, from the one allocator. */
#pragma once

#include "allocations.h"

/* It has all of that already. */
bool allocate_done(const struct container *c, const struct allocations *a);
/* Gives it what it does not have. taken: ranges that the host uses. 1: something new, to be saved. */
int allocate(const struct container *c, struct allocations *a, const uint8_t machine_id[16], const struct prefix *taken,
             size_t n_taken, struct error *e);

/* Ranges of a zone that has none, or others, and other numbers for those of its members that these have no room for.
 * Undo: allocations_restore_zone(). 1: something new, to be saved. ret: without IPv6 where the host has none. */
int allocate_zone(const struct zone *z, struct allocations *a, const uint8_t machine_id[16], const struct prefix *taken,
                  size_t n_taken, struct zone_network *ret, struct error *e);
