/* Reading what is defined: names, specs, and the network that follows from them. */
#include "store.h"

#include "allocations.h"
#include "base/file.h"
#include "base/paths.h"
#include "config/spec.h"
#include "config/spec_text.h"
#include "confs.h"
#include "foreign.h"
#include "hand_networks.h"
#include "model/names.h"
#include "zones.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define SPEC_MAX (16u << 20)

int store_lock(int timeout_ms, struct error *e) {
        int r;

        r = directory_make(PATH_RUN, 0755);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot make '%s'", PATH_RUN);
        r = lock_take(PATH_LOCK, timeout_ms);
        if (r == -EAGAIN)
                return error_set(
                        e, r, EXIT_FAILED,
                        "another nixos-nspawn is changing containers and holds '%s'; wait for it to end, or see "
                        "who it is with fuser(1)",
                        PATH_LOCK);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot lock '%s'", PATH_LOCK);
        return r;
}

static int list_profiles(char ***list, size_t *n) {
        _cleanup_(directory_closep) DIR *d = opendir(PATH_PROFILES);
        struct dirent *entry;
        unsigned number;
        int r;

        if (!d && errno != ENOENT)
                return -errno;
        while (d && (errno = 0, entry = readdir(d))) {
                if (container_name_problem(entry->d_name) || store_current_generation(entry->d_name, &number) < 0)
                        continue;
                r = strings_append(list, n, entry->d_name);
                if (r < 0)
                        return r;
        }
        return d && errno ? -errno : 0;
}

int store_list(char ***ret) {
        _cleanup_(strings_freep) char **list = NULL;
        size_t n = 0;
        int r = confs_list(&list);

        if (r < 0)
                return r;
        while (list[n])
                n++;
        r = list_profiles(&list, &n);
        if (r < 0)
                return r;
        strings_sort_unique(list, n); /* a nixos-container may have both */
        *ret = steal_ptr(list);
        return 0;
}

/* A profile that runs by a .nspawn file is not a nixos-container's, whatever conf there is. */
static bool has_nspawn_file(const char *name) {
        _cleanup_(freep) char *path = format("%s/%s/system/nixos-nspawn/%s.nspawn", PATH_PROFILES, name, name);

        return path && access(path, F_OK) == 0;
}

int store_kind(const char *name, enum container_kind *ret) {
        _cleanup_(freep) char *conf = NULL;
        unsigned number;

        if (confs_find(name, &conf, NULL) >= 0 && !has_nspawn_file(name))
                *ret = CONTAINER_NIXOS;
        else if (store_current_generation(name, &number) == 0)
                *ret = CONTAINER_NSPAWN;
        else
                return -ENOENT;
        return 0;
}

bool store_exists(const char *name) {
        enum container_kind kind;

        return store_kind(name, &kind) == 0;
}

bool store_runs(const char *name) {
        _cleanup_(freep) char *file = NULL;

        return store_exists(name) || (!container_name_problem(name) && foreign_find(name, &file) >= 0);
}

char *store_generation_path(const char *name, unsigned generation) {
        return generation == 0 ? format("%s/%s/system/nixos-nspawn", PATH_PROFILES, name)
                               : format("%s/%s/system-%u/nixos-nspawn", PATH_PROFILES, name, generation);
}

static int no_such_container(const char *name, struct error *e) {
        return error_set(e, ENOENT, EXIT_USAGE, "Container %s does not exist!", name);
}

#define MAKE_ANEW "run 'nixos-nspawn remove %s', which keeps the container's files, and create it again"

/* generation 0: the current one. options: no more than spec_to_container() needs. */
static int load_spec(const char *name, unsigned generation, bool options, json_t **ret, struct error *e) {
        _cleanup_(freep) char *folder = NULL, *path = NULL, *text = NULL;
        json_error_t where;
        json_t *spec;
        size_t size;
        int r;

        if (container_name_problem(name))
                return no_such_container(name, e);
        folder = store_generation_path(name, generation);
        path = folder ? format("%s/spec.json", folder) : NULL;
        if (!path)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the spec of '%s'", name);
        r = file_read(path, SPEC_MAX, &text, &size);
        if (r == -ENOENT && !store_exists(name))
                return no_such_container(name, e);
        if (r < 0)
                return error_errno(e, r, EXIT_CONTAINER, "cannot read '%s'; " MAKE_ANEW, path, name);
        if (options && spec_text_options(text, size, ret) >= 0)
                return 0;
        spec = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
        if (!spec)
                return error_set(e, EUCLEAN, EXIT_CONTAINER, "%s:%d: not valid JSON: %s; " MAKE_ANEW, path, where.line,
                                 where.text, name);
        *ret = spec;
        return 0;
}

