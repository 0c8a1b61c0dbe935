/* Which host ports are whose, over all containers that are defined.
 *
 * Reading every spec for each question would make `create` slower with every container there is, so the answer of last
 * time is kept in PATH_FORWARDS. It is only a cache: each entry carries the inode and time of the spec that it comes
 * from, an entry whose spec differs is read again, and a cache that cannot be understood is made anew. */
#include "foreign.h"
#include "store.h"

#include "base/file.h"
#include "base/paths.h"
#include "confs.h"
#include "model/names.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define CACHE_MAX (256u << 20)

static json_t *forward_to_json(const struct forward *f) {
        char bind[ADDRESS_TEXT_MAX];

        return json_pack("[s, i, i, i, s]", protocol_name(f->protocol), (int) f->host_port, (int) f->container_port,
                         (int) f->count, address_format(&f->bind, bind));
}

static int forward_from_json(json_t *v, struct forward *ret) {
        int host_port, container_port, count;
        const char *protocol, *bind;
        struct forward f = {0};

        if (json_unpack(v, "[s, i, i, i, s]", &protocol, &host_port, &container_port, &count, &bind) < 0)
                return -EINVAL;
        if (host_port < 1 || container_port < 1 || count < 1 || host_port + count > 65536 || container_port > 65535)
                return -EINVAL;
        if (*bind && address_parse(bind, &f.bind) < 0)
                return -EINVAL;
        f.protocol = strcmp(protocol, "udp") == 0 ? PROTOCOL_UDP : PROTOCOL_TCP;
        f.host_port = (uint16_t) host_port;
        f.container_port = (uint16_t) container_port;
        f.count = (uint16_t) count;
        *ret = f;
        return 0;
}

/* What tells one spec from another: a generation's files are never changed, only replaced. A conf is changed by people,
 * too. */
