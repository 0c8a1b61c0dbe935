/* More time for a unit to end than its TimeoutStopSec= gives it. */
#pragma once

#include "runtime/systemd/bus.h"

/* systemd does not kill what is left of the unit before `usec` from now are over. It ends by itself: when who asks is
 * killed meanwhile, the unit's own limit counts again. Not said to a unit that does not run. */
int unit_extend(sd_bus *bus, const char *unit, uint64_t usec);