int store_load_spec(const char *name, unsigned generation, json_t **ret, struct error *e) {
        return store_exists(name) ? load_spec(name, generation, false, ret, e) : no_such_container(name, e);
}

static int load_foreign(const char *name, struct container *ret, struct error *e) {
        int r = foreign_load(name, ret, e);

        if (r < 0)
                return r;
        r = hand_networks_apply(ret, e);
        if (r < 0)
                container_clear(ret);
        return r;
}

int store_load(const char *name, struct container *ret, struct error *e) {
        enum container_kind kind;

        if (container_name_problem(name))
                return no_such_container(name, e);
        return store_kind(name, &kind) < 0 ? load_foreign(name, ret, e) : store_load_kind(name, kind, ret, e);
}

int store_load_kind(const char *name, enum container_kind kind, struct container *ret, struct error *e) {
        json_t *spec;
        int r;

        if (kind == CONTAINER_NIXOS)
                return confs_load_container(name, ret, e);
        r = load_spec(name, 0, true, &spec, e);
        if (r < 0)
                return r;
        r = spec_to_container(spec, name, ret, e);
        json_decref(spec);
        if (r >= 0)
                r = hand_networks_apply(ret, e);
        if (r < 0)
                container_clear(ret);
        return r;
}

/* Not with net.ipv6.conf.all.disable_ipv6, which sets the default too, nor in a kernel that was started without it. */
bool store_host_has_v6(void) {
        _cleanup_(freep) char *text = NULL;

        return file_read("/proc/sys/net/ipv6/conf/default/disable_ipv6", 16, &text, NULL) >= 0 && text[0] == '0';
}

static int no_addresses(const char *name, struct error *e) {
        return error_set(e, ENOENT, EXIT_CONTAINER,
                         "container '%s' has no addresses in '%s'; run 'nixos-nspawn update %s' to give it some", name,
                         PATH_ALLOCATIONS, name);
}

static int member_network(const struct container *c, const struct allocations *a, const uint8_t machine_id[16],
                          struct network *ret, struct error *e) {
        struct zone_network zone;
        uint32_t number;
        int r = zones_compute(c->attached_to, a, machine_id, &zone, e);

        if (r < 0)
                return r;
        if (allocations_find_member(a, c->attached_to, c->name, &number) < 0)
                return no_addresses(c->name, e);
        r = zone_member(c, &zone, number, machine_id, ret);
        /* Its zone has another range since. */
        if (r == -ERANGE)
                return no_addresses(c->name, e);
        return r < 0 ? error_errno(e, r, EXIT_CONTAINER, "cannot compute the network of container '%s'", c->name) : 0;
}

int store_network(const struct container *c, const struct allocations *a, const uint8_t machine_id[16],
                  struct network *ret, struct error *e) {
        struct allocation ranges = {0};
        int r;

        if (c->kind == CONTAINER_NSPAWN && c->mode == NETWORK_ZONE)
                return member_network(c, a, machine_id, ret, e);
        if (c->kind == CONTAINER_NSPAWN && c->mode == NETWORK_VETH && allocations_find(a, c->name, &ranges) < 0)
                return no_addresses(c->name, e);
        r = network_compute(c, &ranges, machine_id, ret);
        if (r < 0)
                return error_errno(e, r, EXIT_CONTAINER, "cannot compute the network of container '%s'", c->name);
        return 0;
}

int store_compute_network(const char *name, const struct allocations *a, const uint8_t machine_id[16],
                          struct container *c, struct network *ret, struct error *e) {
        int r;

        r = store_load(name, c, e);
        if (r < 0)
                return r;
        r = store_network(c, a, machine_id, ret, e);
        if (r >= 0 && !store_host_has_v6())
                network_drop_v6(ret);
        if (r < 0)
                container_clear(c);
        return r;
}

int store_load_network(const char *name, struct container *c, struct network *ret, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        uint8_t machine_id[16];
        int r;

        if (!store_runs(name))
                return no_such_container(name, e);
        r = machine_id_get(machine_id, e);
        if (r < 0)
                return r;
        r = allocations_load(&a, e);
        return r < 0 ? r : store_compute_network(name, a, machine_id, c, ret, e);
}
