/* Definitions of zones, wherever they are. */
#include "zones.h"

#include "base/file.h"
#include "base/paths.h"
#include "base/string-list.h"
#include "config/host.h"
#include "config/zone_options.h"
#include "state/applied.h"
#include "state/foreign.h"
#include "state/store.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define ZONE_FILE_MAX (1 << 20)
#define VERSION_KEPT  1

static char *zone_path(const char *name) {
        return format(PATH_ZONES "/%s.json", name);
}

static int no_such_zone(const char *name, struct error *e) {
        return error_set(e, ENOENT, EXIT_CONTAINER,
                         "Virtual zone '%s' does not exist! Make it with 'nixos-nspawn zone create %s', or add "
                         "nixos.containers.zones.%s to the host's configuration and run 'nixos-nspawn apply'",
                         name, name, name);
}

static const char *assumed_name;
static const json_t *assumed_options;

void zones_assume_one(const char *name, const json_t *options) {
        assumed_name = options ? name : NULL;
        assumed_options = options;
}

static int load_imperative(const char *name, json_t **ret, struct error *e) {
        _cleanup_(freep) char *path = zone_path(name), *text = NULL;
        json_t *file;
        size_t size;
        int r;

        if (assumed_name && strcmp(assumed_name, name) == 0) {
                *ret = json_incref((json_t *) assumed_options);
                return 0;
        }
        if (!path)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read zone '%s'", name);
        r = file_read(path, ZONE_FILE_MAX, &text, &size);
        if (r == -ENOENT)
                return r;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read '%s'", path);
        file = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        *ret = json_incref(json_object_get(file, "zone"));
        r = json_integer_value(json_object_get(file, "version")) == VERSION_KEPT && json_is_object(*ret) ? 0 : -EBADMSG;
        json_decref(file);
        if (r < 0) {
                json_decref(*ret);
                *ret = NULL;
                return error_set(e, EBADMSG, EXIT_FAILED,
                                 "'%s' is damaged, or of another version; remove it, and make the zone again with "
                                 "'nixos-nspawn zone create %s'",
                                 path, name);
        }
        return 0;
}

static const json_t *assumed;

void zones_assume(const json_t *host) {
        assumed = host;
}

static int load_host(json_t **ret, struct error *e) {
        *ret = json_incref((json_t *) assumed);
        return assumed ? 0 : applied_load(ret, e);
}

static int load_declared(const char *name, json_t **ret, struct error *e) {
        json_t *host = NULL;
        int r = load_host(&host, e);

        if (r >= 0) {
                *ret = json_incref(json_object_get(host_zones(host), name));
                r = *ret ? 0 : -ENOENT;
        }
        json_decref(host);
        return r;
}

int zones_load_options(const char *name, json_t **ret, enum zone_origin *ret_origin, struct error *e) {
        enum zone_origin origin = ZONE_IMPERATIVE;
        int r;

        *ret = NULL;
        r = zone_name_problem(name) ? -ENOENT : load_imperative(name, ret, e);
        if (r == -ENOENT && !zone_name_problem(name)) {
                origin = ZONE_DECLARED;
                r = load_declared(name, ret, e);
        }
        if (r == -ENOENT)
                return no_such_zone(name, e);
        if (r >= 0 && ret_origin)
                *ret_origin = origin;
        return r;
}

int zones_load(const char *name, struct zone *ret, enum zone_origin *ret_origin, struct error *e) {
        _cleanup_(freep) char *where = format("zone %s", name);
        json_t *options;
        int r;

        if (!where)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read zone '%s'", name);
        r = zones_load_options(name, &options, ret_origin, e);
        if (r < 0)
                return r;
        r = zone_from_options(options, name, where, ret, e);
        json_decref(options);
        return r;
}

static int list_imperative(char ***list, size_t *n) {
        _cleanup_(directory_closep) DIR *d = opendir(PATH_ZONES);
        struct dirent *entry;

        if (!d && errno != ENOENT)
                return -errno;
        while (d && (errno = 0, entry = readdir(d))) {
                char *suffix = strrchr(entry->d_name, '.');
                int r;

                if (!suffix || strcmp(suffix, ".json") != 0)
                        continue;
                *suffix = '\0';
                if (zone_name_problem(entry->d_name))
                        continue;
                r = strings_append(list, n, entry->d_name);
                if (r < 0)
                        return r;
        }
        return d && errno ? -errno : 0;
}

int zones_list(char ***ret, struct error *e) {
        _cleanup_(strings_freep) char **list = NULL;
        json_t *host = NULL, *options;
        const char *name;
        size_t n = 0;
        int r = load_host(&host, e);

        if (r < 0)
                return r;
        r = list_imperative(&list, &n);
        json_object_foreach ((json_t *) host_zones(host), name, options)
                if (r >= 0)
                        r = strings_append(&list, &n, name);
        json_decref(host);
        if (r >= 0 && !list) {
                list = calloc(1, sizeof *list);
                r = list ? 0 : -ENOMEM;
        }
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot list the zones");
        strings_sort_unique(list, n);
        *ret = steal_ptr(list);
        return 0;
}

