/* Zones that the host's configuration declares (nixos.containers.zones). before, after: configurations, or NULL. */
#pragma once

#include "base/error.h"
#include "state/allocations.h"

#include <jansson.h>

/* Appends what the configuration says of zones, a sentence each. */
void apply_zones_sentences(const json_t *host, json_t *list);
/* Refuses names that a command has taken, and taking away what has members. */
int apply_zones_check(const json_t *before, const json_t *after, struct error *e);
/* Adds to a dry run's object the operations by which those that are there become what is declared. */
int apply_zones_describe(const json_t *before, const json_t *after, json_t *object, struct error *e);
/* Ranges for those that have none, or others. Needs the configuration to be saved, and store_lock(). had: what there
 * was before. */
int apply_zones_allocate(const json_t *after, struct allocations **ret_had, struct error *e);
/* Its undo, in two parts. had NULL: no addresses were chosen. */
int apply_zones_restore(const json_t *after, const struct allocations *had, struct error *e);
/* What systemd-networkd is told of the bridges of zones that are new; when these are gone, or it would take them over.
 */
int apply_zones_unfollow(const json_t *before, const json_t *after, struct error *e);
/* Has the daemon, which runs, carry out what is different. Its own way back, with the two exchanged. */
int apply_zones_tell(const json_t *before, const json_t *after, struct error *e);
