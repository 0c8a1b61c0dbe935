/* The actions of `zone`, whose first argument they are; the names follow. */
#pragma once

#include "front/command.h"
#include "model/zone.h"
#include "state/allocations.h"

int zone_list(struct invocation *i, struct error *e);
int zone_status(struct invocation *i, struct error *e);

/* Adds to a dry run's object the operations by which the zone, if its bridge is there, becomes `to`, whose options are
 * `after`, and whose members have `addresses` then. */
int zone_describe_change(json_t *object, const char *name, const json_t *after, const struct allocations *addresses,
                         const struct zone_network *to, struct error *e);
