/* Checks a config that was written as JSON against the table of options, and completes it. */
#pragma once

#include "base/error.h"

#include <jansson.h>

/* config: the parsed text. text: the same as text, for positions. file: its name for messages. name: the container's.
 * *ret: a new tree with every option, defaults filled in, as nix/portable/evaluate.nix makes it. */
int config_check(const json_t *config, const char *text, const char *file, const char *name, const json_t *table,
                 json_t **ret, struct error *e);
