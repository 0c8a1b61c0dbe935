/* Providers of OS trees: where a container's /usr, and its first /etc and /var, come from. */
#pragma once

#include "base/error.h"
#include "runtime/runtime.h"

#include <jansson.h>
#include <stdbool.h>

enum provider {
        PROVIDER_AUTO,
        PROVIDER_NIXOS,
        PROVIDER_HOST,
        PROVIDER_DEBIAN,
        PROVIDER_IMAGE,
};
/* "auto", "nixos", "host", "debian", "image". -EINVAL: unknown name. */
int provider_parse(const char *s, enum provider *ret);
const char *provider_name(enum provider p);

struct tree {
        char *path; /* the cached tree, owned */
        char *usr;  /* what /usr is bound from, read-only; NULL: the root has its own */
        char *init; /* program of PID 1: "/usr/lib/systemd/systemd" */
        bool idmap; /* usr can be ID-mapped into a user namespace (guest_nspawn_file() asks) */
};

#define TREE_INIT ((struct tree){0})
void tree_clear(struct tree *t);

/* Packages that spec's services need beyond the base, sorted; NULL-terminated, owned (free each and the list). Pure. */
int tree_packages(const json_t *spec, char ***ret);

/* Makes or finds the cached tree for the spec (slow the first time; progress says so). image: what PROVIDER_IMAGE
 * takes its system from, a directory or a tar archive; else NULL.
 *
 * $NIXOS_NSPAWN_SUITE: the Debian release (default "trixie"); $NIXOS_NSPAWN_MIRROR: where from. */
int tree_prepare(enum provider provider, const char *image, const json_t *spec, runtime_progress_t progress,
                 void *userdata, struct tree *ret, struct error *e);

/* The container's own root at PATH_MACHINES/NAME: /etc and /var of the tree (existing files of an existing root are
 * kept), then the files that the spec asks for (config/guest.h); those that an earlier spec asked for and this one
 * does not are taken away. Host directories of bind mounts are made where absent.
 *
 * Returns 1 when the root is new, 0 when there was one. A new root is there whole or, after a failure, not at all. */
int tree_instantiate(const struct tree *t, const char *name, const json_t *spec, struct error *e);
/* The same at FOLDER/NAME, for nixos-containers (PATH_STATES). */
int tree_instantiate_in(const char *folder, const struct tree *t, const char *name, const json_t *spec,
                        struct error *e);

/* Removes PATH_MACHINES/NAME. Absent is fine. The container must not run. */
int tree_remove_root(const char *name, struct error *e);
int tree_remove_root_in(const char *folder, const char *name, struct error *e);
