/* From the spec JSON to the model.
 *
 * The spec was checked when it was made, but this reads it from a disk, perhaps years later and perhaps from another
 * version, so nothing is taken for granted: every value is checked again, and each message names the option as the
 * person wrote it in the config. */
#include "spec.h"

#include "base/file.h"
#include "base/parse.h"
#include "model/names.h"
#include "spec_forwards.h"
#include "spec_network.h"
#include "spec_nspawn.h"
#include "value.h"
#include "zone_options.h"

#include <errno.h>
#include <string.h>

#define OPTIONS "nixosContainer"

static int wrong_value(const char *option, const char *expected, const json_t *found, struct error *e) {
        char text[VALUE_TEXT_MAX];

        return error_set(e, EINVAL, EXIT_CONTAINER, "%s: expected %s, found %s", option, expected,
                         value_describe(found, text));
}

static int read_boolean(const json_t *options, const char *key, bool absent, bool *ret, struct error *e) {
        const json_t *v = json_object_get(options, key);
        _cleanup_(freep) char *option = NULL;

        if (!v || json_is_boolean(v)) {
                *ret = v ? json_is_true(v) : absent;
                return 0;
        }
        option = format(OPTIONS ".%s", key);
        return option ? wrong_value(option, "true or false", v, e) : -ENOMEM;
}

/* Options that have a meaning, but none that this version can give them. Ignoring one would run a container that is
 * not the one described, so each is refused unless it has its default. */
static const struct pending {
        const char *group; /* NULL: nixosContainer itself */
        const char *key;
        json_type unset; /* the type of the default: JSON_NULL, JSON_FALSE, JSON_TRUE, or JSON_ARRAY for [] */
} pending_options[] = {
        {NULL, "declarative", JSON_FALSE},       {NULL, "sharedNix", JSON_TRUE},
        {NULL, "mountDaemonSocket", JSON_FALSE}, {NULL, "systemCallFilter", JSON_NULL},
        {NULL, "credentials", JSON_ARRAY},       {"activation", "reloadScript", JSON_NULL},
};

static bool pending_is_unset(const struct pending *p, const json_t *options) {
        const json_t *group = p->group ? json_object_get(options, p->group) : options;
        const json_t *v = json_object_get(group, p->key);

        return !v || json_is_null(v) || (json_typeof(v) == p->unset && json_array_size(v) == 0);
}

static int check_pending(const json_t *options, struct error *e) {
        for (size_t i = 0; i < ELEMENTS_OF(pending_options); i++) {
                const struct pending *p = pending_options + i;

                if (!pending_is_unset(p, options))
                        return error_set(e, EOPNOTSUPP, EXIT_CONTAINER,
                                         OPTIONS ".%s%s%s is not yet supported by this version; remove it from the "
                                                 "config",
                                         p->group ? p->group : "", p->group ? "." : "", p->key);
        }
        return 0;
}

static int check_activation(const json_t *options, bool *ret_auto_start, struct error *e) {
        const json_t *activation = json_object_get(options, "activation");
        const json_t *strategy = json_object_get(activation, "strategy");
        const json_t *auto_start = json_object_get(activation, "autoStart");
        const char *s = value_string(strategy);

        if (activation && !json_is_object(activation))
                return wrong_value(OPTIONS ".activation", "an attribute set", activation, e);
        if (auto_start && !json_is_boolean(auto_start))
                return wrong_value(OPTIONS ".activation.autoStart", "true or false", auto_start, e);
        *ret_auto_start = !auto_start || json_is_true(auto_start);

        if (!strategy || json_is_null(strategy) || string_equal(s, "restart") || string_equal(s, "reload") ||
            string_equal(s, "none"))
                return 0;
        /* The exact words of the Python tool, which people's scripts look for. */
        if (string_equal(s, "dynamic"))
                return error_set(e, EOPNOTSUPP, EXIT_CONTAINER,
                                 "'dynamic' is currently not supported for imperative containers!");
        return wrong_value(OPTIONS ".activation.strategy", "\"restart\", \"reload\" or \"none\"", strategy, e);
}

static bool path_is_plain(const char *path, size_t size) {
        if (size == 0 || path[0] != '/')
                return false;
        /* ".." would make the text say another place than the one that gets mounted. */
        for (size_t i = 0; i + 3 <= size; i++)
                if (memcmp(path + i, "/..", 3) == 0 && (i + 3 == size || path[i + 3] == '/'))
                        return false;
        return true;
}

