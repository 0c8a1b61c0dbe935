/* What a person may have meant by the name of an option that does not exist. */
#pragma once

#include <jansson.h>

/* path: of the unknown option. The name of one that exists and is near: a slip of the pen in one of its parts, or the
 * same name in another place. malloc'd, or NULL when nothing is near. */
char *nearest_option(const json_t *table, const json_t *path);
