/* Containers that a person defined by a NAME.nspawn of his own, in PATH_UNITS or PATH_RUNTIME_UNITS. nixos-nspawn
 * neither changes nor removes them; it runs them, and their ports are taken all the same. */
#pragma once

#include "base/error.h"
#include "model/container.h"

/* own: names of the containers that are defined here, sorted. *ret: names of the others, sorted, NULL-terminated, owned
 * (strings_free()). -ENOMEM, or why a folder cannot be read. */
int foreign_list(char *const *own, char ***ret);
/* The file, of which the one in PATH_UNITS counts; malloc'd. -ENOENT: there is none. */
int foreign_find(const char *name, char **ret);
/* What it says, without .network files (config/nspawn_file.h); store_load() has those, too. */
int foreign_load(const char *name, struct container *ret, struct error *e);
