/* list: names, for scripts. */
#include "container/commands.h"
#include "front/describe.h"
#include "front/inventory.h"

#include "base/paths.h"

int container_command_list(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        json_t *rows;
        struct describer d;
        int r;

        r = inventory_load(PATH_UNITS, &inventory, e);
        if (r < 0)
                return r;
        rows = json_array();
        describer_open(&d);
        if (i->output.json)
                describer_survey(&d);
        for (size_t n = 0; n < inventory.n; n++) {
                const struct entry *entry = &inventory.entries[n];

                if (entry->kind != CONTAINER_NIXOS)
                        continue;
                output_line(&i->output, "%s", entry->name);
                if (i->output.json)
                        (void) json_array_append_new(rows, describe(&d, entry));
        }
        describer_close(&d);
        r = output_json(&i->output, rows, e);
        json_decref(rows);
        return r;
}
