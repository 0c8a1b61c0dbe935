/* What zones have, and which number a member has in one. Numbers stay a container's for as long as it exists, also
 * while it is in another zone, so that an update that is taken back finds them again. */
#include "allocations-internal.h"

#include <errno.h>
#include <string.h>

static void entry_clear(struct allocation_zone *z) {
        for (size_t i = 0; i < z->n; i++)
                free(z->members[i].name);
        free(z->members);
        free(z->name);
}

void allocations_free_zones(struct allocations *a) {
        for (size_t i = 0; i < a->n_zones; i++)
                entry_clear(&a->zones[i]);
        free(a->zones);
}

static struct allocation_zone *find(const struct allocations *a, const char *zone) {
        for (size_t i = 0; i < a->n_zones; i++)
                if (strcmp(a->zones[i].name, zone) == 0)
                        return &a->zones[i];
        return NULL;
}

static struct allocation_member *find_member(const struct allocation_zone *z, const char *name) {
        for (size_t i = 0; z && i < z->n; i++)
                if (strcmp(z->members[i].name, name) == 0)
                        return &z->members[i];
        return NULL;
}

static int zone_compare(const void *a, const void *b) {
        const struct allocation_zone *x = a, *y = b;

        return strcmp(x->name, y->name);
}

int allocations_insert_zone(struct allocations *a, const char *zone, const struct allocation *ranges,
                            struct allocation_zone **ret) {
        struct allocation_zone *zones;
        char *copy;

        if (find(a, zone))
                return -EEXIST;
        zones = reallocarray(a->zones, a->n_zones + 1, sizeof *zones);
        if (!zones)
                return -ENOMEM;
        a->zones = zones;
        copy = strdup(zone);
        if (!copy)
                return -ENOMEM;
        zones[a->n_zones++] = (struct allocation_zone){.name = copy, .ranges = *ranges};
        qsort(zones, a->n_zones, sizeof *zones, zone_compare);
        if (ret)
                *ret = find(a, zone);
        return 0;
}

int allocations_insert_member(struct allocation_zone *z, const char *name, uint32_t number) {
        struct allocation_member *members = reallocarray(z->members, z->n + 1, sizeof *members);
        char *copy;

        if (!members)
                return -ENOMEM;
        z->members = members;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        members[z->n++] = (struct allocation_member){.name = copy, .number = number};
        return 0;
}

bool allocations_release_member(struct allocations *a, const char *name) {
        bool found = false;

        for (size_t i = 0; i < a->n_zones; i++) {
                struct allocation_zone *z = &a->zones[i];
                struct allocation_member *m = find_member(z, name);

                if (!m)
                        continue;
                free(m->name);
                *m = z->members[--z->n];
                found = true;
        }
        return found;
}

int allocations_find_zone(const struct allocations *a, const char *zone, struct allocation *ret) {
        const struct allocation_zone *z = find(a, zone);

        if (!z)
                return -ENOENT;
        *ret = z->ranges;
        return 0;
}

int allocations_release_zone(struct allocations *a, const char *zone) {
        struct allocation_zone *z = find(a, zone);

        if (!z)
                return 0;
        entry_clear(z);
        a->n_zones--;
        memmove(z, z + 1, (size_t) (a->zones + a->n_zones - z) * sizeof *z);
        return 1;
}

int allocations_restore_zone(struct allocations *a, const char *zone, const struct allocations *before) {
        const struct allocation_zone *old = find(before, zone);
        struct allocation_zone *z = find(a, zone);
        int r = 0;

        if (!old)
                return allocations_release_zone(a, zone);
        if (z)
                z->ranges = old->ranges;
        else
                r = allocations_insert_zone(a, zone, &old->ranges, &z);
        for (size_t i = 0; i < old->n && r == 0; i++) {
                struct allocation_member *m = find_member(z, old->members[i].name);

                if (m)
                        m->number = old->members[i].number;
                else
                        r = allocations_insert_member(z, old->members[i].name, old->members[i].number);
        }
        return r < 0 ? r : 1;
}

/* Ranges that are there stay: who turns them off and on again finds the same ones. */
int allocations_get_zone(struct allocations *a, const struct zone *z, const struct prefix *avoid, size_t n_avoid,
                         struct allocation *ret, struct error *e) {
        struct allocation_zone *entry = find(a, z->name);
        struct allocation ranges = {0};
        uint8_t length = zone_automatic_v4(z);
        struct prefix pool, ula;
        bool new_v4, new_v6;
        int r;

        if (entry)
                ranges = entry->ranges;
        new_v4 = length > 0 && (ranges.v4.address.family != AF_INET || ranges.v4.length != length);
        new_v6 = zone_automatic_v6(z) > 0 && ranges.v6.address.family != AF_INET6;
        if (new_v4) {
                r = prefix_parse(ALLOCATION_POOL, false, &pool);
                if (r >= 0)
                        r = allocations_choose(a, &pool, length, "zone", z->name, avoid, n_avoid, &ranges.v4, e);
                if (r < 0)
                        return r;
        }
        if (new_v6) {
                r = allocations_need_ula(a, avoid, n_avoid, &ula, e);
                if (r >= 0)
                        r = allocations_choose(a, &ula, ALLOCATION_V6_LENGTH, "zone", z->name, avoid, n_avoid,
                                               &ranges.v6, e);
                if (r < 0)
                        return r;
                a->ula = ula;
        }
        if (entry)
                entry->ranges = ranges;
        else {
                r = allocations_insert_zone(a, z->name, &ranges, NULL);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot keep the addresses of zone '%s'", z->name);
        }
        *ret = ranges;
        return new_v4 || new_v6 || !entry;
}

int allocations_find_member(const struct allocations *a, const char *zone, const char *name, uint32_t *ret) {
        const struct allocation_member *m = find_member(find(a, zone), name);

        if (!m)
                return -ENOENT;
        *ret = m->number;
        return 0;
}

static int number_compare(const void *a, const void *b) {
        const uint32_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

static int choose_number(const struct allocation_zone *entry, const struct zone_network *z, uint32_t *ret) {
        _cleanup_(freep) uint32_t *taken = calloc(entry->n + 1, sizeof *taken);

        if (!taken)
                return -ENOMEM;
        for (size_t i = 0; i < entry->n; i++)
                taken[i] = entry->members[i].number;
        qsort(taken, entry->n, sizeof *taken, number_compare);
        return zone_number_choose(z, taken, entry->n, ret);
}

int allocations_get_member(struct allocations *a, const struct zone_network *z, const char *name, uint32_t *ret,
                           struct error *e) {
        struct allocation_zone *entry = find(a, z->name);
        struct allocation_member *member = find_member(entry, name);
        uint32_t number;
        int r = 0;

        if (member && zone_number_fits(z, member->number)) {
                *ret = member->number;
                return 0;
        }
        if (!entry)
                r = allocations_insert_zone(a, z->name, &(struct allocation){0}, &entry);
        if (r >= 0)
                r = choose_number(entry, z, &number);
        if (r == -ENOSPC)
                return error_set(
                        e, r, EXIT_CONTAINER,
                        "zone '%s' is full: it has %zu members, and its range no address for one more; give it a "
                        "larger range with 'nixos-nspawn zone update %s --size N', or remove containers",
                        z->name, entry->n, z->name);
        if (r >= 0 && member)
                member->number = number;
        else if (r >= 0)
                r = allocations_insert_member(entry, name, number);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot keep an address in zone '%s' for container '%s'", z->name,
                                   name);
        *ret = number;
        return 1;
}
