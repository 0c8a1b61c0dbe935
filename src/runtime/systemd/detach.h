/* What stands between two runs of a container's unit. */
#pragma once

#include "runtime/systemd/bus.h"

/* Removes what systemd-nspawn left of an earlier run, and the guest's folder. Only while it does not run. */
int unit_clear_up(const char *name, struct error *e);
/* The same, and has nspawn-netd take the network away, when there is one. Goes on past errors. A daemon that does not
 * answer is no failure: it, or the next one, finds out. Nor is one that systemd does not start now, because it is
 * stopping a container: that one is not waited for. Harmless twice. */
int unit_detach(const char *name, struct error *e);
/* The same for a unit that is off and of which something is left: somebody killed all of it, or there was no daemon. 1;
 * nothing is left, or it runs: 0. */
int unit_recover(const char *name, struct error *e);
/* Waits for the container's links to go, unless somebody has started it again. */
void unit_wait_links(sd_bus *bus, const char *unit, const char *name);
