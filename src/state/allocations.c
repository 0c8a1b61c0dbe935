/* Allocations in memory: a list sorted by name. Giving a range looks at what is taken by others and by the host. */
#include "allocations-internal.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void allocations_free(struct allocations *a) {
        if (!a)
                return;
        for (size_t i = 0; i < a->n; i++)
                free(a->entries[i].name);
        free(a->entries);
        allocations_free_zones(a);
        free(a);
}

/* Where name is, or where it would have to go. */
static bool entry_position(const struct allocations *a, const char *name, size_t *ret) {
        size_t low = 0, high = a->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(name, a->entries[middle].name);

                if (order == 0) {
                        *ret = middle;
                        return true;
                }
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        *ret = low;
        return false;
}

int allocations_insert(struct allocations *a, const char *name, const struct allocation *ranges) {
        struct allocation_entry *entries;
        char *copy;
        size_t i;

        if (entry_position(a, name, &i))
                return -EEXIST;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        if (a->n == a->capacity) {
                size_t capacity = a->capacity ? 2 * a->capacity : 16;

                entries = reallocarray(a->entries, capacity, sizeof *entries);
                if (!entries) {
                        free(copy);
                        return -ENOMEM;
                }
                a->entries = entries;
                a->capacity = capacity;
        }
        memmove(a->entries + i + 1, a->entries + i, (a->n - i) * sizeof *a->entries);
        a->entries[i] = (struct allocation_entry){.name = copy, .ranges = *ranges};
        a->n++;
        return 0;
}

int allocations_find(const struct allocations *a, const char *name, struct allocation *ret) {
        size_t i;

        if (!entry_position(a, name, &i))
                return -ENOENT;
        *ret = a->entries[i].ranges;
        return 0;
}

static bool is_in(const struct allocation *ranges, const struct address *address, struct prefix *ret) {
        const struct prefix *range = address->family == AF_INET ? &ranges->v4 : &ranges->v6;

        *ret = *range;
        return range->address.family == address->family && prefix_contains(range, address);
}

const char *allocations_owner(const struct allocations *a, const struct address *address, const char *except,
                              bool *ret_zone, struct prefix *ret_range) {
        *ret_zone = false;
        for (size_t i = 0; i < a->n; i++)
                if (strcmp(a->entries[i].name, except) != 0 && is_in(&a->entries[i].ranges, address, ret_range))
                        return a->entries[i].name;
        *ret_zone = true;
        for (size_t i = 0; i < a->n_zones; i++)
                if (is_in(&a->zones[i].ranges, address, ret_range))
                        return a->zones[i].name;
        return NULL;
}

int allocations_release(struct allocations *a, const char *name) {
        bool was_member = allocations_release_member(a, name);
        size_t i;

        if (!entry_position(a, name, &i))
                return was_member;
        free(a->entries[i].name);
        memmove(a->entries + i, a->entries + i + 1, (a->n - i - 1) * sizeof *a->entries);
        a->n--;
        return 1;
}

int allocations_ula(const struct allocations *a, struct prefix *ret) {
        if (a->ula.address.family != AF_INET6)
                return -ENOENT;
        *ret = a->ula;
        return 0;
}

static bool overlaps_any(const struct prefix *p, const struct prefix *others, size_t n) {
        for (size_t i = 0; i < n; i++)
                /* Routes as wide as the default route, or one for all of fc00::/7, say nothing about this prefix. */
                if (others[i].length > 8 && prefix_overlaps(p, &others[i]))
                        return true;
        return false;
}

/* RFC 4193 section 3.2: fd00::/8 and forty random bits. */
static int make_ula(struct prefix *ret, const struct prefix *avoid, size_t n_avoid, struct error *e) {
        for (unsigned attempt = 0; attempt < 64; attempt++) {
                struct prefix p = {.address = {.family = AF_INET6, .bytes = {0xfd}}, .length = ALLOCATION_ULA_LENGTH};

                if (getrandom(p.address.bytes + 1, 5, 0) != 5)
                        return error_errno(e, errno, EXIT_FAILED, "cannot make a random IPv6 prefix for this host");
                if (!overlaps_any(&p, avoid, n_avoid)) {
                        *ret = p;
                        return 0;
                }
        }
        return error_set(e, ENOSPC, EXIT_FAILED,
                         "cannot find an IPv6 prefix below fd00::/8 that no link or route of this host uses; remove a "
                         "route that covers many of them");
}

/* What a new range must not touch: all that was given, and what the host has. Wide routes cover every range without
 * using any; they are left out. */
