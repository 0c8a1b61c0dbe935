/* zone list, zone status: definitions, and what of them is there. */
#include "cli/zone.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/string-list.h"
#include "front/output.h"
#include "netd/client.h"
#include "state/store.h"
#include "state/zones.h"

#include <errno.h>
#include <string.h>

enum { TIMEOUT_MS = 10000 };

static char *format_members(const json_t *value) {
        return format("%zu", json_array_size(value));
}

static const struct output_column columns[] = {
        {.title = "NAME", .key = "name"},
        {.title = "TYPE", .key = "type"},
        {.title = "STATE", .key = "state"},
        {.title = "IPV4", .key = "ipv4"},
        {.title = "IPV6", .key = "ipv6", .shrink = true},
        {.title = "MEMBERS", .key = "members", .format = format_members},
};

static const struct output_column details[] = {
        {.title = "Type", .key = "type"},
        {.title = "State", .key = "state"},
        {.title = "Problem", .key = "problem"},
        {.title = "Bridge", .key = "link"},
        {.title = "Hardware address", .key = "mac"},
        {.title = "IPv4", .key = "ipv4"},
        {.title = "IPv6", .key = "ipv6"},
        {.title = "Internal", .key = "internal"},
        {.title = "Isolated", .key = "isolated"},
        {.title = "Persistent", .key = "persistent"},
        {.title = "Host access", .key = "hostAccess"},
        {.title = "Members", .key = "members"},
};

static json_t *prefix_value(const struct prefix *p) {
        char text[PREFIX_TEXT_MAX];

        return p->address.family == AF_UNSPEC ? json_null() : json_string(prefix_format(p, text));
}

static void add_network(json_t *object, const char *name) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        struct zone_network n;
        uint8_t machine_id[16];
        char mac[MAC_TEXT_MAX];

        if (machine_id_get(machine_id, NULL) < 0 || allocations_load(&a, NULL) < 0 ||
            zones_compute(name, a, machine_id, &n, NULL) < 0)
                return;
        (void) json_object_set_new(object, "link", json_string(n.link));
        (void) json_object_set_new(object, "mac", json_string(mac_format(&n.mac, mac)));
        (void) json_object_set_new(object, "ipv4", prefix_value(&n.host_v4));
        (void) json_object_set_new(object, "ipv6", prefix_value(&n.host_v6));
}

static const json_t *find_active(const json_t *active, const char *name) {
        const json_t *z;
        size_t i;

        json_array_foreach (active, i, z)
                if (string_equal(json_string_value(json_object_get(z, "name")), name))
                        return z;
        return NULL;
}

static json_t *describe(const char *name, const json_t *active, struct error *e) {
        static const char *const copied[] = {"internal", "isolated", "persistent", "hostAccess"};
        _cleanup_(strings_freep) char **members = NULL;
        enum zone_origin origin = ZONE_IMPERATIVE;
        const json_t *there = find_active(active, name);
        json_t *options, *object, *list;

        if (zones_load_options(name, &options, &origin, e) < 0 || zones_members(name, &members, e) < 0)
                return NULL;
        object = json_pack("{s:s, s:s, s:s}", "name", name, "type",
                           origin == ZONE_DECLARED ? "declarative" : "imperative", "state", there ? "up" : "absent");
        add_network(object, name);
        for (size_t i = 0; i < ELEMENTS_OF(copied); i++)
                (void) json_object_set(object, copied[i], json_object_get(options, copied[i]));
        if (json_object_get(there, "problem"))
                (void) json_object_set(object, "problem", json_object_get(there, "problem"));
        list = json_array();
        for (char **m = members; *m; m++)
                (void) json_array_append_new(list, json_string(*m));
        (void) json_object_set_new(object, "members", list);
        json_decref(options);
        return object;
}

/* All of them, or those that the arguments after the action name. */
static int describe_all(const struct invocation *i, json_t **ret, struct error *e) {
        _cleanup_(strings_freep) char **all = NULL;
        json_t *active = NULL, *rows = json_array();
        int r = zones_list(&all, e);

        if (r >= 0 && netd_running())
                (void) netd_call("ListZones", NULL, TIMEOUT_MS, &active, NULL);
        for (size_t k = 0; r >= 0; k++) {
                const char *name = i->arguments.n_positional > 1 ? invocation_argument(i, k + 1) : all[k];
                json_t *object;

                if (!name)
                        break;
                object = describe(name, json_object_get(active, "zones"), e);
                r = object ? json_array_append_new(rows, object) : -ENOENT;
        }
        json_decref(active);
        if (r < 0) {
                json_decref(rows);
                return r;
        }
        *ret = rows;
        return 0;
}

int zone_list(struct invocation *i, struct error *e) {
        json_t *rows;
        int r = describe_all(i, &rows, e);

        if (r < 0)
                return r;
        output_line(&i->output, "Showing %zu zone%s:", json_array_size(rows), json_array_size(rows) == 1 ? "" : "s");
        r = output_table(&i->output, columns, ELEMENTS_OF(columns), rows, e);
        if (r >= 0)
                r = output_json(&i->output, rows, e);
        json_decref(rows);
        return r;
}

int zone_status(struct invocation *i, struct error *e) {
        const json_t *object;
        json_t *rows;
        size_t n;
        int r = describe_all(i, &rows, e);

        if (r < 0)
                return r;
        json_array_foreach (rows, n, object) {
                output_line(&i->output, "Zone %s", json_string_value(json_object_get(object, "name")));
                output_details(&i->output, details, ELEMENTS_OF(details), object);
        }
        r = output_json(&i->output, i->arguments.n_positional == 2 ? json_array_get(rows, 0) : rows, e);
        json_decref(rows);
        return r;
}
