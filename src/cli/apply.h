/* What 'nixos-nspawn apply' leaves on a host beside the daemon's rules. */
#pragma once

#include "base/error.h"

/* Files: what is in force, the one for NetworkManager, the link by which systemd starts the daemon at boot. Absent ones
 * are fine. */
int apply_forget(struct error *e);
