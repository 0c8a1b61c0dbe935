/* nixos.containers.nameSuffix. */
#include "host_config.h"

#include "value.h"

#include <errno.h>
#include <string.h>

#define OPTION "nixos.containers.nameSuffix"

int host_suffix_read(const json_t *host, char ret[NAME_SUFFIX_MAX + 1], json_t **ret_path, struct error *e) {
        const json_t *nixos = json_object_get(json_object_get(host, "config"), "nixos");
        const json_t *v = json_object_get(json_object_get(nixos, "containers"), "nameSuffix");
        const char *s = v ? value_string(v) : NAME_SUFFIX_DEFAULT, *problem = s ? name_suffix_problem(s) : NULL;
        char found[VALUE_TEXT_MAX];

        if (!s || problem) {
                if (ret_path)
                        *ret_path = json_pack("[s,s,s]", "nixos", "containers", "nameSuffix");
                return error_set(e, EINVAL, EXIT_CONTAINER, OPTION ": %s; found %s", s ? problem : "expected a domain",
                                 value_describe(v, found));
        }
        for (char *to = ret; (*to = *s) != '\0'; s++, to++)
                if (*to >= 'A' && *to <= 'Z')
                        *to = (char) (*to - 'A' + 'a');
        return 0;
}
