/* Published names: what NSS and the DNS responder answer with.
 *
 * PATH_NAMES/NAME is a small text file, one address a line ("10.233.0.2", "fd00::2", "fe80::1%12"), best first,
 * replaced atomically. PATH_NAMES/by-address/10.233.0.2 is a symlink whose target is the name. Only netd writes. */
#pragma once

#include "model/network.h"

/* Publishes the network's own addresses; link-local ones only when there is no other IPv6, with ifindex as scope. */
int names_publish(const struct network *n, int ifindex);
/* Takes back whatever is published for name. Absent is fine. */
int names_withdraw(const char *name);
