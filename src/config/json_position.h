/* Where in a JSON text something stands, for messages. */
#pragma once

#include <jansson.h>

struct json_position {
        unsigned line;   /* from 1; 0: not found */
        unsigned column; /* from 1, in characters */
};

/* path: option_path.h. The position of the last step: of its name in an object, of the value in a list; for the empty
 * path, of the value that the text is. Steps that do not exist: the last one that does. text: valid JSON, or whatever
 * else; only then the answer means nothing. */
struct json_position json_position_find(const char *text, const json_t *path);
