#include "front/taken.h"

#include "apply/engine.h"
#include "state/confs.h"

int taken_find(const char *except, bool needed, struct prefix **ret, size_t *ret_n, struct error *e) {
        _cleanup_(engine_freep) struct engine *engine = NULL;
        int r;

        r = engine_new(&engine, needed ? e : NULL);
        if (r >= 0)
                r = engine_observe_ranges(engine, ret, ret_n, needed ? e : NULL);
        return r < 0 && needed ? r : confs_append_addresses(except, ret, ret_n, e);
}

int taken_check_zone(const struct zone_network *z, bool needed, struct error *e) {
        _cleanup_(engine_freep) struct engine *engine = NULL;
        int r = engine_new(&engine, needed ? e : NULL);

        return r < 0 ? (needed ? r : 0) : engine_check_zone(engine, z, e);
}
