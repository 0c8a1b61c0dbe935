/* From what a person wrote (.nix or .json) to the one spec JSON (docs/spec.md), with every option checked. */
#pragma once

#include "base/error.h"

#include <jansson.h>

/* path: a .nix or .json file. name: the container's (default host name). *ret: the complete spec with all defaults.
 * Errors name file, line, option and what is expected. */
int config_load(const char *path, const char *name, json_t **ret, struct error *e);
