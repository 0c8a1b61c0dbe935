/* What --config and --config-file say, as a file of Nix that is evaluated, and kept to be evaluated again by update.
 *
 * It is kept with the definition, not in the container's own /etc/nixos, where the container could change what the host
 * evaluates. */
#pragma once

#include "front/definition.h"

/* Refuses two sources. */
int configuration_check(const struct invocation *i, struct error *e);

/* Text of the file that the options mean: "{ imports = [ FILE ]; }" or "{ config, lib, pkgs, ... }:\n{ TEXT }".
 * *ret is NULL when the options name none. */
int configuration_text(const struct invocation *i, char **ret, struct error *e);

/* The one that the container was made with; -ENOENT: none. */
int configuration_kept(const char *name, char **ret, struct error *e);

/* Evaluates the text for the container NAME. tree: a directory with the system, NULL: chosen by what is on this host.
 */
int configuration_load(const struct invocation *i, const char *text, const char *name, const char *tree,
                       struct definition *ret, struct error *e);
