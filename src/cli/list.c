/* list: a line a container. */
#include "front/describe.h"

#include "cli/commands.h"

#include <errno.h>

static const struct output_column columns[] = {
        {.title = "NAME", .key = "name"},
        {.title = "STATE", .key = "state", .none = "unknown"},
        {.title = "TYPE", .key = "type"},
        {.title = "IPV4", .key = "ipv4"},
        {.title = "IPV6", .key = "ipv6", .shrink = true},
        {.title = "PORTS", .key = "forwards", .shrink = true, .format = describe_forwards},
        {.title = "KIND", .key = "kind"}, /* where there are nixos-containers */
};

static bool has_nixos(const struct inventory *inventory) {
        for (size_t n = 0; n < inventory->n; n++)
                if (inventory->entries[n].kind == CONTAINER_NIXOS)
                        return true;
        return false;
}

static json_t *describe_all(const struct inventory *inventory, bool filtered, enum origin only) {
        json_t *rows = json_array();
        struct describer d;

        describer_open(&d);
        describer_survey(&d);
        for (size_t n = 0; n < inventory->n; n++)
                if ((!filtered || inventory->entries[n].origin == only) &&
                    json_array_append_new(rows, describe(&d, &inventory->entries[n])) < 0) {
                        json_decref(rows);
                        rows = NULL;
                        break;
                }
        describer_close(&d);
        return rows;
}

/* A table has no room for sentences. */
static void print_problems(struct output *o, const json_t *rows) {
        const json_t *row;
        size_t i;

        json_array_foreach (rows, i, row) {
                const char *problem = json_string_value(json_object_get(row, "problem"));

                if (problem)
                        output_line(o, "%s: %s", json_string_value(json_object_get(row, "name")), problem);
        }
}

int command_list(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const char *type = invocation_value(i, OPTION_TYPE);
        enum origin only = ORIGIN_IMPERATIVE;
        json_t *rows;
        int r;

        if (type && origin_parse(type, &only) < 0)
                return error_set(e, EINVAL, EXIT_USAGE, "--type %s is unknown: imperative, declarative or unmanaged",
                                 type);
        r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        rows = describe_all(&inventory, type != NULL, only);
        if (!rows)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot list the containers");
        output_line(&i->output, "Showing %zu of %zu containers:", json_array_size(rows), inventory.n);
        r = output_table(&i->output, columns, ELEMENTS_OF(columns) - !has_nixos(&inventory), rows, e);
        if (r >= 0) {
                print_problems(&i->output, rows);
                r = output_json(&i->output, rows, e);
        }
        json_decref(rows);
        return r;
}
