#include "front/taken.h"

#include "apply/engine.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/string-list.h"
#include "state/allocations.h"
#include "state/confs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int taken_find(const char *except, bool needed, struct prefix **ret, size_t *ret_n, struct error *e) {
        _cleanup_(engine_freep) struct engine *engine = NULL;
        int r;

        r = engine_new(&engine, needed ? e : NULL);
        if (r >= 0)
                r = engine_observe_ranges(engine, ret, ret_n, needed ? e : NULL);
        return r < 0 && needed ? r : confs_append_addresses(except, ret, ret_n, e);
}

void taken_clear(struct taken *t) {
        free(t->name);
        *t = TAKEN_INIT;
}

/* One address of the container that is looked at. */
struct own {
        const char *key;
        const struct address *address;
        bool local;
};

enum { OWN_MAX = 4 * (1 + EXTRA_VETHS_MAX) };

static size_t add_own(struct own *list, size_t n, const char *key, const struct prefix *p, bool local) {
        if (p->address.family != AF_UNSPEC)
                list[n++] = (struct own){key, &p->address, local};
        return n;
}

/* On a bridge the host's are the router's, whoever that is; further links are on networks that may be no concern of the
 * host's. */
static size_t collect(const struct container *c, struct own list[OWN_MAX]) {
        size_t n = 0;

        n = add_own(list, n, "LOCAL_ADDRESS", &c->end.local_v4, true);
        n = add_own(list, n, "LOCAL_ADDRESS6", &c->end.local_v6, true);
        if (!c->end.bridge) {
                n = add_own(list, n, "HOST_ADDRESS", &c->end.host_v4, false);
                n = add_own(list, n, "HOST_ADDRESS6", &c->end.host_v6, false);
        }
        for (size_t i = 0; i < c->n_extra_veths; i++) {
                if (c->extra_veths[i].end.bridge)
                        continue;
                n = add_own(list, n, "EXTRA_VETHS", &c->extra_veths[i].end.local_v4, true);
                n = add_own(list, n, "EXTRA_VETHS", &c->extra_veths[i].end.local_v6, true);
        }
        return n;
}

/* Those of nixos-containers only keep others away: what they have is in their confs. */
static int find_range(const struct container *c, const struct own *own, size_t n, bool needed, struct taken *ret,
                      struct error *e) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        int r = allocations_load(&a, needed ? e : NULL);

        for (size_t i = 0; i < n && r >= 0; i++) {
                _cleanup_(freep) char *conf = NULL;
                struct prefix range;
                struct address host;
                bool zone;
                const char *owner = allocations_owner(a, own[i].address, c->name, &zone, &range);

                if (!owner || (zone ? c->end.bridge != NULL : confs_find(owner, &conf, NULL) >= 0))
                        continue;
                host = prefix_nth(&range, 1);
                if (!own[i].local && address_equal(own[i].address, &host))
                        continue;
                *ret = (struct taken){.key = own[i].key, .kind = zone ? "zone" : "container", .name = strdup(owner)};
                return ret->name ? 1 : error_errno(e, ENOMEM, EXIT_FAILED, "comparing addresses");
        }
        return r < 0 && needed ? r : 0;
}

/* Links of the host whose addresses do not count: the host's ends of declared containers' links. */
struct ends {
        char **names; /* of confs; NULL: all count */
};

static bool is_end(const char *link, void *userdata) {
        const struct ends *ends = userdata;

        if (!ends->names)
                return false;
        if (string_starts_with(link, "ve-") || string_starts_with(link, "vb-"))
                return true;
        for (char **name = ends->names; *name; name++) {
                _cleanup_(conf_clear) struct conf conf = CONF_INIT;
                _cleanup_(container_clear) struct container c = CONTAINER_INIT;

                if (confs_load(*name, &conf, NULL, NULL) < 0 || !conf_is_declared(&conf) ||
                    conf_to_container(&conf, *name, *name, &c, NULL) < 0)
                        continue;
                for (size_t i = 0; i < c.n_extra_veths; i++)
                        if (string_equal(c.extra_veths[i].name, link))
                                return true;
        }
        return false;
}

static int find_host(const struct own *own, size_t n, bool declared, bool needed, struct taken *ret, struct error *e) {
        _cleanup_(engine_freep) struct engine *engine = NULL;
        _cleanup_(strings_freep) char **names = NULL;
        struct ends ends = {0};
        int r = engine_new(&engine, needed ? e : NULL);

        if (r >= 0 && declared) {
                r = confs_list(&names);
                ends.names = names;
        }
        for (size_t i = 0; i < n && r == 0; i++) {
                const struct prefix one = prefix_of_address(own[i].address);

                if (!own[i].local)
                        continue;
                *ret = (struct taken){.key = own[i].key};
                r = engine_find_range(engine, &one, is_end, &ends, ret->link, needed ? e : NULL);
        }
        return r < 0 && !needed ? 0 : r;
}

int taken_clash(const struct container *c, bool declared, bool needed, struct taken *ret, struct error *e) {
        struct own own[OWN_MAX];
        size_t n = collect(c, own);
        int r;

        *ret = (struct taken){.kind = "container"};
        r = confs_address_clash(c, declared, &ret->key, &ret->name, e);
        if (r == 0)
                r = find_range(c, own, n, needed, ret, e);
        return r == 0 ? find_host(own, n, declared, needed, ret, e) : r;
}

int taken_check_zone(const struct zone_network *z, bool needed, struct error *e) {
        _cleanup_(engine_freep) struct engine *engine = NULL;
        int r = engine_new(&engine, needed ? e : NULL);

        return r < 0 ? (needed ? r : 0) : engine_check_zone(engine, z, e);
}
