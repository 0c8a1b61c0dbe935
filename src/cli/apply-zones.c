/* Declared zones: checked before anything is done, and carried out by the daemon one by one. */
#include "cli/apply-zones.h"

#include "cli/zone.h"

#include "front/taken.h"
#include "front/zone-journal.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/string-list.h"
#include "config/zone_options.h"
#include "runtime/runtime.h"
#include "runtime/systemd/networkd.h"
#include "state/allocate.h"
#include "state/store.h"
#include "state/zones.h"

#include <errno.h>

/* What is not as by default: enough to tell two definitions apart. */
static char *describe(const json_t *options) {
        json_t *defaults = NULL, *some = json_object(), *v;
        const char *key;
        char *text;

        (void) zone_options_load(NULL, "zone", &defaults, NULL);
        json_object_foreach ((json_t *) options, key, v)
                if (!json_equal(v, json_object_get(defaults, key)))
                        (void) json_object_set(some, key, v);
        text = json_dumps(some, JSON_COMPACT | JSON_SORT_KEYS);
        json_decref(defaults);
        json_decref(some);
        return text;
}

void apply_zones_sentences(const json_t *host, json_t *list) {
        const char *name;
        json_t *options;

        json_object_foreach ((json_t *) host_zones(host), name, options) {
                _cleanup_(freep) char *text = describe(options);

                (void) json_array_append_new(list, json_sprintf("the zone %s (%s)", name, text ?: ""));
        }
}

static int refuse_taken(const char *name, struct error *e) {
        _cleanup_(freep) char *path = format(PATH_ZONES "/%s.json", name);

        if (!path || access(path, F_OK) < 0)
                return 0;
        return error_set(
                e, EEXIST, EXIT_CONTAINER,
                "nixos.containers.zones.%s: 'nixos-nspawn zone create' made a zone of that name; remove it with "
                "'nixos-nspawn zone remove %s', or give this one another name",
                name, name);
}

static int refuse_members(const char *name, struct error *e) {
        _cleanup_(buffer_clear) struct buffer list = BUFFER_INIT;
        _cleanup_(strings_freep) char **members = NULL;
        int r = zones_members(name, &members, e);

        if (r < 0 || !*members)
                return r;
        for (char **m = members; *m; m++)
                buffer_append_format(&list, "%s%s", m == members ? "" : ", ", *m);
        return error_set(
                e, EBUSY, EXIT_CONTAINER,
                "nixos.containers.zones.%s is declared no longer, but the zone has members: %s; remove them, or "
                "give them configurations without it, first",
                name, buffer_text(&list));
}

int apply_zones_check(const json_t *before, const json_t *after, struct error *e) {
        const char *name;
        json_t *options;
        int r = 0;

        json_object_foreach ((json_t *) host_zones(after), name, options)
                if (r >= 0)
                        r = refuse_taken(name, e);
        json_object_foreach ((json_t *) host_zones(before), name, options)
                if (r >= 0 && !json_object_get(host_zones(after), name))
                        r = refuse_members(name, e);
        return r;
}

/* The addresses of all, while choosing one's. */
struct selection {
        struct allocations *addresses;
        struct prefix *taken;
        size_t n;
        uint8_t machine_id[16];
        bool needed; /* it is an error that the host cannot be looked at */
};

static void selection_clear(struct selection *c) {
        allocations_freep(&c->addresses);
        free(c->taken);
}

static int selection_begin(struct selection *c, struct error *e) {
        int r = machine_id_get(c->machine_id, e);

        if (r >= 0)
                r = allocations_load(&c->addresses, e);
        return r < 0 ? r : taken_find(NULL, c->needed, &c->taken, &c->n, e);
}

/* 1: something new. */
static int choose(struct selection *c, const char *name, const json_t *options, struct zone_network *ret,
                  struct error *e) {
        _cleanup_(zone_clear) struct zone zone = ZONE_INIT;
        int r = zone_from_options(options, name, name, &zone, e), k;

        if (r >= 0)
                r = allocate_zone(&zone, c->addresses, c->machine_id, c->taken, c->n, ret, e);
        k = r < 0 ? r : taken_check_zone(ret, c->needed, e);
        return k < 0 ? k : r;
}

int apply_zones_describe(const json_t *before, const json_t *after, json_t *object, struct error *e) {
        _cleanup_(selection_clear) struct selection c = {.needed = false};
        const char *name;
        json_t *options;
        int r;

        if (json_object_size(host_zones(after)) == 0)
                return 0;
        r = selection_begin(&c, e);
        json_object_foreach ((json_t *) host_zones(after), name, options) {
                const json_t *had = json_object_get(host_zones(before), name);
                struct zone_network network;

                if (r < 0 || json_equal(options, had))
                        continue;
                r = choose(&c, name, options, &network, e);
                if (r < 0 || !had)
                        continue;
                zones_assume(before);
                r = zone_describe_change(object, name, options, c.addresses, &network, e);
                zones_assume(after);
        }
        return r < 0 ? r : 0;
}

int apply_zones_allocate(const json_t *after, struct allocations **ret_had, struct error *e) {
        _cleanup_(selection_clear) struct selection c = {.needed = true};
        bool new = false, changed = false;
        const char *name;
        json_t *options;
        int r;

        if (json_object_size(host_zones(after)) == 0)
                return 0;
        r = allocations_load(ret_had, e);
        if (r >= 0)
                r = selection_begin(&c, e);
        json_object_foreach ((json_t *) host_zones(after), name, options) {
                struct zone_network network;

                if (r >= 0)
                        r = choose(&c, name, options, &network, e);
                new |= r > 0;
                if (r >= 0 && runtime_has_units())
                        r = zones_follow_host(name, true, e);
                changed |= r > 0 && runtime_has_units();
        }
        if (r >= 0 && changed)
                r = networkd_reload(e);
        return r >= 0 && new ? allocations_save(c.addresses, e) : r;
}

int apply_zones_restore(const json_t *after, const struct allocations *had, struct error *e) {
        const char *name;
        json_t *options;
        int r = 0;

        json_object_foreach ((json_t *) host_zones(after), name, options)
                if (r >= 0 && had)
                        r = zone_put_addresses(name, had, e);
        return r;
}

int apply_zones_unfollow(const json_t *before, const json_t *after, struct error *e) {
        const char *name;
        json_t *options;
        int r = 0;

        json_object_foreach ((json_t *) host_zones(after), name, options)
                if (r >= 0 && !json_object_get(host_zones(before), name))
                        r = zone_put_networkd(name, false, e);
        return r;
}

int apply_zones_tell(const json_t *before, const json_t *after, struct error *e) {
        const char *name;
        json_t *options;
        int r = 0;

        json_object_foreach ((json_t *) host_zones(after), name, options)
                if (r >= 0 && !json_equal(options, json_object_get(host_zones(before), name)))
                        r = runtime_change_zone(name, e);
        json_object_foreach ((json_t *) host_zones(before), name, options)
                if (r >= 0 && !json_object_get(host_zones(after), name)) {
                        r = runtime_change_zone(name, e);
                        if (r >= 0 && runtime_has_units())
                                r = zones_follow_host(name, false, e);
                }
        return r;
}
