/* Published names: what NSS and the DNS responder answer with.
 *
 * PATH_NAMES/name (in lower case) is a small text file, one address a line ("10.233.0.2", "fd00::2", "fe80::1%12"),
 * best first, replaced atomically, at most NAMES_FILE_MAX bytes. PATH_NAMES_BY_ADDRESS/10.233.0.2 is a symlink whose
 * target is the name; link-local addresses have none, as they say nothing without their link. PATH_NAMES_SUFFIX is
 * a symlink to nowhere, whose target is the suffix; without it, it is the default one. Only netd writes. */
#pragma once

#include "model/network.h"

#define NAMES_FILE_MAX 4096

/* Publishes the network's own addresses; link-local ones only when there is no other IPv6, with ifindex as scope. */
int names_publish(const struct network *n, int ifindex);
/* Whether all that names_publish() makes of n is there. */
bool names_are_published(const struct network *n);
/* Takes back whatever is published for name. Absent is fine. */
int names_withdraw(const char *name);
/* The domain that names may be asked with. */
int names_publish_suffix(const char *suffix);