int zones_save(const char *name, const json_t *options, struct error *e) {
        _cleanup_(freep) char *path = zone_path(name), *text = NULL;
        json_t *file = json_pack("{s:i, s:O}", "version", VERSION_KEPT, "zone", (json_t *) options);
        int r = directory_make(PATH_ZONES, 0755);

        if (file)
                text = json_dumps(file, JSON_INDENT(2));
        json_decref(file);
        if (r >= 0)
                r = path && text ? file_write_atomic(path, text, strlen(text), 0644, true) : -ENOMEM;
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot write zone '%s' to " PATH_ZONES, name) : 0;
}

int zones_remove(const char *name, struct error *e) {
        _cleanup_(freep) char *path = zone_path(name);
        int r = path ? file_remove(path) : -ENOMEM;

        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot remove zone '%s' from " PATH_ZONES, name) : 0;
}

int zones_follow_host(const char *name, bool wanted, struct error *e) {
        _cleanup_(freep) char *path = format(PATH_NETWORKS "/20-vz-%s.network", name), *found = NULL;
        _cleanup_(freep) char *text = format(HOST_FILE_MARKER "# The bridge of a zone, which nspawn-netd keeps.\n"
                                                              "[Match]\nName=vz-%s\n\n[Link]\nUnmanaged=yes\n",
                                             name);
        int r = path && text ? file_read(path, ZONE_FILE_MAX, &found, NULL) : -ENOMEM;
        bool there = r >= 0;

        if (there && strncmp(found, HOST_FILE_MARKER, strlen(HOST_FILE_MARKER)) != 0)
                return wanted ? error_set(e, EEXIST, EXIT_CONTAINER,
                                          "'%s' exists and is not of this program; move it away or choose another name",
                                          path)
                              : 0;
        if ((there && wanted && strcmp(found, text) == 0) || (r == -ENOENT && !wanted))
                return 0;
        if (there || r == -ENOENT)
                r = wanted ? directory_make(PATH_NETWORKS, 0755) : file_remove(path);
        if (r >= 0 && wanted)
                r = file_write_atomic(path, text, strlen(text), 0644, true);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot %s '%s'", wanted ? "write" : "remove", path ?: name) : 1;
}

static int append_members(char *const *names, const char *zone, char ***list, size_t *n) {
        int r = 0;

        for (; *names && r >= 0; names++) {
                _cleanup_(container_clear) struct container c = CONTAINER_INIT;

                if (store_load(*names, &c, NULL) >= 0 && c.mode == NETWORK_ZONE && strcmp(c.attached_to, zone) == 0)
                        r = strings_append(list, n, *names);
        }
        return r;
}

int zones_members(const char *zone, char ***ret, struct error *e) {
        _cleanup_(strings_freep) char **own = NULL, **foreign = NULL, **list = calloc(1, sizeof *list);
        size_t n = 0;
        int r = list ? store_list(&own) : -ENOMEM;

        if (r >= 0)
                r = foreign_list(own, &foreign);
        if (r >= 0)
                r = append_members(own, zone, &list, &n);
        if (r >= 0)
                r = append_members(foreign, zone, &list, &n);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot look for the members of zone '%s'", zone);
        strings_sort_unique(list, n);
        *ret = steal_ptr(list);
        return 0;
}

int zones_network(const struct zone *z, const struct allocation *ranges, const uint8_t machine_id[16],
                  struct zone_network *ret) {
        int r = zone_compute(z, ranges, machine_id, ret);

        if (r >= 0 && !store_host_has_v6())
                zone_drop_v6(ret);
        return r;
}

int zones_compute(const char *name, const struct allocations *a, const uint8_t machine_id[16], struct zone_network *ret,
                  struct error *e) {
        _cleanup_(zone_clear) struct zone z = ZONE_INIT;
        struct allocation ranges = {0};
        int r = zones_load(name, &z, NULL, e);

        if (r < 0)
                return r;
        if (allocations_find_zone(a, name, &ranges) < 0 && (zone_automatic_v4(&z) > 0 || zone_automatic_v6(&z) > 0))
                return error_set(
                        e, ENOENT, EXIT_CONTAINER,
                        "zone '%s' has no addresses in '%s'; run 'nixos-nspawn zone update %s' to give it some", name,
                        PATH_ALLOCATIONS, name);
        r = zones_network(&z, &ranges, machine_id, ret);
        return r < 0 ? error_errno(e, r, EXIT_CONTAINER, "cannot compute the network of zone '%s'", name) : 0;
}
