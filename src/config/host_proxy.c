/* nixos.containers.proxyNeighbours. */
#include "host_config.h"

#include "value.h"

#include <errno.h>
#include <string.h>

#define OPTION "nixos.containers.proxyNeighbours"

static bool is_link(const char *s) {
        return s && *s && strlen(s) < IFNAMSIZ && !strpbrk(s, "/ \t\n\"") && strcmp(s, ".") != 0 &&
               strcmp(s, "..") != 0;
}

int host_proxy_read(const json_t *host, struct proxy_links *ret, json_t **ret_path, struct error *e) {
        const json_t *nixos = json_object_get(json_object_get(host, "config"), "nixos");
        const json_t *list = json_object_get(json_object_get(nixos, "containers"), "proxyNeighbours"), *v = list;
        char found[VALUE_TEXT_MAX];
        size_t i;

        *ret = (struct proxy_links){0};
        if (ret_path)
                *ret_path = NULL;
        if (json_array_size(list) <= PROXY_LINKS_MAX && (!list || json_is_array(list))) {
                json_array_foreach (list, i, v) {
                        if (!is_link(value_string(v)))
                                break;
                        (void) strcpy(ret->names[ret->n++], value_string(v));
                }
                if (i == json_array_size(list))
                        return 0;
        }
        *ret = (struct proxy_links){0};
        if (ret_path)
                *ret_path = json_pack("[s,s,s]", "nixos", "containers", "proxyNeighbours");
        return error_set(e, EINVAL, EXIT_CONTAINER, OPTION ": expected at most %d names of links, found %s",
                         PROXY_LINKS_MAX, value_describe(v, found));
}