static bool mount_options_are_known(const char *s) {
        static const char *const known[] = {"rbind", "norbind", "idmap", "noidmap", "rootidmap"};

        while (*s) {
                size_t n = strcspn(s, ",");
                bool found = false;

                for (size_t i = 0; i < ELEMENTS_OF(known); i++)
                        found = found || (strlen(known[i]) == n && memcmp(s, known[i], n) == 0);
                if (!found)
                        return false;
                s += n;
                if (*s == ',' && *++s == '\0')
                        return false;
        }
        return true;
}

/* "HOST:CONTAINER[:OPTIONS]", or "PATH" for the same path on both sides. */
static bool bind_mount_is_valid(const char *s) {
        size_t host, container;

        if (!string_is_clean(s))
                return false;
        host = strcspn(s, ":");
        if (!path_is_plain(s, host))
                return false;
        if (s[host] == '\0')
                return true;
        s += host + 1;
        container = strcspn(s, ":");
        if (!path_is_plain(s, container))
                return false;
        return s[container] == '\0' || (s[container + 1] != '\0' && mount_options_are_known(s + container + 1));
}

static int read_bind_mounts(const json_t *options, struct container *c, struct error *e) {
        const json_t *list = json_object_get(options, "bindMounts");
        const json_t *v;
        size_t i;

        if (!list)
                return 0;
        if (!json_is_array(list))
                return wrong_value(OPTIONS ".bindMounts", "a list of strings", list, e);
        c->bind_mounts = calloc(json_array_size(list) + 1, sizeof(char *));
        if (!c->bind_mounts)
                return -ENOMEM;
        json_array_foreach (list, i, v) {
                const char *s = value_string(v);

                if (!s || !bind_mount_is_valid(s)) {
                        _cleanup_(freep) char *option = format(OPTIONS ".bindMounts[%zu]", i);

                        return wrong_value(
                                option ? option : OPTIONS ".bindMounts",
                                "\"HOST:CONTAINER\" or \"HOST:CONTAINER:OPTIONS\" with absolute paths without "
                                "\"..\" and options rbind, norbind, idmap, noidmap, rootidmap",
                                v, e);
                }
                c->bind_mounts[i] = strdup(s);
                if (!c->bind_mounts[i])
                        return -ENOMEM;
        }
        return 0;
}

static int read_timeout(const json_t *options, struct container *c, struct error *e) {
        const json_t *v = json_object_get(options, "timeoutStartSec");
        const char *s = value_string(v);
        uint64_t usec;

        if (!v)
                return 0;
        if (!s || parse_timespan(s, &usec) < 0)
                return wrong_value(OPTIONS ".timeoutStartSec",
                                   "a time span such as \"90s\", \"2min 30s\" or \"infinity\"", v, e);
        c->timeout_start_usec = usec > 0 ? usec : UINT64_MAX; /* systemd: 0 is no limit */
        return 0;
}

static int read_forwards(const json_t *options, struct container *c, struct error *e) {
        return spec_read_forwards(json_object_get(options, "forwardPorts"), &c->forwards, &c->n_forwards, e);
}

static int read_switches(const json_t *options, struct container *c, struct error *e) {
        int r = read_boolean(options, "ephemeral", false, &c->ephemeral, e);

        return r < 0 ? r : read_boolean(options, "userNamespacing", true, &c->user_namespacing, e);
}

