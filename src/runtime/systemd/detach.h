/* What stands between two runs of a container's unit. */
#pragma once

#include "base/error.h"

/* Removes what systemd-nspawn left of an earlier run, and the guest's folder. Only while it does not run. */
int unit_clear_up(const char *name, struct error *e);
/* The same, and has nspawn-netd take the network away. Goes on past errors. A daemon that does not answer is no
 * failure: it, or the next one, finds out. Harmless twice. */
int unit_detach(const char *name, struct error *e);
/* The same for a unit that ended without it, because somebody killed all of it. One that detached, or runs: 0. */
int unit_recover(const char *name, struct error *e);
