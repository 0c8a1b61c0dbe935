/* .network files that an administrator wrote for a container's link, on hosts where no systemd-networkd would read
 * them. */
#pragma once

#include "base/error.h"
#include "model/container.h"

/* The first file that is for c's link, and comes before ours in systemd's order, takes the place of what c's spec says
 * of the host's end. A key that is not carried out here is refused. Where networkd is, it reads them: nothing is done.
 */
int hand_networks_apply(struct container *c, struct error *e);
