/* networking.networkmanager, as a file that NetworkManager reads. */
#include "host_config.h"

#include "base/buffer.h"
#include "base/parse.h"
#include "value.h"

#include <stdlib.h>

char *host_networkmanager_file(const json_t *host) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        const json_t *networking = json_object_get(json_object_get(host, "config"), "networking"), *item;
        const json_t *list = json_object_get(json_object_get(networking, "networkmanager"), "unmanaged");
        size_t i;

        if (json_array_size(list) == 0)
                return calloc(1, 1);
        buffer_append_string(&b, "# Made by 'nixos-nspawn apply': changes here are lost at the next one.\n"
                                 "[keyfile]\nunmanaged-devices+=");
        json_array_foreach (list, i, item) {
                const char *s = value_string(item);

                if (!s || !string_is_clean(s))
                        return NULL;
                buffer_append_format(&b, "%s%s", i > 0 ? ";" : "", s);
        }
        buffer_append_byte(&b, '\n');
        return buffer_steal(&b);
}
