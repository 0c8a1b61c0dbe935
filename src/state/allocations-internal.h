/* What allocations.c (in memory) and allocations-file.c (on disk) share. */
#pragma once

#include "allocations.h"

#include "base/paths.h"

#include <sys/stat.h>

struct allocation_entry {
        char *name;
        struct allocation ranges;
};

struct allocation_member {
        char *name;
        uint32_t number;
};

struct allocation_zone {
        char *name;
        struct allocation ranges; /* either family AF_UNSPEC: none was needed */
        struct allocation_member *members;
        size_t n;
};

struct allocations {
        struct prefix ula;                /* AF_UNSPEC until the first use */
        struct allocation_entry *entries; /* sorted by name */
        size_t n, capacity;
        struct allocation_zone *zones; /* sorted by name */
        size_t n_zones;
        struct stat loaded; /* the file as it was then; all zero: there was none */
};

/* -EEXIST: name has ranges already. */
int allocations_insert_zone(struct allocations *a, const char *zone, const struct allocation *ranges,
                            struct allocation_zone **ret);
int allocations_insert_member(struct allocation_zone *z, const char *name, uint32_t number);
void allocations_free_zones(struct allocations *a);
bool allocations_release_member(struct allocations *a, const char *name);
/* The first free range of that length; e says of `what` it was chosen for: "container 'x'". */
int allocations_choose(const struct allocations *a, const struct prefix *pool, uint8_t length, const char *what,
                       const char *name, const struct prefix *avoid, size_t n_avoid, struct prefix *ret,
                       struct error *e);
/* *ret: the host's /48, or a new one, which is not kept yet. */
int allocations_need_ula(const struct allocations *a, const struct prefix *avoid, size_t n_avoid, struct prefix *ret,
                         struct error *e);

int allocations_insert(struct allocations *a, const char *name, const struct allocation *ranges);
