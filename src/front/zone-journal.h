/* A change of a zone, and what the next command does about one that was killed in the middle.
 *
 * While a command changes a zone's definition, a file in PATH_LIB/unfinished-zones has what was before. All of it is
 * done with definitions locked, so a file that is there while nobody has the lock belongs to a command that died. */
#pragma once

#include "base/error.h"
#include "state/allocations.h"

#include <jansson.h>

/* What there was. options NULL: no such zone. */
int zone_journal_begin(const char *name, const json_t *options, const struct allocations *addresses, struct error *e);
/* Nothing is to be taken back any more. */
void zone_journal_end(const char *name);

/* Takes back what a dead command did to the zone; with definitions locked. */
int zone_journal_repair_one(const char *name, struct error *e);
/* Of all zones; those that a living command works on are left to it. */
int zone_journal_repair(struct error *e);

/* The parts of a change; harmless twice. NULL: there is to be none. */
int zone_put_options(const char *name, const json_t *options, struct error *e);
int zone_put_addresses(const char *name, const struct allocations *addresses, struct error *e);
int zone_put_networkd(const char *name, bool wanted, struct error *e);
/* Has nspawn-netd carry out what is defined. persistent: now, or before. */
int zone_tell(const char *name, bool persistent, struct error *e);
