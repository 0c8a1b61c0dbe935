/* Zones' options: a link's settings, and a few of their own. */
#include "zone_options.h"

#include "base/file.h"
#include "base/parse.h"
#include "check.h"
#include "link_settings.h"
#include "load.h"
#include "option_path.h"
#include "table.h"
#include "value.h"

#include <errno.h>
#include <string.h>

#define SIZE_MIN   16
#define SIZE_LIMIT 29

static int wrong(const char *where, const char *key, const char *expected, const json_t *found, struct error *e) {
        char text[VALUE_TEXT_MAX];

        return error_set(e, EINVAL, EXIT_CONTAINER, "%s%s%s: expected %s, found %s", where, option_path_dot(where), key,
                         expected, value_describe(found, text));
}

static int read_boolean(const json_t *options, const char *where, const char *key, bool *ret, struct error *e) {
        const json_t *v = json_object_get(options, key);

        *ret = json_is_true(v);
        return !v || json_is_boolean(v) ? 0 : wrong(where, key, "true or false", v, e);
}

int host_access_from_options(const json_t *v, const char *where, struct host_access *ret, struct error *e) {
        static const char expected[] = "\"services\", \"all\", \"none\" or a list of ports (\"tcp/443\", \"8080\")";
        const json_t *port;
        size_t i;

        *ret = (struct host_access){0};
        if (!v || (json_is_string(v) && value_string(v) && host_access_parse(value_string(v), &ret->kind) >= 0))
                return 0;
        if (!json_is_array(v))
                return wrong(where, "hostAccess", expected, v, e);
        json_array_foreach (v, i, port) {
                const char *s = value_string(port);
                int r = s ? host_access_add(ret, s) : -EINVAL;

                if (r == -E2BIG)
                        return error_set(e, E2BIG, EXIT_CONTAINER,
                                         "%s%shostAccess: more than %d ports; \"all\" opens the whole host", where,
                                         option_path_dot(where), HOST_PORTS_MAX);
                if (r < 0)
                        return wrong(where, "hostAccess", expected, port, e);
        }
        return 0;
}

static int read_size(const json_t *options, const char *where, uint8_t *ret, struct error *e) {
        const json_t *v = json_object_get(options, "size");
        json_int_t n = json_integer_value(v);

        if (!v)
                return 0;
        if (!json_is_integer(v) || n < SIZE_MIN || n > SIZE_LIMIT)
                return wrong(where, "size", "the length of a prefix from 16 to 29", v, e);
        *ret = (uint8_t) n;
        return 0;
}

/* All that is not a zone's own. */
static int read_link(const json_t *options, const char *where, struct link_settings *ret, struct error *e) {
        static const char *const own[] = {"internal", "persistent", "isolated", "hostAccess", "size"};
        json_t *rest = json_copy((json_t *) options);
        int r = rest ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTS_OF(own); i++)
                (void) json_object_del(rest, own[i]);
        if (r >= 0)
                r = link_settings_from_options(rest, where, LINK_SIDE_ZONE, ret, e);
        json_decref(rest);
        return r;
}

/* Whether it makes a network at all; the automatic ranges are not known here, nor needed for that. */
static int check(const struct zone *z, const char *where, struct error *e) {
        static const uint8_t machine_id[16];
        struct allocation some;
        struct zone_network n;
        int r;

        if (prefix_parse("10.0.0.0/24", false, &some.v4) < 0 || prefix_parse("fd00::/64", false, &some.v6) < 0)
                return -EINVAL;
        r = zone_compute(z, &some, machine_id, &n);
        if (r == -E2BIG)
                return error_set(e, E2BIG, EXIT_CONTAINER, "%s%saddress: more than %d addresses", where,
                                 option_path_dot(where), ZONE_ADDRESSES_MAX);
        if (r < 0)
                return error_set(
                        e, EINVAL, EXIT_CONTAINER,
                        "%s%saddress: the zone has no address: \"\" takes the automatic ranges away, and none is "
                        "given",
                        where, option_path_dot(where));
        return 0;
}

int zone_from_options(const json_t *options, const char *name, const char *where, struct zone *ret, struct error *e) {
        _cleanup_(zone_clear) struct zone z = ZONE_INIT;
        const char *problem = zone_name_problem(name);
        int r;

        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "%s: zone name '%s': %s", where, name, problem);
        if (!json_is_object(options))
                return error_set(e, EINVAL, EXIT_CONTAINER, "%s: expected an attribute set", where);
        (void) strcpy(z.name, name);
        r = read_boolean(options, where, "internal", &z.internal, e);
        if (r >= 0)
                r = read_boolean(options, where, "persistent", &z.persistent, e);
        if (r >= 0)
                r = read_boolean(options, where, "isolated", &z.isolated, e);
        if (r >= 0)
                r = host_access_from_options(json_object_get(options, "hostAccess"), where, &z.access, e);
        if (r >= 0)
                r = read_size(options, where, &z.size, e);
        if (r >= 0)
                r = read_link(options, where, &z.link, e);
        if (r >= 0)
                r = check(&z, where, e);
        if (r < 0)
                return r;
        *ret = z;
        z = ZONE_INIT;
        return 0;
}

int zone_options_load(const char *path, const char *name, json_t **ret, struct error *e) {
        _cleanup_(zone_clear) struct zone z = ZONE_INIT;
        _cleanup_(config_tree_clear) struct config_tree t = CONFIG_TREE_INIT;
        json_t *table, *nothing;
        int r = -ENOMEM;

        if (path) {
                r = config_tree_load(path, CONFIG_SET_ZONE, name, &t, e);
                if (r < 0)
                        return r;
                r = zone_from_options(t.config, name, "", &z, e);
                if (r < 0)
                        config_tree_locate(&t, path, e);
                else
                        *ret = steal_ptr(t.config);
                return r;
        }
        table = table_load_zone();
        nothing = json_object();
        if (table && nothing)
                r = config_check(nothing, "{}", "(nothing)", name, table, ret, e);
        json_decref(nothing);
        json_decref(table);
        return r;
}

const json_t *host_zones(const json_t *host) {
        const json_t *config = json_object_get(host, "config");

        return json_object_get(json_object_get(json_object_get(config, "nixos"), "containers"), "zones");
}

int host_zones_check(const json_t *host, json_t **ret_path, struct error *e) {
        const char *name;
        json_t *options;

        json_object_foreach ((json_t *) host_zones(host), name, options) {
                _cleanup_(zone_clear) struct zone z = ZONE_INIT;
                _cleanup_(freep) char *where = format("nixos.containers.zones.%s", name);
                int r = where ? zone_from_options(options, name, where, &z, e) : -ENOMEM;

                if (r < 0) {
                        if (ret_path)
                                *ret_path = option_path_read(error_message(e));
                        return r;
                }
        }
        return 0;
}