/* What is said of the host's side of a link that the container does not have is a mistake. */
static int read_zone(const json_t *options, struct container *c, struct error *e) {
        const json_t *v = json_object_get(options, "zone"), *host = json_object_get(options, "hostNetworkConfig");
        const char *zone = value_string(v), *problem;
        int r;

        r = read_boolean(options, "isolated", false, &c->isolated, e);
        if (r >= 0)
                r = host_access_from_options(json_object_get(options, "hostAccess"), OPTIONS, &c->access, e);
        if (r < 0)
                return r;
        if (!v || json_is_null(v)) {
                if (c->isolated)
                        return error_set(e, EINVAL, EXIT_CONTAINER,
                                         OPTIONS ".isolated is for members of a zone (" OPTIONS ".zone); containers "
                                                 "without one are closed to each other anyway");
                return 0;
        }
        problem = zone ? zone_name_problem(zone) : NULL;
        if (!zone)
                return wrong_value(OPTIONS ".zone", "the name of a zone", v, e);
        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, OPTIONS ".zone = \"%s\": %s", zone, problem);
        if (host && !json_is_null(host))
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "hostNetworkConfig and zone are mutually exclusive on container '%s': the host's side "
                                 "of zone '%s' is configured by nixos.containers.zones.%s of the host's configuration, "
                                 "or by 'nixos-nspawn zone update %s --config FILE'",
                                 c->name, zone, zone, zone);
        if (!host_access_equal(&c->access, &(struct host_access){0}))
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 OPTIONS
                                 ".hostAccess: container '%s' is in zone '%s', whose own hostAccess counts; set "
                                 "it there",
                                 c->name, zone);
        c->mode = NETWORK_ZONE;
        c->attached_to = strdup(zone);
        return c->attached_to ? 0 : -ENOMEM;
}

static int read_activation(const json_t *options, struct container *c, struct error *e) {
        return check_activation(options, &c->auto_start, e);
}

static int read_pending(const json_t *options, struct container *c, struct error *e) {
        return check_pending(options, e);
}

/* All of them, so that everything that is wrong is told at once. */
static int read_options(const json_t *options, struct container *c, struct error *e) {
        static int (*const readers[])(const json_t *, struct container *, struct error *) = {
                read_zone,    read_pending,     read_activation, read_switches,
                read_timeout, read_bind_mounts, read_forwards,   spec_read_network,
        };
        _cleanup_(error_clear) struct error problems = ERROR_INIT;
        int r;

        for (size_t i = 0; i < ELEMENTS_OF(readers); i++) {
                _cleanup_(error_clear) struct error one = ERROR_INIT;

                if (readers[i](options, c, &one) == -ENOMEM)
                        return -ENOMEM;
                error_append(&problems, &one);
        }
        r = problems.code;
        error_move(e, &problems);
        return r;
}

/* The nixosContainer options of a spec of a version that we know; NULL after setting e. */
static const json_t *find_options(const json_t *spec, struct error *e) {
        const json_t *version = json_object_get(spec, "version");
        const json_t *config = json_object_get(spec, "config");
        const json_t *options = json_object_get(config, OPTIONS);
        char text[VALUE_TEXT_MAX];

        if (!json_is_integer(version) || json_integer_value(version) != SPEC_VERSION) {
                error_set(e, EINVAL, EXIT_CONTAINER,
                          "spec: expected \"version\" %d, found %s; it was written by another version or is damaged, "
                          "remove the container, which keeps its files, and create it again",
                          SPEC_VERSION, value_describe(version, text));
                return NULL;
        }
        if (!json_is_object(options)) {
                error_set(e, EINVAL, EXIT_CONTAINER,
                          "spec: expected an attribute set at \"config." OPTIONS "\", found %s; it is damaged, remove "
                          "the container, which keeps its files, and create it again",
                          value_describe(options, text));
                return NULL;
        }
        return options;
}

static int read_spec(const json_t *options, const json_t *config, struct container *c, struct error *e) {
        int r = c->name ? read_options(options, c, e) : -ENOMEM;

        if (r >= 0)
                r = spec_read_nspawn(config, c, e);
        return r == -ENOMEM ? error_errno(e, ENOMEM, EXIT_FAILED, "reading the spec") : r;
}

int spec_check(const json_t *spec, const char *name, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        const json_t *options = find_options(spec, e);

        c.name = strdup(name);
        return options ? read_spec(options, json_object_get(spec, "config"), &c, e) : -EINVAL;
}

int spec_to_container(const json_t *spec, const char *name, struct container *ret, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        const json_t *options = find_options(spec, e);
        const char *problem;
        int r;

        if (!options)
                return -EINVAL;
        problem = container_name_problem(name);
        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "container name '%s': %s", name, problem);
        c.name = strdup(name);
        r = read_spec(options, json_object_get(spec, "config"), &c, e);
        if (r < 0)
                return error_prefix(e, r, "container '%s'", name);
        *ret = c;
        c = CONTAINER_INIT;
        return 0;
}
