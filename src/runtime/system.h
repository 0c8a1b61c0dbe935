/* What a nixos-container runs: found before each start, whoever made it. */
#pragma once

#include "base/error.h"
#include "model/container.h"

#include <stdbool.h>

struct guest_system {
        char *init;   /* program of PID 1, as the guest sees it */
        char *usr;    /* what /usr is bound from, read-only; NULL: the root has its own */
        char *tree;   /* where a new root's /etc and /var come from; NULL: from nowhere */
        bool profile; /* the definition of a profile of ours says so, and what is in /etc */
        bool idmap;   /* usr can be ID-mapped into a user namespace */
        char **nix;   /* what a system of NixOS uses of Nix: arguments of systemd-nspawn; NULL: it is none */
};

#define GUEST_SYSTEM_INIT ((struct guest_system){0})
void guest_system_clear(struct guest_system *s);

/* In this order: SYSTEM_PATH of the conf, a tree with usr/ or a NixOS system with init; the profile; a system in the
 * container's root folder itself. */
int guest_system_find(const struct container *c, struct guest_system *ret, struct error *e);

/* Has the root folder there, with what systemd-nspawn and systemd need of it; a new one gets the tree's /etc and /var.
 * What is there stays. */
int guest_root_prepare(const struct container *c, const struct guest_system *s, struct error *e);
