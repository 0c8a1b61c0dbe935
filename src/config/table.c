/* The tables are text inside the program, so that a config in JSON needs neither Nix nor a file to be checked. */
#include "table.h"

/* The files of the same names, through embed.py. */
extern const char options_json[], host_options_json[], zone_options_json[];
extern const unsigned options_json_size, host_options_json_size, zone_options_json_size;

json_t *table_load(void) {
        return json_loadb(options_json, options_json_size, 0, NULL);
}

json_t *table_load_zone(void) {
        return json_loadb(zone_options_json, zone_options_json_size, 0, NULL);
}

json_t *table_load_host(void) {
        return json_loadb(host_options_json, host_options_json_size, 0, NULL);
}
