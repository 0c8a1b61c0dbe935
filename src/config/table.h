/* The tables of all portable options: options.json, host_options.json and zone_options.json, made from nix/portable and
 * built in. */
#pragma once

#include <jansson.h>

/* The options of a container, those of the host, those of a zone. A new reference; NULL when there is no memory. */
json_t *table_load(void);
json_t *table_load_host(void);
json_t *table_load_zone(void);
