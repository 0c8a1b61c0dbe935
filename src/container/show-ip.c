/* show-ip: what the conf says, alone on a line. */
#include "container/commands.h"
#include "container/find.h"

#include "state/store.h"

#include <errno.h>

int container_command_show_ip(struct invocation *i, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const char *name = invocation_argument(i, 0);
        const struct address *address;
        const struct entry *entry;
        char text[ADDRESS_TEXT_MAX];
        json_t *value;
        int r;

        r = container_find(name, &inventory, &entry, e);
        if (r >= 0)
                r = store_load(name, &c, e);
        if (r < 0)
                return r;
        address = c.end.local_v4.address.family != AF_UNSPEC ? &c.end.local_v4.address : &c.end.local_v6.address;
        if (address->family == AF_UNSPEC)
                return error_set(e, ENOENT, EXIT_CONTAINER,
                                 "container '%s' has no address: %s says neither LOCAL_ADDRESS nor LOCAL_ADDRESS6",
                                 name, entry->unit_file);
        output_line(&i->output, "%s", address_format(address, text));
        value = json_pack("{s:s, s:s}", "name", name, "address", address_format(address, text));
        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}
