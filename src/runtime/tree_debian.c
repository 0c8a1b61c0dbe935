/* Debian trees that mmdebstrap makes, cached by release and packages: PATH_TREES/debian-SUITE-HASH. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/siphash.h"
#include "tree_private.h"

#include <errno.h>
#include <string.h>

/* Counts up when the same packages give another tree: base packages, options of mmdebstrap, tree_finish(). */
#define RECIPE        "3"
#define DEFAULT_SUITE "trixie"
/* Seen at its height: 310 MiB, the lists and the packages still there. */
#define NEEDED_MIB 600

static const char base_packages[] =
        "ca-certificates,curl,dbus,iproute2,iputils-ping,less,netbase,nftables,procps,systemd,"
        "systemd-sysv";

static const uint8_t hash_key[16] = {0x6e, 0x73, 0x70, 0x61, 0x77, 0x6e, 0x2d, 0x64,
                                     0x65, 0x62, 0x69, 0x61, 0x6e, 0x2d, 0x30, 0x31};

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

static int make_tree(const struct tree_job *job, const void *context, struct error *e) {
        int r = tree_build(job, context, e);

        return r < 0 ? r : tree_finish(job->target, false, e);
}

int tree_prepare_debian(const json_t *spec, runtime_progress_t progress, void *userdata, struct tree *ret,
                        struct error *e) {
        _cleanup_(freep) char *packages = join_packages(spec), *key = NULL, *name = NULL;
        const char *suite = getenv("NIXOS_NSPAWN_SUITE"), *mirror = getenv("NIXOS_NSPAWN_MIRROR");
        struct tree_recipe recipe = {.packages = packages, .mirror = mirror && mirror[0] ? mirror : NULL};
        struct tree_entry entry = {
                .probe = TREE_INIT_PROGRAM,
                .needed_mib = NEEDED_MIB,
                .announcement = "making a Debian system, once for all containers like this one (about half a minute)",
                .make = make_tree,
                .context = &recipe,
        };
        int r;

        recipe.suite = suite && suite[0] ? suite : DEFAULT_SUITE;
        if (!suite_is_valid(recipe.suite))
                return error_set(e, EINVAL, EXIT_USAGE,
                                 "NIXOS_NSPAWN_SUITE is not the name of a Debian release, such as \"" DEFAULT_SUITE
                                 "\"");
        key = packages ? format(RECIPE "\n%s", packages) : NULL;
        name = key ? format("debian-%s-%016llx", recipe.suite,
                            (unsigned long long) siphash24(key, strlen(key), hash_key))
                   : NULL;
        if (!name)
                return error_errno(e, ENOMEM, EXIT_FAILED, "choosing the container's system");
        entry.name = name;
        r = tree_cache_get(&entry, progress, userdata, &ret->path, e);
        if (r < 0)
                return r;
        ret->usr = format("%s/usr", ret->path);
        return ret->usr ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "choosing the container's system");
}
