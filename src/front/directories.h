/* Folders of a container on the host. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* PATH_MACHINES, or where a nixos-container's files are: by the kind of NAME. */
const char *directories_folder(const char *name);
/* The same and "/NAME"; malloc'd, NULL when there is no memory. */
char *directories_root(const char *name);
/* Whether they are there. */
bool directories_has_root(const char *name);
/* Makes an empty one for a nixos-container whose system lies elsewhere, or finds it. */
int directories_make_root(const char *name, struct error *e);

/* What a system is that somebody names by its path: a directory with usr/, or a built system of NixOS, with init. */
bool directories_is_tree(const char *path);
bool directories_is_built(const char *path);

/* Takes away what a system that Nix built has of its own: configuration, profiles, roots of garbage collection. Absent:
 * 0. */
int directories_remove_nix(const char *name, struct error *e);

/* The folders that are not there on the host and have to be for these bind mounts ("HOST:CONTAINER[:OPTIONS]",
 * NULL-terminated), outermost first. *ret: strings_free(), NULL when there are none. */
int directories_missing(char *const *bind_mounts, char ***ret, struct error *e);
/* Makes folders in that order. NULL: none. */
int directories_make(char *const *folders, struct error *e);
/* Takes those of them away that are there and empty. */
void directories_remove(char *const *made);
