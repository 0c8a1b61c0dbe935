/* ports: every forward of every container, and who listens on the host's side of it. */
#include "cli/commands.h"
#include "cli/listeners.h"
#include "front/describe.h"
#include "front/inventory.h"

#include <errno.h>
#include <string.h>

static char *range_text(const json_t *ports) {
        char *text = NULL;
        json_int_t first = json_integer_value(json_array_get(ports, 0));
        json_int_t last = json_integer_value(json_array_get(ports, 1));
        int n = first == last ? asprintf(&text, "%d", (int) first) : asprintf(&text, "%d-%d", (int) first, (int) last);

        return n < 0 ? NULL : text;
}

static const struct output_column columns[] = {
        {.title = "PROTOCOL", .key = "protocol"},
        {.title = "BIND", .key = "bindAddress", .none = "*"},
        {.title = "PORT", .key = "hostPorts", .right = true, .format = range_text},
        {.title = "CONTAINER", .key = "container"},
        {.title = "TO", .key = "containerPorts", .right = true, .format = range_text},
        {.title = "ADDRESSES", .key = "addresses", .shrink = true},
        {.title = "STATE", .key = "state"},
        {.title = "LISTENER", .key = "listener", .shrink = true},
};

static json_t *range(const json_t *forward, const char *key) {
        json_int_t first = json_integer_value(json_object_get(forward, key));

        return json_pack("[I, I]", first, first + json_integer_value(json_object_get(forward, "count")) - 1);
}

static json_t *row_new(const json_t *container, const json_t *forward, const struct listeners *listeners) {
        const char *protocol = json_string_value(json_object_get(forward, "protocol"));
        json_int_t port = json_integer_value(json_object_get(forward, "hostPort"));
        json_t *addresses = json_array();

        for (size_t n = 0; n < 2; n++) {
                json_t *address = json_object_get(container, n == 0 ? "ipv4" : "ipv6");

                if (json_is_string(address))
                        (void) json_array_append(addresses, address);
        }
        return json_pack("{s:O, s:O, s:o, s:O, s:o, s:o, s:O, s:o}", "protocol", json_object_get(forward, "protocol"),
                         "bindAddress", json_object_get(forward, "bindAddress"), "hostPorts",
                         range(forward, "hostPort"), "container", json_object_get(container, "name"), "containerPorts",
                         range(forward, "containerPort"), "addresses", addresses, "state",
                         json_object_get(container, "state"), "listener",
                         listeners_describe(listeners, protocol, port,
                                            port + json_integer_value(json_object_get(forward, "count")) - 1));
}

static int add_rows(json_t *rows, const json_t *container, const struct listeners *listeners, struct error *e) {
        const json_t *forward;
        size_t n;

        json_array_foreach (json_object_get(container, "forwards"), n, forward)
                if (json_array_append_new(rows, row_new(container, forward, listeners)) < 0)
                        return error_errno(e, ENOMEM, EXIT_FAILED, "cannot list the ports");
        return 0;
}

static bool wanted(const struct invocation *i, const char *name) {
        for (size_t n = 0; n < i->arguments.n_positional; n++)
                if (strcmp(i->arguments.positional[n], name) == 0)
                        return true;
        return i->arguments.n_positional == 0;
}

static int collect(const struct invocation *i, const struct inventory *inventory, json_t *rows, struct error *e) {
        _cleanup_(listeners_clear) struct listeners listeners = LISTENERS_INIT;
        struct describer d;
        int r;

        r = listeners_load(&listeners);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read which ports of this host are listened on");
        describer_open(&d);
        for (size_t n = 0; n < inventory->n && r >= 0; n++) {
                json_t *container;

                if (!wanted(i, inventory->entries[n].name))
                        continue;
                container = describe(&d, &inventory->entries[n]);
                r = container ? add_rows(rows, container, &listeners, e) : -ENOMEM;
                json_decref(container);
        }
        describer_close(&d);
        return r;
}

int command_ports(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        json_t *rows;
        int r;

        r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        for (size_t n = 0; n < i->arguments.n_positional; n++)
                if (!inventory_find(&inventory, i->arguments.positional[n]))
                        return error_set(e, ENOENT, EXIT_USAGE, "Container %s does not exist!",
                                         i->arguments.positional[n]);
        rows = json_array();
        r = collect(i, &inventory, rows, e);
        if (r >= 0 && json_array_size(rows) == 0)
                output_line(&i->output, "No ports are forwarded.");
        if (r >= 0)
                r = output_table(&i->output, columns, ELEMENTS_OF(columns), rows, e);
        if (r >= 0)
                r = output_json(&i->output, rows, e);
        json_decref(rows);
        return r;
}