static char *spec_stamp(const char *name) {
        _cleanup_(freep) char *path = NULL;
        enum container_kind kind;
        struct stat st;

        if (store_kind(name, &kind) < 0)
                (void) foreign_find(name, &path);
        else if (kind == CONTAINER_NIXOS)
                (void) confs_find(name, &path, NULL);
        else
                path = format("%s/%s/system/nixos-nspawn/spec.json", PATH_PROFILES, name);
        if (!path || stat(path, &st) < 0)
                return NULL;
        return format("%ju.%ju.%09ld", (uintmax_t) st.st_ino, (uintmax_t) st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* A spec that cannot be read has no forwards: its container cannot be started, and says why when somebody tries. */
static json_t *read_forwards(const char *name, const char *stamp) {
        json_t *list = json_array();
        struct container c = CONTAINER_INIT;

        if (store_load(name, &c, NULL) == 0)
                for (size_t i = 0; i < c.n_forwards; i++)
                        (void) json_array_append_new(list, forward_to_json(&c.forwards[i]));
        container_clear(&c);
        return json_pack("{s:s, s:o}", "spec", stamp, "forwards", list);
}

static json_t *cache_load(void) {
        _cleanup_(freep) char *text = NULL;
        json_t *cache = NULL;
        size_t size;

        if (file_read(PATH_FORWARDS, CACHE_MAX, &text, &size) == 0)
                cache = json_loadb(text, size, 0, NULL);
        if (!json_is_object(cache)) {
                json_decref(cache);
                cache = json_object();
        }
        return cache;
}

static void cache_save(const json_t *cache) {
        char *text = json_dumps(cache, JSON_COMPACT);

        if (text && directory_make(PATH_RUN, 0755) == 0)
                (void) file_write_atomic(PATH_FORWARDS, text, strlen(text), 0600, false);
        free(text);
}

/* From the cache into fresh where it is right. true: it was not. */
static bool load_each(char *const *names, const json_t *cache, json_t *fresh) {
        bool changed = false;

        for (; *names; names++) {
                _cleanup_(freep) char *stamp = spec_stamp(*names);
                json_t *entry = json_object_get(cache, *names);
                const char *known = json_string_value(json_object_get(entry, "spec"));

                if (stamp && known && strcmp(known, stamp) == 0)
                        (void) json_object_set(fresh, *names, entry);
                else if (stamp) {
                        (void) json_object_set_new(fresh, *names, read_forwards(*names, stamp));
                        changed = true;
                }
        }
        return changed;
}

/* Name -> entry of every container. */
static int load_all(json_t **ret) {
        _cleanup_(strings_freep) char **names = NULL, **foreign = NULL;
        json_t *cache, *fresh;
        bool changed;
        int r;

        r = store_list(&names);
        if (r >= 0)
                r = foreign_list(names, &foreign);
        if (r < 0)
                return r;
        cache = cache_load();
        fresh = json_object();
        if (!cache || !fresh) {
                json_decref(cache);
                json_decref(fresh);
                return -ENOMEM;
        }
        changed = load_each(names, cache, fresh);
        changed = load_each(foreign, cache, fresh) || changed;
        if (changed || json_object_size(cache) != json_object_size(fresh))
                cache_save(fresh);
        json_decref(cache);
        *ret = fresh;
        return 0;
}

/* How many of the ports below p are wanted, a protocol: tells in two look-ups that a range is in nobody's way. */
struct wanted {
        uint32_t below[2][65537];
};

static struct wanted *wanted_new(const struct forward *forwards, size_t n) {
        struct wanted *w = calloc(1, sizeof *w);

        if (!w)
                return NULL;
        for (size_t i = 0; i < n; i++)
                for (unsigned k = 0; k < forwards[i].count && forwards[i].host_port + k < 65536; k++)
                        w->below[forwards[i].protocol][forwards[i].host_port + k + 1] = 1;
        for (unsigned protocol = 0; protocol < 2; protocol++)
                for (unsigned p = 1; p < 65537; p++)
                        w->below[protocol][p] += w->below[protocol][p - 1];
        return w;
}

static const struct forward *find_conflict(const struct wanted *w, const struct forward *forwards, size_t n,
                                           const struct forward *existing) {
        const uint32_t *below = w->below[existing->protocol];

        if (below[existing->host_port] == below[existing->host_port + existing->count])
                return NULL;
        for (size_t i = 0; i < n; i++)
                if (forward_conflicts(&forwards[i], existing))
                        return &forwards[i];
        return NULL;
}

static int conflict_in(const struct wanted *w, const struct forward *forwards, size_t n, const char *owner,
                       json_t *entry, struct store_conflict *ret) {
        json_t *v;
        size_t i;

        json_array_foreach (json_object_get(entry, "forwards"), i, v) {
                const struct forward *mine;
                struct forward existing;

                if (forward_from_json(v, &existing) < 0)
                        continue;
                mine = find_conflict(w, forwards, n, &existing);
                if (!mine)
                        continue;
                *ret = (struct store_conflict){.wanted = *mine, .existing = existing};
                (void) snprintf(ret->name, sizeof ret->name, "%s", owner);
                return 1;
        }
        return 0;
}

static void explain(const char *name, const struct store_conflict *c, struct error *e) {
        unsigned first = c->wanted.host_port > c->existing.host_port ? c->wanted.host_port : c->existing.host_port;

        (void) error_set(e, EADDRINUSE, EXIT_CONTAINER,
                         "host port %u/%s of container '%s' is already forwarded to container '%s'; choose another "
                         "hostPort for one of them",
                         first, protocol_name(c->wanted.protocol), name, c->name);
}

int store_forward_conflict(const char *name, const struct forward *forwards, size_t n, struct store_conflict *ret,
                           struct error *e) {
        _cleanup_(freep) struct wanted *w = NULL;
        struct store_conflict conflict;
        json_t *all = NULL, *entry;
        const char *owner;
        int r;

        if (n == 0)
                return 0;
        w = wanted_new(forwards, n);
        r = w ? load_all(&all) : -ENOMEM;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read the forwards of the other containers");
        r = 0;
        json_object_foreach (all, owner, entry) {
                if (strcmp(owner, name) == 0)
                        continue;
                r = conflict_in(w, forwards, n, owner, entry, &conflict);
                if (r > 0)
                        break;
        }
        if (r > 0) {
                explain(name, &conflict, e);
                if (ret)
                        *ret = conflict;
        }
        json_decref(all);
        return r;
}
