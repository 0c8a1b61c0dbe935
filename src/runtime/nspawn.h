/* The command line of systemd-nspawn for a nixos-container: the same under this project's supervisor and under systemd.
 */
#pragma once

#include "model/container.h"
#include "runtime/system.h"

/* argv, with "systemd-nspawn" in front, NULL-terminated; each word and the list are malloc'd (strings_free()). The
 * container's flags are those of SPEC D.5, but that forwards are the engine's, and that what is thrown away is the root
 * folder itself. supervised: no systemd on this host. Pure. -ENOMEM. */
int nspawn_arguments(const struct container *c, const struct guest_system *s, bool supervised, char ***ret);
