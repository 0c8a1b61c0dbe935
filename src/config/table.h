/* The table of all portable options: options.json, made from nix/portable and built in. */
#pragma once

#include <jansson.h>

/* A new reference; NULL when there is no memory. */
json_t *table_load(void);