static struct prefix *collect_taken(const struct allocations *a, const struct prefix *pool, const struct prefix *avoid,
                                    size_t n_avoid, size_t *ret_n) {
        struct prefix *taken = calloc(2 * (a->n + a->n_zones) + n_avoid + 1, sizeof *taken);
        size_t n = 0;

        if (!taken)
                return NULL;
        for (size_t i = 0; i < a->n; i++) {
                taken[n++] = a->entries[i].ranges.v4;
                taken[n++] = a->entries[i].ranges.v6;
        }
        for (size_t i = 0; i < a->n_zones; i++) {
                taken[n++] = a->zones[i].ranges.v4;
                taken[n++] = a->zones[i].ranges.v6;
        }
        for (size_t i = 0; i < n_avoid; i++)
                if (avoid[i].length >= pool->length)
                        taken[n++] = avoid[i];
        *ret_n = n;
        return taken;
}

int allocations_choose(const struct allocations *a, const struct prefix *pool, uint8_t length, const char *what,
                       const char *name, const struct prefix *avoid, size_t n_avoid, struct prefix *ret,
                       struct error *e) {
        _cleanup_(freep) struct prefix *taken = NULL;
        char text[PREFIX_TEXT_MAX];
        size_t n;
        int r;

        taken = collect_taken(a, pool, avoid, n_avoid, &n);
        if (!taken)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot choose addresses for %s '%s'", what, name);
        r = allocation_choose(pool, length, name, taken, n, ret);
        if (r == -ENOSPC)
                return error_set(e, r, EXIT_CONTAINER,
                                 "no /%u is free in %s for %s '%s': %zu containers have addresses in '%s', "
                                 "the rest is in use on this host's links and routes; remove containers that are not "
                                 "needed",
                                 length, prefix_format(pool, text), what, name, a->n, PATH_ALLOCATIONS);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot choose addresses for %s '%s'", what, name);
        return 0;
}

int allocations_need_ula(const struct allocations *a, const struct prefix *avoid, size_t n_avoid, struct prefix *ret,
                         struct error *e) {
        *ret = a->ula;
        return ret->address.family == AF_INET6 ? 0 : make_ula(ret, avoid, n_avoid, e);
}

int allocations_get(struct allocations *a, const char *name, const struct prefix *avoid, size_t n_avoid,
                    struct allocation *ret, struct error *e) {
        return allocations_find(a, name, ret) == 0
                       ? 0
                       : allocations_get_sized(a, name, ALLOCATION_V4_LENGTH, avoid, n_avoid, ret, e);
}

int allocations_get_sized(struct allocations *a, const char *name, uint8_t v4_length, const struct prefix *avoid,
                          size_t n_avoid, struct allocation *ret, struct error *e) {
        struct allocation ranges, before = {0};
        struct prefix pool, ula;
        int r;

        if (allocations_find(a, name, &before) == 0 && before.v4.length == v4_length) {
                *ret = before;
                return 0;
        }
        r = prefix_parse(ALLOCATION_POOL, false, &pool);
        if (r < 0)
                return r;
        r = allocations_need_ula(a, avoid, n_avoid, &ula, e);
        if (r < 0)
                return r;
        r = allocations_choose(a, &pool, v4_length, "container", name, avoid, n_avoid, &ranges.v4, e);
        if (r < 0)
                return r;
        ranges.v6 = before.v6;
        if (before.v6.address.family == AF_UNSPEC)
                r = allocations_choose(a, &ula, ALLOCATION_V6_LENGTH, "container", name, avoid, n_avoid, &ranges.v6, e);
        if (r < 0)
                return r;
        (void) allocations_release(a, name);
        r = allocations_insert(a, name, &ranges);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot keep addresses for container '%s'", name);
        a->ula = ula;
        *ret = ranges;
        return 1;
}

int allocations_put(struct allocations *a, const char *name, const struct allocation *ranges, struct error *e) {
        int r;

        (void) allocations_release(a, name);
        r = allocations_insert(a, name, ranges);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot keep addresses for container '%s'", name) : 0;
}

int allocations_get_numbered(struct allocations *a, const char *name, const struct prefix *avoid, size_t n_avoid,
                             struct allocation *ret, struct error *e) {
        struct allocation ranges = {.v6 = {.address = ADDRESS_NONE}};
        _cleanup_(freep) struct prefix *taken = NULL;
        struct prefix pool;
        size_t n;
        int r;

        if (allocations_find(a, name, ret) == 0)
                return 0;
        r = prefix_parse(ALLOCATION_POOL, false, &pool);
        taken = r < 0 ? NULL : collect_taken(a, &pool, avoid, n_avoid, &n);
        if (!taken)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot choose addresses for container '%s'", name);
        r = allocation_choose_numbered(taken, n, &ranges.v4);
        if (r == -ENOSPC)
                return error_set(
                        e, r, EXIT_CONTAINER,
                        "out of IP addresses: each of 10.233.1.0/30 to 10.233.254.0/30 is in use by a "
                        "container, a link or a route of this host; destroy containers that are not needed, or "
                        "give --host-address and --local-address");
        if (r >= 0)
                r = allocations_insert(a, name, &ranges);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot keep addresses for container '%s'", name);
        *ret = ranges;
        return 1;
}
