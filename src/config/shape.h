/* What a container's links have to be so that they fit together. */
#pragma once

#include "base/error.h"
#include "model/container.h"

/* where: where its network is said, for messages: "systemd.nspawn.web.networkConfig", or a file. Refuses two links of
 * one name inside, names that other links of the host have, and ports without an address to forward them to. Pure. */
int shape_check(const struct container *c, const char *where, struct error *e);

/* That no two links have one name inside; of every kind of container. */
int shape_check_inside(const struct container *c, const char *where, struct error *e);
