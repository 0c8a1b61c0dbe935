/* What allocations.c (in memory) and allocations-file.c (on disk) share. */
#pragma once

#include "allocations.h"

#include "base/paths.h"

#include <sys/stat.h>

struct allocation_entry {
        char *name;
        struct allocation ranges;
};

struct allocations {
        struct prefix ula;                /* AF_UNSPEC until the first use */
        struct allocation_entry *entries; /* sorted by name */
        size_t n, capacity;
        struct stat loaded; /* the file as it was then; all zero: there was none */
};

/* -EEXIST: name has ranges already. */
int allocations_insert(struct allocations *a, const char *name, const struct allocation *ranges);
