/* A config, whichever set of options it is of, as a tree: evaluated or parsed, checked, completed. */
#pragma once

#include "base/error.h"

#include <jansson.h>

#define CONFIG_SET_CONTAINER "options"
#define CONFIG_SET_HOST      "host"
#define CONFIG_SET_ZONE      "zone"

struct config_tree {
        char *absolute; /* path of the file */
        char *text;
        json_t *places; /* where options are set, as Nix tells; of JSON NULL */
        json_t *config;
};

#define CONFIG_TREE_INIT ((struct config_tree){0})

void config_tree_clear(struct config_tree *t);

/* path: a .nix or .json file. set: CONFIG_SET_*. name: what options default to that have the name as default. */
int config_tree_load(const char *path, const char *set, const char *name, struct config_tree *ret, struct error *e);

/* "FILE:LINE:COLUMN" of an option (option_path.h), for messages, or as much of it as is known. malloc'd, or NULL. */
char *config_tree_where(const struct config_tree *t, const char *path, const json_t *option);

/* Puts that in front of each message of e, which begins with the name of the option that it is about, and sorts them.
 */
void config_tree_locate(const struct config_tree *t, const char *path, struct error *e);
