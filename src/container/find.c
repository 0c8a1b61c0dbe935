#include "container/find.h"

#include "front/command.h"

#include "base/paths.h"

#include <errno.h>

int container_find(const char *name, struct inventory *ret, const struct entry **ret_entry, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const struct entry *entry;
        int r;

        r = inventory_load(PATH_UNITS, &inventory, e);
        if (r < 0)
                return r;
        entry = inventory_find(&inventory, name);
        if (entry && entry->kind != CONTAINER_NIXOS)
                return error_set(e, ENOENT, EXIT_CONTAINER,
                                 "container '%s' does not exist: it is a container of nixos-nspawn, use that command",
                                 name);
        if (!entry)
                return error_set(e, ENOENT, EXIT_CONTAINER, "container '%s' does not exist", name);
        *ret = inventory;
        *ret_entry = entry;
        inventory = INVENTORY_INIT;
        return 0;
}

int container_may_change(const struct invocation *i, struct error *e) {
        if (geteuid() == 0)
                return 0;
        return error_set(e, EPERM, EXIT_FAILED,
                         "'%s' needs root, because it changes containers and the network of this host: run it with "
                         "sudo",
                         i->command->name);
}
