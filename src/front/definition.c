/* From options to a container that can be stored. */
#include "front/definition.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "config/config.h"
#include "config/guest.h"
#include "config/link_settings.h"
#include "config/spec.h"
#include "front/directories.h"
#include "state/applied.h"
#include "state/hand_networks.h"
#include "state/zones.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/utsname.h>

#define TREE_FILE   "tree.json"
#define CONFIG_FILE "configuration.nix"

void definition_clear(struct definition *d) {
        json_decref(d->spec);
        network_clear(&d->network);
        container_clear(&d->container);
        tree_clear(&d->tree);
        free(d->system);
        free(d->image);
        free(d->suite);
        *d = DEFINITION_INIT;
}

static int check_sources(const struct invocation *i, struct error *e) {
        static const enum option sources[] = {OPTION_CONFIG, OPTION_PROFILE, OPTION_FLAKE};
        size_t n = 0;

        for (size_t s = 0; s < ELEMENTS_OF(sources); s++)
                n += invocation_has(i, sources[s]);
        if (n > 1)
                return error_set(
                        e, EINVAL, EXIT_FAILED,
                        "Options --config, --profile and --flake are mutually exclusive, please specify only one.");
        if (n == 0)
                return error_set(e, EINVAL, EXIT_FAILED, "One of --config, --profile or --flake must be specified.");
        for (size_t s = 1; s < ELEMENTS_OF(sources); s++)
                if (invocation_has(i, sources[s]))
                        return error_set(e, ENOTSUP, EXIT_CONTAINER,
                                         "--%s does not work yet (%s): use --config with a .nix or .json file",
                                         option_info(sources[s])->name, invocation_value(i, sources[s]));
        return 0;
}

