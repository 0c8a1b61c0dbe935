#include "allocate.h"

#include "zones.h"

#include "base/string-list.h"

static int allocate_ranges(const struct zone *z, struct allocations *a, const uint8_t machine_id[16],
                           const struct prefix *taken, size_t n, struct zone_network *ret, struct error *e) {
        struct allocation ranges;
        int r = allocations_get_zone(a, z, taken, n, &ranges, e), k;

        if (r < 0)
                return r;
        k = zones_network(z, &ranges, machine_id, ret);
        return k < 0 ? error_errno(e, k, EXIT_CONTAINER, "cannot compute the network of zone %s", z->name) : r;
}

int allocate_zone(const struct zone *z, struct allocations *a, const uint8_t machine_id[16], const struct prefix *taken,
                  size_t n_taken, struct zone_network *ret, struct error *e) {
        _cleanup_(strings_freep) char **members = NULL;
        int r = zones_members(z->name, &members, e), k = 0;
        uint32_t number;

        if (r >= 0)
                r = allocate_ranges(z, a, machine_id, taken, n_taken, ret, e);
        for (char **name = members; r >= 0 && *name; name++) {
                k = allocations_get_member(a, ret, *name, &number, e);
                r = k < 0 ? k : r > 0 || k > 0;
        }
        return r;
}

/* A member's number and, where it has none yet, its zone's ranges. */
static int allocate_member(const struct container *c, struct allocations *a, const uint8_t machine_id[16],
                           const struct prefix *taken, size_t n, struct error *e) {
        _cleanup_(zone_clear) struct zone zone = ZONE_INIT;
        struct zone_network z;
        uint32_t number;
        int r, k;

        r = zones_load(c->attached_to, &zone, NULL, e);
        if (r >= 0)
                r = allocate_ranges(&zone, a, machine_id, taken, n, &z, e);
        if (r < 0)
                return r;
        k = allocations_get_member(a, &z, c->name, &number, e);
        return k < 0 ? k : r > 0 || k > 0;
}

/* Of the range that the allocator finds. What `migrate` brought along is kept unless another one is asked for. */
static uint8_t v4_length(const struct container *c, const struct allocations *a) {
        struct allocation ranges;

        if (c->host_settings.automatic_v4 > 0)
                return c->host_settings.automatic_v4;
        return allocations_find(a, c->name, &ranges) >= 0 && ranges.v4.length == ALLOCATION_NUMBERED_LENGTH
                       ? ALLOCATION_NUMBERED_LENGTH
                       : ALLOCATION_V4_LENGTH;
}

bool allocate_done(const struct container *c, const struct allocations *a) {
        uint32_t number;
        struct allocation ranges;

        if (c->mode == NETWORK_ZONE)
                return allocations_find_zone(a, c->attached_to, &ranges) >= 0 &&
                       allocations_find_member(a, c->attached_to, c->name, &number) >= 0;
        /* No other shape has addresses of the pool. */
        return c->mode != NETWORK_VETH ||
               (allocations_find(a, c->name, &ranges) >= 0 && ranges.v4.length == v4_length(c, a));
}

int allocate(const struct container *c, struct allocations *a, const uint8_t machine_id[16], const struct prefix *taken,
             size_t n_taken, struct error *e) {
        struct allocation ranges;

        if (c->mode == NETWORK_ZONE)
                return allocate_member(c, a, machine_id, taken, n_taken, e);
        return allocations_get_sized(a, c->name, v4_length(c, a), taken, n_taken, &ranges, e);
}
