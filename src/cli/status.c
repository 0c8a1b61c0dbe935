/* status: everything about some containers, or all. */
#include "front/describe.h"

#include "cli/commands.h"

#include <errno.h>

/* The entries that the arguments name, or all of them. */
static int choose(const struct invocation *i, const struct inventory *inventory, const struct describer *d,
                  json_t *objects, struct error *e) {
        size_t n = i->arguments.n_positional > 0 ? i->arguments.n_positional : inventory->n;

        for (size_t k = 0; k < n; k++) {
                const char *name = invocation_argument(i, k);
                const struct entry *entry = name ? inventory_find(inventory, name) : &inventory->entries[k];

                if (!entry)
                        return error_set(e, ENOENT, EXIT_USAGE, "Container %s does not exist!", name);
                if (json_array_append_new(objects, describe(d, entry)) < 0)
                        return error_errno(e, ENOMEM, EXIT_FAILED, "cannot describe %s", entry->name);
        }
        return 0;
}

int command_status(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        json_t *objects = json_array();
        const json_t *object;
        struct describer d;
        size_t n;
        int r;

        describer_open(&d);
        if (i->arguments.n_positional != 1)
                describer_survey(&d);
        r = inventory_load(i->unit_directory, &inventory, e);
        if (r >= 0)
                r = choose(i, &inventory, &d, objects, e);
        describer_close(&d);
        if (r >= 0) {
                json_array_foreach (objects, n, object)
                        describe_print(&i->output, object, true);
                r = output_json(&i->output, i->arguments.n_positional == 1 ? json_array_get(objects, 0) : objects, e);
        }
        json_decref(objects);
        return r;
}
