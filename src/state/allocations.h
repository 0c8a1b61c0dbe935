/* The file of allocations: which container owns which ranges, and the host's own ULA /48.
 *
 * One file, read whole, written atomically and synced when (only when) an allocation is new or let go. Callers
 * hold PATH_LOCK. */
#pragma once

#include "base/error.h"
#include "model/network.h"
#include "model/zone.h"

#include <jansson.h>

/* Where ranges come from, and how large they are. */
#define ALLOCATION_POOL            "10.233.0.0/16"
#define ALLOCATION_V4_LENGTH       28 /* of a veth pair */
#define ALLOCATION_NUMBERED_LENGTH 30 /* of a nixos-container, also when it was migrated */
#define ALLOCATION_ULA_LENGTH      48
#define ALLOCATION_V6_LENGTH       64

struct allocations; /* opaque */

/* Loads PATH_ALLOCATIONS (absent: empty). A damaged file is an error that names it, never overwritten. */
int allocations_load(struct allocations **ret, struct error *e);
void allocations_free(struct allocations *a);
static inline void allocations_freep(struct allocations **a) {
        allocations_free(*a);
        *a = NULL;
}

/* For who keeps it: loads again when the file changed since, else one stat(2). *a may be NULL at first; on failure it
 * stays as it was. */
int allocations_refresh(struct allocations **a, struct error *e);

/* The host's own /48; -ENOENT before the first use. */
int allocations_ula(const struct allocations *a, struct prefix *ret);

/* The container's ranges: those it has, or new ones, avoiding `avoid` (ranges seen on the host's links and routes).
 * The ULA /48 is made (random, RFC 4193) at first use. Returns 1 when something new was given (call save), 0 when it
 * was there. */
int allocations_get(struct allocations *a, const char *name, const struct prefix *avoid, size_t n_avoid,
                    struct allocation *ret, struct error *e);
/* The same with an IPv4 range of that length; one of another length is given back. */
int allocations_get_sized(struct allocations *a, const char *name, uint8_t v4_length, const struct prefix *avoid,
                          size_t n_avoid, struct allocation *ret, struct error *e);
/* The same for a nixos-container: the first free 10.233.N.0/30, N from 1 to 254 (10.233.N.1 on the host, 10.233.N.2
 * inside), and no IPv6. avoid: also what confs_append_addresses() finds. */
int allocations_get_numbered(struct allocations *a, const char *name, const struct prefix *avoid, size_t n_avoid,
                             struct allocation *ret, struct error *e);
/* Gives it these, in place of what it has. */
int allocations_put(struct allocations *a, const char *name, const struct allocation *ranges, struct error *e);
/* Only looks. -ENOENT when it has none. */
int allocations_find(const struct allocations *a, const char *name, struct allocation *ret);
/* Who has the range that the address is in, but for `except`: a container, or a zone (*ret_zone). *ret_range: it. NULL:
 * nobody. */
const char *allocations_owner(const struct allocations *a, const struct address *address, const char *except,
                              bool *ret_zone, struct prefix *ret_range);
/* Lets go, of its numbers in zones, too. 1 when it had any. */
int allocations_release(struct allocations *a, const char *name);

/* The automatic ranges of a zone: those it has, or new ones. 1: something is new. A range of another length than
 * that wanted is replaced. */
int allocations_get_zone(struct allocations *a, const struct zone *z, const struct prefix *avoid, size_t n_avoid,
                         struct allocation *ret, struct error *e);
/* -ENOENT: it has none. */
int allocations_find_zone(const struct allocations *a, const char *zone, struct allocation *ret);
/* Gives it and its members what they had before; members that have come since keep what they have. 1, or -ENOMEM. */
int allocations_restore_zone(struct allocations *a, const char *zone, const struct allocations *before);
/* The same to be kept elsewhere, as the file has it. NULL: it has nothing. */
json_t *allocations_zone_json(const struct allocations *a, const char *zone);
/* Of that zone alone. */
int allocations_from_zone_json(const char *zone, const json_t *value, struct allocations **ret, struct error *e);
/* Lets go of its ranges and of its members' numbers. 1 when it had any. */
int allocations_release_zone(struct allocations *a, const char *zone);
/* A container's number in a zone: the one that it has, or a new one, also when it does not fit any more. 1: new. The
 * numbers that it has in other zones stay its own. */
int allocations_get_member(struct allocations *a, const struct zone_network *z, const char *name, uint32_t *ret,
                           struct error *e);
/* -ENOENT: it has none there. */
int allocations_find_member(const struct allocations *a, const char *zone, const char *name, uint32_t *ret);
/* Writes atomically and syncs. */
int allocations_save(struct allocations *a, struct error *e);
