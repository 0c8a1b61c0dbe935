/* Free ranges by sorted intervals: the work is sorting what is taken, however large the pool is. */
#include "network.h"

#include "base/cleanup.h"
#include "base/siphash.h"

#include <errno.h>
#include <string.h>

/* Slots first..last of the pool, both included: the pool is cut into slots of the wanted length. */
struct interval {
        uint64_t first, last;
};

/* The bits from..to (to not included) of an address as a number; at most 64. */
static uint64_t address_slice(const struct address *a, uint8_t from, uint8_t to) {
        uint64_t value = 0;

        for (uint8_t i = from; i < to; i++)
                value = value << 1 | ((a->bytes[i / 8] >> (7 - i % 8)) & 1);
        return value;
}

/* Which slots of the pool the range touches; false when none. */
static bool touched(const struct prefix *pool, uint8_t length, const struct prefix *range, struct interval *ret) {
        uint8_t bits = (uint8_t) (length - pool->length), known;

        if (!prefix_overlaps(pool, range))
                return false;
        if (range->length <= pool->length) {
                *ret = (struct interval){0, (UINT64_C(1) << bits) - 1};
                return true;
        }
        known = range->length < length ? range->length : length;
        ret->first = address_slice(&range->address, pool->length, known) << (length - known);
        ret->last = ret->first | ((UINT64_C(1) << (length - known)) - 1);
        return true;
}

static int interval_compare(const void *a, const void *b) {
        const struct interval *x = a, *y = b;

        return x->first < y->first ? -1 : x->first > y->first;
}

/* The first slot from `from` on that no interval covers; intervals are sorted by their first slot. */
static uint64_t next_free(const struct interval *taken, size_t n, uint64_t from) {
        for (size_t i = 0; i < n && taken[i].first <= from; i++)
                if (taken[i].last >= from)
                        from = taken[i].last + 1;
        return from;
}

int allocation_choose(const struct prefix *pool, uint8_t length, const char *name, const struct prefix *taken,
                      size_t n_taken, struct prefix *ret) {
        /* Random, and fixed for ever: another key would move every container whose allocation is lost. */
        static const uint8_t key[16] = {0x3d, 0x9a, 0x41, 0xd0, 0x6e, 0x2b, 0x4f, 0x8c,
                                        0x91, 0x57, 0x0c, 0xe4, 0xb8, 0x73, 0x25, 0xfa};
        _cleanup_(freep) struct interval *intervals = NULL;
        struct prefix network = prefix_network(pool);
        uint64_t slots, slot;
        size_t n = 0;

        if (length < pool->length || length > address_bits(&pool->address) || length - pool->length > 63)
                return -EINVAL;
        slots = UINT64_C(1) << (length - pool->length);
        intervals = calloc(n_taken + 1, sizeof *intervals);
        if (!intervals)
                return -ENOMEM;
        for (size_t i = 0; i < n_taken; i++)
                if (touched(&network, length, &taken[i], &intervals[n]))
                        n++;
        qsort(intervals, n, sizeof *intervals, interval_compare);
        slot = next_free(intervals, n, siphash24(name, strlen(name), key) % slots);
        if (slot >= slots)
                slot = next_free(intervals, n, 0);
        if (slot >= slots)
                return -ENOSPC;
        /* Write the slot's bits behind the pool's. */
        for (uint8_t i = length; i-- > pool->length; slot >>= 1)
                network.address.bytes[i / 8] |= (uint8_t) ((slot & 1) << (7 - i % 8));
        network.length = length;
        *ret = network;
        return 0;
}

int allocation_choose_numbered(const struct prefix *taken, size_t n_taken, struct prefix *ret) {
        for (unsigned n = 1; n <= 254; n++) {
                struct prefix p = {.address = {.family = AF_INET, .bytes = {10, 233, (uint8_t) n, 0}}, .length = 30};
                bool free = true;

                for (size_t i = 0; i < n_taken && free; i++)
                        free = !prefix_overlaps(&p, &taken[i]);
                if (free) {
                        *ret = p;
                        return 0;
                }
        }
        return -ENOSPC;
}