/* A provider's name, or a platform as upstream's --system has it, which must be this machine's. */
static int parse_system(const char *s, enum provider *ret, struct error *e) {
        _cleanup_(freep) char *platform = NULL;
        struct utsname host;

        if (provider_parse(s, ret) >= 0)
                return 0;
        if (uname(&host) < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot find out this machine's platform");
        platform = format("%s-linux", host.machine);
        if (!platform)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read --system %s", s);
        *ret = PROVIDER_AUTO;
        if (string_equal(s, platform))
                return 0;
        if (strlen(s) > strlen("-linux") && string_equal(s + strlen(s) - strlen("-linux"), "-linux"))
                return error_set(e, EINVAL, EXIT_CONTAINER, "--system %s is not this machine's platform, %s", s,
                                 platform);
        return error_set(e, EINVAL, EXIT_USAGE,
                         "--system %s is unknown: auto, debian, host, image, nixos or the platform, %s", s, platform);
}

int definition_check_options(const struct invocation *i, struct error *e) {
        const char *system = invocation_value(i, OPTION_SYSTEM);
        enum provider provider;
        int r;

        r = check_sources(i, e);
        if (r >= 0 && system)
                r = parse_system(system, &provider, e);
        if (r < 0)
                return r;
        if (invocation_has(i, OPTION_IMAGE) && system && provider != PROVIDER_IMAGE)
                return error_set(e, EINVAL, EXIT_USAGE, "--image goes with --system image, not with --system %s",
                                 system);
        if (invocation_has(i, OPTION_SUITE) &&
            (invocation_has(i, OPTION_IMAGE) || (system && provider != PROVIDER_DEBIAN && provider != PROVIDER_AUTO)))
                return error_set(e, EINVAL, EXIT_USAGE, "--suite goes with --system debian only");
        return 0;
}

/* What the tree is to be made from: the options, or, where none of them is given, what it was made from before. */
static int choose_tree(const struct invocation *i, const struct definition *before, struct definition *d,
                       struct error *e) {
        const char *image = invocation_value(i, OPTION_IMAGE), *suite = invocation_value(i, OPTION_SUITE);
        const char *system = invocation_value(i, OPTION_SYSTEM);
        int r;

        if (!system && !image && !suite && before) {
                system = before->system;
                suite = before->suite;
                d->image = before->image ? strdup(before->image) : NULL;
        } else if (image) {
                d->image = realpath(image, NULL);
                if (!d->image)
                        return error_errno(e, errno, EXIT_CONTAINER, "cannot find the image %s", image);
        }
        system = system ?: image ? "image" : suite ? "debian" : "auto";
        r = parse_system(system, &d->provider, e);
        if (r < 0)
                return r;
        if (d->provider == PROVIDER_IMAGE && !d->image)
                return error_set(e, EINVAL, EXIT_USAGE, "--system image needs --image PATH, a directory or a tar file");
        d->system = strdup(system);
        d->suite = suite ? strdup(suite) : NULL;
        if (!d->system || (suite && !d->suite))
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the configuration of %s", d->name);
        return 0;
}

/* Before anything is made. */
static int check_zone(const struct definition *d, struct error *e) {
        _cleanup_(zone_clear) struct zone zone = ZONE_INIT;

        return d->container.mode == NETWORK_ZONE ? zones_load(d->container.attached_to, &zone, NULL, e) : 0;
}

/* Whether somebody is there who does what we do not. */
static int check_foreign(struct definition *d, struct error *e) {
        char link[IFNAMSIZ];
        int r;

        (void) link_name(LINK_VE, d->name, link);
        if (runtime_has_networkd())
                return 0;
        r = link_settings_refuse_foreign(&d->container.host_settings, link, e);
        return r < 0 ? r : hand_networks_apply(&d->container, e);
}

/* Takes d over, also on failure. */
static int load_config(const char *config, struct definition *d, struct definition *ret, struct error *e) {
        int r = config_load(config, d->name, &d->spec, e);

        if (r >= 0)
                r = spec_to_container(d->spec, d->name, &d->container, e);
        if (r >= 0)
                r = check_zone(d, e);
        if (r >= 0)
                r = check_foreign(d, e);
        if (r < 0) {
                definition_clear(d);
                return r;
        }
        *ret = *d;
        return 0;
}

int definition_load(const struct invocation *i, const char *name, const struct definition *before,
                    struct definition *ret, struct error *e) {
        struct definition d = DEFINITION_INIT;
        int r;

        d.name = name;
        r = choose_tree(i, before, &d, e);
        if (r >= 0)
                return load_config(invocation_value(i, OPTION_CONFIG), &d, ret, e);
        definition_clear(&d);
        return r;
}

int definition_load_file(const char *config, const char *name, const char *system, const char *image,
                         struct definition *ret, struct error *e) {
        struct definition d = DEFINITION_INIT;
        int r;

        d.name = name;
        d.system = strdup(system);
        d.image = image ? strdup(image) : NULL;
        if (!d.system || (image && !d.image))
                r = error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the configuration of %s", name);
        else
                r = parse_system(system, &d.provider, e);
        if (r >= 0)
                return load_config(config, &d, ret, e);
        definition_clear(&d);
        return r;
}

int definition_from_spec(json_t *spec, const char *name, struct definition *ret, struct error *e) {
        struct definition d = DEFINITION_INIT;
        int r;

        d.name = name;
        d.system = strdup("auto");
        d.provider = PROVIDER_AUTO;
        d.spec = json_incref(spec);
        r = d.system ? definition_read_spec(&d, e)
                     : error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the configuration of %s", name);
        if (r < 0) {
                definition_clear(&d);
                return r;
        }
        *ret = d;
        return 0;
}

int definition_read_spec(struct definition *d, struct error *e) {
        container_clear(&d->container);
        return spec_to_container(d->spec, d->name, &d->container, e);
}

int definition_instantiate(const struct definition *d, struct error *e) {
        return tree_instantiate_in(directories_folder(d->name), &d->tree, d->name, d->spec, e);
}

int definition_prepare(struct definition *d, runtime_progress_t progress, void *userdata, struct error *e) {
        /* The Debian release is the tree's business alone, which takes it from there. */
        if (d->suite && setenv("NIXOS_NSPAWN_SUITE", d->suite, 1) < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot choose the suite %s", d->suite);
        return tree_prepare(d->provider, d->image, d->spec, progress, userdata, &d->tree, e);
}

/* What the tree was made from: an update without --system stays with it. */
static char *tree_file(const struct definition *d) {
        json_t *value = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:b}", "system", d->system, "image", d->image,
                                  "suite", d->suite, "path", d->tree.path, "usr", d->tree.usr, "init", d->tree.init,
                                  "idmap", d->tree.idmap);
        char *text = value ? json_dumps(value, JSON_INDENT(2)) : NULL;

        json_decref(value);
        return text;
}

