/* Files that tell a host with systemd what its service manager and its network manager have to know of a container.
 * Pure. */
#pragma once

#include "model/network.h"

/* The first line of both: a file without it is somebody else's. */
#define HOST_FILE_MARKER "# Made by nixos-nspawn: changes here are lost at the next update.\n"

/* The drop-in of systemd-nspawn@NAME.service. program: nspawn-unit, with its path. malloc'd; NULL: out of memory. */
char *host_drop_in(const struct container *c, const char *program);

/* The .network file of the host's end of the link: what nspawn-netd makes of it, for systemd-networkd to find in place.
 * Only for NETWORK_VETH. malloc'd; NULL: out of memory. */
char *host_network_file(const struct container *c, const struct network *n);
