/* Where an option is in the tree: a JSON array of attribute names and list indices. */
#pragma once

#include <jansson.h>

/* "services.nginx.virtualHosts.\"a.b\".listen[0].port": as one writes it in Nix, names quoted where Nix wants it, and
 * harmless on a terminal. The empty path is "the config". malloc'd, NULL when there is no memory. */
char *option_path_name(const json_t *path);

/* What option_path_name() wrote, read again as far as text begins with it: a new path, empty when it does not. NULL
 * when there is no memory. */
json_t *option_path_read(const char *text);

/* One step through the table of options (docs/spec.md). node: a part of the table, at first the whole; step: a name or
 * an index. The part that the step leads to, borrowed, or NULL when there is nothing of that name. */
const json_t *option_path_step(const json_t *node, const json_t *step);

/* The names that can follow node: a JSON object whose keys they are, borrowed, or NULL when any name can or none. */
const json_t *option_path_names(const json_t *node);

/* What is between the name of a set of options and that of one in it: nothing, when the set has no name. */
static inline const char *option_path_dot(const char *set) {
        return *set ? "." : "";
}
