/* Reading what is defined: names, specs, and the network that follows from them. */
#include "store.h"

#include "allocations.h"
#include "base/file.h"
#include "base/paths.h"
#include "config/spec.h"
#include "config/spec_text.h"
#include "model/names.h"

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

void strings_free(char **list) {
        for (char **p = list; p && *p; p++)
                free(*p);
        free(list);
}

static void directory_closep(DIR **d) {
        if (*d)
                (void) closedir(*d);
        *d = NULL;
}

static int string_compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int store_list(char ***ret) {
        _cleanup_(directory_closep) DIR *d = NULL;
        _cleanup_(strings_freep) char **list = calloc(1, sizeof *list);
        size_t n = 0, capacity = 1;
        struct dirent *entry;

        if (!list)
                return -ENOMEM;
        d = opendir(PATH_PROFILES);
        if (!d && errno != ENOENT)
                return -errno;
        while (d && (errno = 0, entry = readdir(d))) {
                if (container_name_problem(entry->d_name) || !store_exists(entry->d_name))
                        continue;
                if (n + 1 == capacity) {
                        char **grown = reallocarray(list, 2 * capacity, sizeof *list);

                        if (!grown)
                                return -ENOMEM;
                        list = grown;
                        capacity *= 2;
                }
                list[n] = strdup(entry->d_name);
                if (!list[n])
                        return -ENOMEM;
                list[++n] = NULL;
        }
        if (d && errno)
                return -errno;
        qsort(list, n, sizeof *list, string_compare);
        *ret = steal_ptr(list);
        return 0;
}

bool store_exists(const char *name) {
        unsigned number;

        return store_current_generation(name, &number) == 0;
}

char *store_profile_path(const char *name) {
        return format("%s/%s/system/nixos-nspawn", PATH_PROFILES, name);
}

static int no_such_container(const char *name, struct error *e) {
        return error_set(e, ENOENT, EXIT_USAGE, "Container %s does not exist!", name);
}

/* options: no more than spec_to_container() needs. */
static int load_spec(const char *name, bool options, json_t **ret, struct error *e) {
        _cleanup_(freep) char *path = NULL, *text = NULL;
        json_error_t where;
        json_t *spec;
        size_t size;
        int r;

        if (container_name_problem(name) || !store_exists(name))
                return no_such_container(name, e);
        path = format("%s/%s/system/nixos-nspawn/spec.json", PATH_PROFILES, name);
        if (!path)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the spec of '%s'", name);
        r = file_read(path, SPEC_MAX, &text, &size);
        if (r < 0)
                return error_errno(e, r, EXIT_CONTAINER,
                                   "cannot read '%s'; run 'nixos-nspawn update %s' to make it anew", path, name);
        if (options && spec_text_options(text, size, ret) >= 0)
                return 0;
        spec = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
        if (!spec)
                return error_set(e, EUCLEAN, EXIT_CONTAINER,
                                 "%s:%d: not valid JSON: %s; run 'nixos-nspawn update %s' to make it anew", path,
                                 where.line, where.text, name);
        *ret = spec;
        return 0;
}

int store_load_spec(const char *name, json_t **ret, struct error *e) {
        return load_spec(name, false, ret, e);
}

int store_load(const char *name, struct container *ret, struct error *e) {
        json_t *spec;
        int r;

        r = load_spec(name, true, &spec, e);
        if (r < 0)
                return r;
        r = spec_to_container(spec, name, ret, e);
        json_decref(spec);
        return r;
}

/* Not with net.ipv6.conf.all.disable_ipv6, which sets the default too, nor in a kernel that was started without it. */
bool store_host_has_v6(void) {
        _cleanup_(freep) char *text = NULL;

        return file_read("/proc/sys/net/ipv6/conf/default/disable_ipv6", 16, &text, NULL) >= 0 && text[0] == '0';
}

int store_compute_network(const char *name, const struct allocations *a, const uint8_t machine_id[16],
                          struct container *c, struct network *ret, struct error *e) {
        struct allocation ranges = {0};
        int r;

        r = store_load(name, c, e);
        if (r < 0)
                return r;
        if (c->mode == NETWORK_VETH && allocations_find(a, name, &ranges) < 0)
                r = error_set(e, ENOENT, EXIT_CONTAINER,
                              "container '%s' has no addresses in '%s'; run 'nixos-nspawn update %s' to give it some",
                              name, PATH_ALLOCATIONS, name);
        else {
                r = network_compute(c, &ranges, machine_id, ret);
                if (r < 0)
                        (void) error_errno(e, r, EXIT_CONTAINER, "cannot compute the network of container '%s'", name);
                else if (!store_host_has_v6())
                        network_drop_v6(ret);
        }
        if (r < 0)
                container_clear(c);
        return r;
}

int store_load_network(const char *name, struct container *c, struct network *ret, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        uint8_t machine_id[16];
        int r;

        if (!store_exists(name))
                return no_such_container(name, e);
        r = machine_id_get(machine_id, e);
        if (r < 0)
                return r;
        r = allocations_load(&a, e);
        return r < 0 ? r : store_compute_network(name, a, machine_id, c, ret, e);
}