static int save(const struct definition *d, const struct store_file *files, size_t n, struct store_generation *ret,
                struct error *e) {
        for (size_t f = 0; f < n; f++)
                if (!files[f].name || !files[f].content)
                        return error_errno(e, ENOMEM, EXIT_FAILED, "cannot write the definition of %s", d->name);
        return store_save_generation(d->name, d->spec, files, n, ret, e);
}

int definition_save(const struct definition *d, const char *config, struct store_generation *ret, struct error *e) {
        _cleanup_(freep) char *unit_name = format("%s.nspawn", d->name);
        _cleanup_(freep) char *unit = guest_nspawn_file(&d->container, d->tree.usr, d->tree.idmap, d->tree.init);
        char suffix[NAME_SUFFIX_MAX + 1];
        int r = applied_suffix(suffix, e);
        _cleanup_(freep) char *network = r < 0 ? NULL : guest_network_file(&d->container, &d->network, suffix);
        _cleanup_(freep) char *tree = tree_file(d);
        const struct store_file files[] = {
                {unit_name, unit},
                {"20-host0.network", network},
                {TREE_FILE, tree},
        };
        /* How a nixos-container is run, and its network, is in its conf. */
        const struct store_file nixos[] = {
                {CONFIG_FILE, config},
                {TREE_FILE, tree},
        };

        if (r < 0)
                return r;
        return config ? save(d, nixos, ELEMENTS_OF(nixos), ret, e) : save(d, files, ELEMENTS_OF(files), ret, e);
}

static int take_string(const json_t *object, const char *key, char **ret) {
        const char *s = json_string_value(json_object_get(object, key));

        *ret = s ? strdup(s) : NULL;
        return s && !*ret ? -ENOMEM : 0;
}

static int load_tree(struct definition *d, unsigned generation, struct error *e) {
        _cleanup_(freep) char *profile = store_generation_path(d->name, generation);
        _cleanup_(freep) char *path = profile ? format("%s/" TREE_FILE, profile) : NULL;
        json_error_t where;
        json_t *value;
        int r = 0;

        if (!path)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read which system %s is made from", d->name);
        value = json_load_file(path, 0, &where);
        if (!value)
                return error_set(e, EBADMSG, EXIT_FAILED, "cannot read which system %s is made from: %s: %s", d->name,
                                 path, where.text);
        if (take_string(value, "system", &d->system) < 0 || take_string(value, "path", &d->tree.path) < 0 ||
            take_string(value, "usr", &d->tree.usr) < 0 || take_string(value, "init", &d->tree.init) < 0 ||
            take_string(value, "image", &d->image) < 0 || take_string(value, "suite", &d->suite) < 0)
                r = error_errno(e, ENOMEM, EXIT_FAILED, "cannot read %s", path);
        else if (!d->system || parse_system(d->system, &d->provider, NULL) < 0)
                r = error_set(e, EBADMSG, EXIT_FAILED, "%s names no system that is known here", path);
        d->tree.idmap = json_is_true(json_object_get(value, "idmap"));
        json_decref(value);
        return r;
}

int definition_load_generation(const char *name, unsigned generation, struct definition *ret, struct error *e) {
        _cleanup_(definition_clear) struct definition d = DEFINITION_INIT;
        int r;

        d.name = name;
        r = store_load_spec(name, generation, &d.spec, e);
        if (r >= 0)
                r = spec_to_container(d.spec, name, &d.container, e);
        if (r >= 0)
                r = load_tree(&d, generation, e);
        if (r < 0)
                return r;
        *ret = d;
        d = DEFINITION_INIT;
        return 0;
}
