/* What new addresses have to keep clear of. */
#pragma once

#include "base/address.h"
#include "base/error.h"
#include "model/zone.h"

#include <stdbool.h>
#include <stddef.h>

/* Ranges in use: by links and routes of the host, and by confs, but for that of `except` (NULL: all of them). needed:
 * whether it is an error that the host cannot be looked at; a user who only asks what would be done need not be
 * allowed to. */
int taken_find(const char *except, bool needed, struct prefix **ret, size_t *ret_n, struct error *e);

/* Refuses a zone with a range that is a network of the host's elsewhere. needed: as above. */
int taken_check_zone(const struct zone_network *z, bool needed, struct error *e);
