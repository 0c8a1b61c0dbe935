/* What a change of a zone would do to its bridge, and to its members that run. */
#include "cli/zone.h"

#include "base/string-list.h"
#include "front/dry-run.h"
#include "runtime/runtime.h"
#include "state/store.h"
#include "state/zones.h"

#include <errno.h>
#include <stdlib.h>

/* The members that run, as they are, or as they will be. */
struct member_networks {
        struct container *containers;
        struct network *networks;
        const struct network **list;
        size_t n;
};

static void member_networks_clear(struct member_networks *m) {
        for (size_t i = 0; i < m->n; i++) {
                network_clear(&m->networks[i]);
                container_clear(&m->containers[i]);
        }
        free(m->networks);
        free(m->containers);
        free(m->list);
}

static int member_networks_load(char **names, const struct allocations *a, const uint8_t machine_id[16],
                                struct member_networks *ret, struct error *e) {
        size_t n = 0;
        int r = 0;

        while (names[n])
                n++;

        ret->containers = calloc(n + 1, sizeof(*ret->containers));
        ret->networks = calloc(n + 1, sizeof(*ret->networks));
        ret->list = calloc(n + 1, sizeof(*ret->list));
        if (!ret->containers || !ret->networks || !ret->list)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot load the members' networks");
        for (size_t i = 0; i < n && r >= 0; i++) {
                struct runtime_status status;

                if (runtime_status(names[i], &status, NULL) < 0 || status.state == RUNTIME_OFF)
                        continue;
                r = store_compute_network(names[i], a, machine_id, &ret->containers[ret->n], &ret->networks[ret->n], e);
                ret->list[ret->n] = &ret->networks[ret->n];
                if (r >= 0)
                        ret->n++;
        }
        return r;
}

int zone_describe_change(json_t *object, const char *name, const json_t *after, const struct allocations *addresses,
                         const struct zone_network *to, struct error *e) {
        _cleanup_(member_networks_clear) struct member_networks old = {0}, new = {0};
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        _cleanup_(strings_freep) char **members = NULL;
        struct zone_network from;
        uint8_t machine_id[16];
        int r = machine_id_get(machine_id, e);

        if (r >= 0)
                r = allocations_load(&a, e);
        if (r >= 0)
                r = zones_members(name, &members, e);
        if (r >= 0)
                r = zones_compute(name, a, machine_id, &from, e);
        if (r >= 0)
                r = member_networks_load(members, a, machine_id, &old, e);
        if (r < 0 || (old.n == 0 && !from.persistent))
                return r;
        zones_assume_one(name, after);
        r = member_networks_load(members, addresses, machine_id, &new, e);
        zones_assume_one(NULL, NULL);
        if (r < 0 || old.n != new.n)
                return r;
        return dry_run_zone(object, &from, to, old.list, new.list, old.n, e);
}
