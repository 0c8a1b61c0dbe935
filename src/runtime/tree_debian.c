/* Debian trees that mmdebstrap makes, cached by release and packages: PATH_TREES/debian-SUITE-HASH.
 *
 * A tree is made under a hidden name and renamed, with a lock held by whoever makes it, mmdebstrap included. So what
 * has the name is complete, two commands never make the same one, and what a killed one left is removed by the next. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/siphash.h"
#include "state/paths.h"
#include "tree_private.h"

#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Counts up when the same packages give another tree: base packages, options of mmdebstrap, tree_finish(). */
#define RECIPE        "2"
#define DEFAULT_SUITE "trixie"
#define INIT          "/usr/lib/systemd/systemd"
/* Seen at its height: 310 MiB, the lists and the packages still there. */
#define NEEDED_MIB 600

static const char base_packages[] =
        "ca-certificates,curl,dbus,iproute2,iputils-ping,less,netbase,nftables,procps,systemd,"
        "systemd-sysv";

static const uint8_t hash_key[16] = {0x6e, 0x73, 0x70, 0x61, 0x77, 0x6e, 0x2d, 0x64,
                                     0x65, 0x62, 0x69, 0x61, 0x6e, 0x2d, 0x30, 0x31};

struct cache {
        char *suite;
        char *packages;
        char *path; /* of the tree */
        char *lock;
        char *log;
};

static void cache_clear(struct cache *c) {
        free(c->suite);
        free(c->packages);
        free(c->path);
        free(c->lock);
        free(c->log);
        *c = (struct cache){0};
}

static bool suite_is_valid(const char *s) {
        return s[0] && strlen(s) <= 40 && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

static char *join_packages(const json_t *spec) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        char **extra;

        if (tree_packages(spec, &extra) < 0)
                return NULL;
        buffer_append_string(&b, base_packages);
        for (char **p = extra; *p; p++) {
                buffer_append_format(&b, ",%s", *p);
                free(*p);
        }
        free(extra);
        return buffer_steal(&b);
}

static int cache_find(const json_t *spec, struct cache *ret, struct error *e) {
        _cleanup_(cache_clear) struct cache c = {0};
        _cleanup_(freep) char *key = NULL;
        const char *suite = getenv("NIXOS_NSPAWN_SUITE");
        uint64_t hash;

        if (!suite || !suite[0])
                suite = DEFAULT_SUITE;
        if (!suite_is_valid(suite))
                return error_set(e, EINVAL, EXIT_USAGE,
                                 "NIXOS_NSPAWN_SUITE is not the name of a Debian release, such as \"" DEFAULT_SUITE
                                 "\"");
        c.suite = strdup(suite);
        c.packages = join_packages(spec);
        key = c.packages ? format(RECIPE "\n%s", c.packages) : NULL;
        if (!key)
                return error_errno(e, ENOMEM, EXIT_FAILED, "choosing the container's system");
        hash = siphash24(key, strlen(key), hash_key);
        c.path = format(PATH_TREES "/debian-%s-%016llx", suite, (unsigned long long) hash);
        c.lock = c.path ? format("%s.lock", c.path) : NULL;
        c.log = c.path ? format("%s.log", c.path) : NULL;
        if (!c.suite || !c.lock || !c.log)
                return error_errno(e, ENOMEM, EXIT_FAILED, "choosing the container's system");
        *ret = c;
        c = (struct cache){0};
        return 0;
}

static bool is_complete(const char *path) {
        _cleanup_(freep) char *init = format("%s" INIT, path);
        struct stat st;

        return init && lstat(init, &st) == 0 && S_ISREG(st.st_mode);
}

