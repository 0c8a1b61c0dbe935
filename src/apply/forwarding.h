/* Switching the host's forwarding on, without costing it its own IPv6 routes, and off again.
 *
 * A host that forwards IPv6 no longer takes router advertisements (accept_ra=1), so every interface that takes them is
 * told to go on (accept_ra=2) first. Only the current network namespace is touched. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* v6: of IPv6, too. What is changed, with the value before, is recorded in the JSON file `record` (PATH_NETD_SYSCTLS)
 * before it is changed; an earlier record is kept and added to. Returns 1 when something was changed, 0 when all was so
 * already. */
int forwarding_enable(const char *record, bool v6, struct error *e);

/* Of one family, for all links. An IPv6 that is not there is. */
bool forwarding_is_on(bool v6);

/* Sets one sysctl, "net/ipv6/conf/eth0/proxy_ndp", recorded likewise. */
int forwarding_set(const char *record, const char *name, const char *value, struct error *e);

/* Calls each with the name of every sysctl on record, until it returns something else than 0. */
int forwarding_each(const char *record, int (*each)(const char *name, void *userdata), void *userdata);

/* Puts back what the record says, where nobody changed it since, and removes the record. No record: nothing to do. */
int forwarding_restore(const char *record, struct error *e);
