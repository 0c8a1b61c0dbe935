/* The tables of all portable options: options.json and host_options.json, made from nix/portable and built in. */
#pragma once

#include <jansson.h>

/* The options of a container, those of the host. A new reference; NULL when there is no memory. */
json_t *table_load(void);
json_t *table_load_host(void);
