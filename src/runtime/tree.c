/* Which provider, and what all have in common. */
#include "tree.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/paths.h"
#include "tree_private.h"

#include <errno.h>
#include <string.h>

static const char *const provider_names[] = {
        [PROVIDER_AUTO] = "auto",     [PROVIDER_NIXOS] = "nixos", [PROVIDER_HOST] = "host",
        [PROVIDER_DEBIAN] = "debian", [PROVIDER_IMAGE] = "image",
};

int provider_parse(const char *s, enum provider *ret) {
        for (size_t i = 0; i < ELEMENTS_OF(provider_names); i++)
                if (string_equal(s, provider_names[i])) {
                        *ret = (enum provider) i;
                        return 0;
                }
        return -EINVAL;
}

const char *provider_name(enum provider p) {
        return (size_t) p < ELEMENTS_OF(provider_names) ? provider_names[p] : "?";
}

void tree_clear(struct tree *t) {
        free(t->path);
        free(t->usr);
        free(t->init);
        *t = TREE_INIT;
}

/* services.NAME.enable brings packages. Sorted by package. */
static const struct {
        const char *service, *package;
} service_packages[] = {
        {"nginx", "nginx"},
        {"openssh", "openssh-server"},
};

int tree_packages(const json_t *spec, char ***ret) {
        const json_t *services = json_object_get(json_object_get(spec, "config"), "services");
        char **list = calloc(ELEMENTS_OF(service_packages) + 1, sizeof(*list));
        size_t n = 0;

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTS_OF(service_packages); i++) {
                const json_t *service = json_object_get(services, service_packages[i].service);

                if (!json_is_true(json_object_get(service, "enable")))
                        continue;
                list[n] = strdup(service_packages[i].package);
                if (!list[n]) {
                        while (n > 0)
                                free(list[--n]);
                        free(list);
                        return -ENOMEM;
                }
                n++;
        }
        *ret = list;
        return 0;
}

static int prepare(enum provider provider, const char *image, const json_t *spec, runtime_progress_t progress,
                   void *userdata, struct tree *ret, struct error *e) {
        switch (provider) {
        case PROVIDER_AUTO:
        case PROVIDER_DEBIAN:
                return tree_prepare_debian(spec, progress, userdata, ret, e);
        case PROVIDER_HOST:
                return tree_prepare_host(spec, progress, userdata, ret, e);
        case PROVIDER_IMAGE:
                return tree_prepare_image(image, progress, userdata, ret, e);
        case PROVIDER_NIXOS:
        default:
                return error_set(e, EOPNOTSUPP, EXIT_CONTAINER,
                                 "--system %s is not yet supported by this version; use --system debian",
                                 provider_name(provider));
        }
}

static bool wants_user_namespace(const json_t *spec) {
        const json_t *options = json_object_get(json_object_get(spec, "config"), "nixosContainer");

        return !json_is_false(json_object_get(options, "userNamespacing"));
}

int tree_prepare(enum provider provider, const char *image, const json_t *spec, runtime_progress_t progress,
                 void *userdata, struct tree *ret, struct error *e) {
        _cleanup_(tree_clear) struct tree t = TREE_INIT;
        int r;

        if (!image == (provider == PROVIDER_IMAGE))
                return error_set(e, EINVAL, EXIT_USAGE,
                                 "--image goes with --system image, and --system image with --image");
        r = prepare(provider, image, spec, progress, userdata, &t, e);
        if (r < 0)
                return r;
        t.init = strdup(TREE_INIT_PROGRAM);
        if (!t.init)
                return error_errno(e, ENOMEM, EXIT_FAILED, "choosing the container's system");
        t.idmap = tree_can_idmap(t.usr);
        if (!t.idmap && wants_user_namespace(spec))
                log_warning(
                        "Warning: owners cannot be mapped on the filesystem of %s (no ID-mapped mounts; overlayfs has "
                        "none), so in the container the files in /usr seem to be nobody's, and set-ID programs do not "
                        "work; keep " PATH_TREES
                        " on ext4, XFS, Btrfs or tmpfs, or set nixosContainer.userNamespacing = "
                        "false",
                        t.usr);
        *ret = t;
        t = TREE_INIT;
        return 0;
}