static int check_room(struct error *e) {
        struct statvfs s;
        uint64_t mib;

        if (statvfs(PATH_TREES, &s) < 0)
                return error_errno(e, errno, EXIT_FAILED, "looking for room in %s", PATH_TREES);
        mib = (uint64_t) s.f_bavail * s.f_frsize / (1024 * 1024);
        if (mib < NEEDED_MIB)
                return error_set(
                        e, ENOSPC, EXIT_FAILED,
                        "no room to make the container's Debian system: %s has %llu MiB free, %u MiB are needed; "
                        "make room there, or mount a larger disk on it",
                        PATH_TREES, (unsigned long long) mib, (unsigned) NEEDED_MIB);
        return 0;
}

/* Under the lock nobody else makes this tree, so hidden ones of its name are of the dead. */
static void remove_leftovers(const struct cache *c) {
        _cleanup_(freep) char *pattern = format(PATH_TREES "/.%s.??????", strrchr(c->path, '/') + 1);
        glob_t found = {0};

        if (pattern && glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
                for (size_t i = 0; i < found.gl_pathc; i++)
                        (void) tree_remove(found.gl_pathv[i]);
        globfree(&found);
}

static int make_tree(const struct cache *c, int lock, runtime_progress_t progress, void *userdata, struct error *e) {
        _cleanup_(freep) char *temporary = format(PATH_TREES "/.%s.XXXXXX", strrchr(c->path, '/') + 1);
        const char *mirror = getenv("NIXOS_NSPAWN_MIRROR");
        const struct tree_recipe recipe = {
                .suite = c->suite,
                .mirror = mirror && mirror[0] ? mirror : NULL,
                .packages = c->packages,
        };
        int r;

        remove_leftovers(c);
        r = check_room(e);
        if (r < 0)
                return r;
        /* apt downloads as a user of its own, who must get there. */
        if (!temporary || !mkdtemp(temporary) || chmod(temporary, 0755) < 0)
                return error_errno(e, temporary ? errno : ENOMEM, EXIT_FAILED, "making a directory in %s", PATH_TREES);
        r = tree_build(&recipe, temporary, c->log, lock, progress, userdata, e);
        if (r == 0)
                r = tree_finish(temporary, e);
        if (r == 0)
                r = tree_remove(c->path); /* one that is not complete, damaged later */
        if (r == 0 && rename(temporary, c->path) < 0)
                r = error_errno(e, errno, EXIT_FAILED, "making %s", c->path);
        if (r < 0)
                (void) tree_remove(temporary);
        return r;
}

static int ensure_tree(const struct cache *c, runtime_progress_t progress, void *userdata, struct error *e) {
        _cleanup_(fd_closep) int lock = -1;
        int r;

        if (is_complete(c->path))
                return 0;
        r = directory_make(PATH_TREES, 0755);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "making %s", PATH_TREES);
        lock = lock_take(c->lock, 0);
        if (lock == -EAGAIN) {
                if (progress)
                        progress("waiting for another command that makes the same system", userdata);
                lock = lock_take(c->lock, -1);
        }
        if (lock < 0)
                return error_errno(e, lock, EXIT_FAILED, "taking the lock %s", c->lock);
        if (is_complete(c->path))
                return 0;
        if (progress)
                progress("making a Debian system, once for all containers like this one (about half a minute)",
                         userdata);
        return make_tree(c, lock, progress, userdata, e);
}

int tree_prepare_debian(const json_t *spec, runtime_progress_t progress, void *userdata, struct tree *ret,
                        struct error *e) {
        _cleanup_(cache_clear) struct cache c = {0};
        _cleanup_(tree_clear) struct tree t = TREE_INIT;
        int r;

        r = cache_find(spec, &c, e);
        if (r == 0)
                r = ensure_tree(&c, progress, userdata, e);
        if (r < 0)
                return r;
        t.path = strdup(c.path);
        t.usr = format("%s/usr", c.path);
        t.init = strdup(INIT);
        if (!t.path || !t.usr || !t.init)
                return error_errno(e, ENOMEM, EXIT_FAILED, "choosing the container's system");
        *ret = t;
        t = TREE_INIT;
        return 0;
}
