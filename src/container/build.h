/* Systems that Nix builds: those of flakes, and of configurations that are built with nixpkgs.
 *
 * What is built is kept from garbage collection by a profile of the container's own (PATH_NIX_PROFILES); what it was
 * built from stands in its conf: FLAKE, or NIXOS_PATH with the configuration beside the conf. The conf's SYSTEM_PATH is
 * the place in the store, and not the profile, which the container's root may change. */
#pragma once

#include "config/conf.h"
#include "front/command.h"

/* Refuses what does not go together. */
int build_check(const struct invocation *i, struct error *e);

/* What a container is built from; both NULL: not by Nix. Owned. */
struct build {
        char *flake;      /* "REF#ATTR" */
        char *nixos_path; /* the folder nixos of nixpkgs */
};

#define BUILD_INIT ((struct build){0})
void build_clear(struct build *b);
static inline bool build_is_wanted(const struct build *b) {
        return b->flake || b->nixos_path;
}

/* What the options say, or a conf. A flake in a folder is named by its whole path, so that update finds it from
 * anywhere; one without an attribute, as NixOS writes it into confs, means SPEC D.3's. */
int build_from_options(const struct invocation *i, struct build *ret, struct error *e);
int build_from_conf(const struct conf *conf, struct build *ret, struct error *e);

/* Refuses options for Nix where Nix builds nothing. */
int build_check_unused(const struct invocation *i, struct error *e);

/* Has Nix build it, with the options for Nix of the invocation; it speaks on standard error. configuration: an
 * expression, a module, for nixos_path. *ret: the system in the store. */
int build_run(const struct build *b, const struct invocation *i, const char *name, const char *configuration,
              char **ret, struct error *e);

/* The configuration for nixos_path, kept for update; outside of the container, which must not change what the host
 * evaluates. Reading: -ENOENT when there is none. Saving NULL: there is none any more. */
int build_configuration_save(const char *name, const char *text, struct error *e);
int build_configuration_load(const char *name, char **ret, struct error *e);

/* Makes it the profile's. Undo: build_profile_restore(), or, of a new container, directories_remove_nix(). */
int build_keep(const char *name, const char *system, struct error *e);
/* Where the profile points to, as text. NULL: there is none. */
int build_profile(const char *name, char **ret, struct error *e);
/* Has it point there again, and takes the generation away that it points to now. */
int build_profile_restore(const char *name, const char *before, struct error *e);
