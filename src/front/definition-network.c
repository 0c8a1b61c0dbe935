/* A definition's addresses and ports, and what a dry run says about it. */
#include "front/definition.h"
#include "front/dry-run.h"
#include "front/taken.h"

#include "base/buffer.h"
#include "base/paths.h"
#include "netd/client.h"
#include "state/allocate.h"

#include <errno.h>

enum { CHECK_TIMEOUT_MS = 10000 };

static int allocate_new(struct definition *d, struct allocations *a, const uint8_t machine_id[16], bool save,
                        struct error *e) {
        _cleanup_(freep) struct prefix *taken = NULL;
        size_t n = 0;
        int r;

        r = taken_find(NULL, save, &taken, &n, e);
        if (r < 0)
                return r;
        r = allocate(&d->container, a, machine_id, taken, n, e);
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
        if (r >= 0 && !allocate_done(&d->container, allocations))
                r = allocate_new(d, allocations, machine_id, save, e);
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
