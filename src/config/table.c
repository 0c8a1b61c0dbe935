/* The tables are text inside the program, so that a config in JSON needs neither Nix nor a file to be checked. */
#include "table.h"

#include "base/parse.h"

#include <errno.h>

/* The files of the same names, through embed.py. */
extern const char options_json[], host_options_json[], zone_options_json[];
extern const unsigned options_json_size, host_options_json_size, zone_options_json_size;

json_t *table_load(void) {
        return json_loadb(options_json, options_json_size, 0, NULL);
}

json_t *table_load_zone(void) {
        return json_loadb(zone_options_json, zone_options_json_size, 0, NULL);
}

/* Where a config of a container is meant, the options of the other table are: as of a type "options" that says so. */
static int put_configs(json_t *node, json_t *options) {
        json_t *inner;
        const char *key;
        int r = 0;

        if (string_equal(json_string_value(json_object_get(node, "kind")), "config"))
                r = json_object_set_new(node, "kind", json_string("options")) < 0 ||
                                    json_object_set(node, "options", options) < 0 ||
                                    json_object_set_new(node, "named", json_true()) < 0
                            ? -ENOMEM
                            : 0;
        else
                json_object_foreach (node, key, inner)
                        if (r >= 0 && !string_equal(key, "default") && !string_equal(key, "example"))
                                r = put_configs(inner, options);
        return r;
}

json_t *table_load_host(void) {
        json_t *host = json_loadb(host_options_json, host_options_json_size, 0, NULL), *container = table_load();

        if (host && (!container || put_configs(host, json_object_get(container, "options")) < 0)) {
                json_decref(host);
                host = NULL;
        }
        json_decref(container);
        return host;
}
