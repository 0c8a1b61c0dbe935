/* Providers of OS trees: where a container's /usr, and its first /etc and /var, come from. */
#pragma once

#include "base/error.h"
#include "runtime/runtime.h"

#include <jansson.h>

enum provider {
        PROVIDER_AUTO,
        PROVIDER_NIXOS,
        PROVIDER_HOST,
        PROVIDER_DEBIAN,
        PROVIDER_IMAGE,
};
/* -EINVAL: unknown name. */
int provider_parse(const char *s, enum provider *ret);

struct tree {
        char *path;     /* the cached tree, owned */
        char *usr;      /* what /usr is bound from, read-only; NULL: the root has its own */
        char *init;     /* program of PID 1: "/usr/lib/systemd/systemd" */
};
void tree_clear(struct tree *t);

/* Packages that spec's services need, sorted; NULL-terminated, owned. Pure. */
int tree_packages(const json_t *spec, char ***ret);

/* Makes or finds the cached tree for the spec (slow the first time; progress says so). */
int tree_prepare(enum provider provider, const json_t *spec, runtime_progress_t progress, void *userdata,
                 struct tree *ret, struct error *e);

/* The container's own root at PATH_MACHINES/NAME: /etc and /var of the tree (existing files of an existing root are
 * kept), then the files that the spec asks for (config/guest.h). */
int tree_instantiate(const struct tree *t, const char *name, const json_t *spec, struct error *e);
