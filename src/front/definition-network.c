/* A definition's addresses and ports, and what a dry run says about it. */
#include "front/definition.h"
#include "front/dry-run.h"

#include "apply/engine.h"
#include "base/buffer.h"
#include "base/paths.h"
#include "netd/client.h"
#include "state/allocations.h"
#include "state/confs.h"
#include "state/zones.h"

#include <errno.h>

enum { CHECK_TIMEOUT_MS = 10000 };

/* Ranges that the host uses. A user who only asks what would be done need not be allowed to look. */
static int observe(bool needed, struct prefix **ret, size_t *ret_n, struct error *e) {
        _cleanup_(engine_freep) struct engine *engine = NULL;
        int r;

        r = engine_new(&engine, needed ? e : NULL);
        if (r >= 0)
                r = engine_observe_ranges(engine, ret, ret_n, needed ? e : NULL);
        return needed ? r : 0;
}

/* A member's number and, where it has none yet, its zone's ranges. */
static int allocate_member(const struct definition *d, struct allocations *a, const uint8_t machine_id[16],
                           const struct prefix *taken, size_t n, struct error *e) {
        _cleanup_(zone_clear) struct zone zone = ZONE_INIT;
        const char *name = d->container.attached_to;
        struct allocation ranges;
        struct zone_network z;
        uint32_t number;
        int r, k;

        r = zones_load(name, &zone, NULL, e);
        if (r >= 0)
                r = allocations_get_zone(a, &zone, taken, n, &ranges, e);
        if (r < 0)
                return r;
        k = zone_compute(&zone, &ranges, machine_id, &z);
        if (k < 0)
                return error_errno(e, k, EXIT_CONTAINER, "cannot compute the network of zone %s", name);
        if (!store_host_has_v6())
                zone_drop_v6(&z);
        k = allocations_get_member(a, &z, d->name, &number, e);
        return k < 0 ? k : r > 0 || k > 0;
}

/* Of the range that the allocator finds. What `migrate` brought along is kept unless another one is asked for. */
static uint8_t v4_length(const struct definition *d, const struct allocations *a) {
        struct allocation ranges;

        if (d->container.host_settings.automatic_v4 > 0)
                return d->container.host_settings.automatic_v4;
        return allocations_find(a, d->name, &ranges) >= 0 && ranges.v4.length == ALLOCATION_NUMBERED_LENGTH
                       ? ALLOCATION_NUMBERED_LENGTH
                       : ALLOCATION_V4_LENGTH;
}

static bool is_allocated(const struct definition *d, const struct allocations *a) {
        uint32_t number;
        struct allocation ranges;

        if (d->container.mode == NETWORK_ZONE)
                return allocations_find_zone(a, d->container.attached_to, &ranges) >= 0 &&
                       allocations_find_member(a, d->container.attached_to, d->name, &number) >= 0;
        /* No other shape has addresses of the pool. */
        return d->container.mode != NETWORK_VETH ||
               (allocations_find(a, d->name, &ranges) >= 0 && ranges.v4.length == v4_length(d, a));
}

static int allocate(struct definition *d, struct allocations *a, const uint8_t machine_id[16], bool save,
                    struct error *e) {
        _cleanup_(freep) struct prefix *taken = NULL;
        struct allocation ranges;
        size_t n = 0;
        int r;

        r = observe(save, &taken, &n, e);
        if (r >= 0)
                r = confs_append_addresses(NULL, &taken, &n, e);
        if (r < 0)
                return r;
        r = d->container.mode == NETWORK_ZONE
                    ? allocate_member(d, a, machine_id, taken, n, e)
                    : allocations_get_sized(a, d->name, v4_length(d, a), taken, n, &ranges, e);
        if (r > 0 && save)
                r = allocations_save(a, e);
        return r;
}

int definition_allocate(struct definition *d, bool save, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *allocations = NULL;
        uint8_t machine_id[16];
        int r;

        r = machine_id_get(machine_id, e);
        if (r >= 0)
                r = allocations_load(&allocations, e);
        if (r >= 0 && !is_allocated(d, allocations))
                r = allocate(d, allocations, machine_id, save, e);
        network_clear(&d->network);
        if (r >= 0)
                r = store_network(&d->container, allocations, machine_id, &d->network, e);
        if (r >= 0 && !store_host_has_v6())
                network_drop_v6(&d->network);
        return r;
}

int definition_check_ports(const struct definition *d, struct error *e) {
        int r;

        if (d->container.n_forwards == 0)
                return 0;
        r = netd_ensure(e);
        return r < 0 ? r : netd_call("Check", json_pack("{s:s}", "name", d->name), CHECK_TIMEOUT_MS, NULL, e);
}

void definition_describe(const struct definition *d, unsigned number, json_t *dry_run) {
        bool nixos = d->container.kind == CONTAINER_NIXOS;
        const char *const files[] = {"spec.json", "data.json", nixos ? "configuration.nix" : "20-host0.network",
                                     "tree.json"};
        _cleanup_(buffer_clear) struct buffer tree = BUFFER_INIT;
        _cleanup_(strings_freep) char **packages = NULL;

        buffer_append_format(&tree, "make or find the %s tree", d->system);
        if ((d->provider == PROVIDER_AUTO || d->provider == PROVIDER_DEBIAN) && tree_packages(d->spec, &packages) >= 0)
                for (char **p = packages; *p; p++)
                        buffer_append_format(&tree, "%s %s", p == packages ? " with" : ",", *p);
        dry_run_step(dry_run, "%s", buffer_text(&tree));
        for (size_t f = 0; f < ELEMENTS_OF(files); f++)
                dry_run_step(dry_run, "write " PATH_PROFILES "/%s/system-%u/nixos-nspawn/%s", d->name, number,
                             files[f]);
        if (!nixos)
                dry_run_step(dry_run, "write " PATH_PROFILES "/%s/system-%u/nixos-nspawn/%s.nspawn", d->name, number,
                             d->name);
}
