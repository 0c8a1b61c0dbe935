/* What the guest finds before it runs, whoever runs it: written before each start. */
#pragma once

#include "base/error.h"
#include "model/network.h"

/* PATH_CONTAINERS/NAME/guest, which is bound into the container: the first process, its instructions, and the guest's
 * 20-host0.network. The folder that it is in is there. Undo: guest_folder_remove(). */
int guest_folder_make(const struct container *c, const struct network *n, struct error *e);
/* Absent: 0. */
int guest_folder_remove(const char *name);
/* What it says, anew, of a container that runs. 1: 20-host0.network is another one than before. */
int guest_folder_follow(const struct container *c, const struct network *n, struct error *e);

/* The generation of its definition that the container runs with. -ENOENT: it does not run, or has none. */
int guest_generation(const char *name, unsigned *ret);

/* The guest's /etc/resolv.conf, when it is absent, empty or ours; a nixos-container's is the host's copied, if it asks
 * for that. No undo: the next start writes it again. */
int guest_resolver_write(const struct container *c, const struct network *n, struct error *e);

/* The domain of names is another one: what a running guest reads of the two says so from now on. Not running: 0. */
int guest_names_follow(const char *name, struct error *e);
