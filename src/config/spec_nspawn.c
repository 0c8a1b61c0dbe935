/* The [Network] section may be said in two places, nixosContainer.bridge and systemd.nspawn.NAME.networkConfig: they
 * are one section in the end, so they are read as one. */
#include "spec_nspawn.h"

#include "base/file.h"
#include "base/parse.h"
#include "nspawn_settings.h"
#include "shape.h"
#include "value.h"

#include <errno.h>
#include <string.h>

struct parts {
        struct nspawn_settings settings;
        const char *name;
        struct error *e;
};

/* A setting as a line has it; NULL: v is none. buf: for numbers. */
static const char *setting_text(const json_t *v, char buf[32]) {
        if (json_is_boolean(v))
                return json_is_true(v) ? "true" : "false";
        if (json_is_integer(v)) {
                (void) snprintf(buf, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
                return buf;
        }
        return value_string(v);
}

static int read_value(struct parts *p, const char *attribute, const char *section, const char *key, const json_t *v) {
        const char *problem = "expected a string, a number, true or false, or a list of them";
        char number[32];
        const char *text = setting_text(v, number);
        int r = text ? nspawn_settings_read(&p->settings, section, key, text, &problem) : -EINVAL;

        if (r == -ENOENT)
                return error_set(p->e, EINVAL, EXIT_CONTAINER,
                                 "systemd.nspawn.%s.%s: systemd.nspawn(5) has no %s= in its section [%s]", p->name,
                                 attribute, string_is_clean(key) ? key : "?", section);
        if (r == -EINVAL)
                return error_set(p->e, EINVAL, EXIT_CONTAINER, "systemd.nspawn.%s.%s.%s: %s", p->name, attribute, key,
                                 problem);
        return r;
}

static int read_section(struct parts *p, const json_t *options, const char *attribute, const char *section) {
        const json_t *keys = json_object_get(options, attribute), *item;
        const char *key;
        json_t *v;
        size_t i;
        int r = 0;

        json_object_foreach ((json_t *) keys, key, v) {
                if (!json_is_array(v))
                        r = read_value(p, attribute, section, key, v);
                json_array_foreach (v, i, item)
                        if (r >= 0)
                                r = read_value(p, attribute, section, key, item);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* nixosContainer.bridge, where networkConfig does not say another. */
static int read_bridge(struct parts *p, const json_t *config) {
        const json_t *v = json_object_get(json_object_get(config, "nixosContainer"), "bridge");
        _cleanup_(freep) char *other = steal_ptr(p->settings.bridge);
        const char *s = value_string(v), *problem = NULL;
        char text[VALUE_TEXT_MAX];
        int r;

        if (!v || json_is_null(v)) {
                p->settings.bridge = steal_ptr(other);
                return 0;
        }
        if (!s || !*s)
                return error_set(p->e, EINVAL, EXIT_CONTAINER,
                                 "nixosContainer.bridge: expected the name of a bridge, found %s",
                                 value_describe(v, text));
        r = nspawn_settings_read(&p->settings, "Network", "Bridge", s, &problem);
        if (r == -EINVAL)
                return error_set(p->e, EINVAL, EXIT_CONTAINER, "nixosContainer.bridge: %s", problem);
        if (r >= 0 && other && strcmp(other, s) != 0)
                return error_set(p->e, EINVAL, EXIT_CONTAINER,
                                 "nixosContainer.bridge is %s and systemd.nspawn.%s.networkConfig.Bridge is %s; a "
                                 "container joins one bridge, remove one of them",
                                 s, p->name, other);
        return r;
}

static int wrong_extra(const struct parts *p, const char *name, const char *key, const char *problem) {
        return error_set(p->e, EINVAL, EXIT_CONTAINER, "nixosContainer.extraVeths.%s%s%s: %s",
                         string_is_clean(name) ? name : "?", key ? "." : "", key ?: "", problem);
}

static int read_end(struct parts *p, const char *name, const json_t *options, struct end *end) {
        static const char *const keys[] = {"hostBridge", "hostAddress", "hostAddress6", "localAddress",
                                           "localAddress6"};

        for (size_t i = 0; i < ELEMENTS_OF(keys); i++) {
                const json_t *v = json_object_get(options, keys[i]);
                const char *s = value_string(v), *problem = "expected a string";

                if (!v || json_is_null(v))
                        continue;
                if (s)
                        problem = reading_end(&p->settings.reading, end, keys[i], s);
                if (problem)
                        return p->settings.reading.memory ? -ENOMEM : wrong_extra(p, name, keys[i], problem);
        }
        if (end->bridge && (end->host_v4.address.family != AF_UNSPEC || end->host_v6.address.family != AF_UNSPEC))
                return wrong_extra(
                        p, name, NULL,
                        "hostAddress and hostBridge exclude each other: the host's address is the bridge's own");
        return 0;
}

static int read_extra_veths(struct parts *p, const json_t *config) {
        const json_t *all = json_object_get(json_object_get(config, "nixosContainer"), "extraVeths");
        const char *name;
        json_t *v;

        json_object_foreach ((json_t *) all, name, v) {
                struct extra_veth *veth;
                const char *problem = reading_add_extra_veth(&p->settings.reading, name, strlen(name), &veth);
                int r;

                if (problem)
                        return p->settings.reading.memory ? -ENOMEM : wrong_extra(p, name, NULL, problem);
                r = read_end(p, name, v, &veth->end);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Options of a zone's member belong together. */
static int read_zone(struct parts *p) {
        struct container *c = p->settings.reading.c;
        const char *zone = c->mode == NETWORK_ZONE ? c->attached_to : NULL;

        if (p->settings.zone && !string_equal(p->settings.zone, zone))
                return error_set(p->e, EINVAL, EXIT_CONTAINER,
                                 "systemd.nspawn.%s.networkConfig.Zone: use nixosContainer.zone", p->name);
        if (zone && !p->settings.zone) {
                p->settings.zone = strdup(zone);
                return p->settings.zone ? 0 : -ENOMEM;
        }
        return 0;
}

static bool is_said(const json_t *config, const char *option) {
        const json_t *v = json_object_get(json_object_get(config, "nixosContainer"), option);

        return v && !json_is_null(v);
}

/* Who says something of the link with host0 wants one. */
static int check_settings(struct parts *p, const json_t *config) {
        struct nspawn_settings *s = &p->settings;

        if (is_said(config, "hostNetworkConfig") && s->bridge)
                return error_set(
                        p->e, EINVAL, EXIT_CONTAINER,
                        "nixosContainer.hostNetworkConfig is for the host's end of a link between the two, and a "
                        "member of the bridge %s has none: set the host's addresses on %s itself, or leave the "
                        "bridge",
                        s->bridge, s->bridge);
        if (!s->bridge && !s->zone && s->virtual_ethernet < 0 &&
            (is_said(config, "hostNetworkConfig") || is_said(config, "containerNetworkConfig")))
                s->virtual_ethernet = 1;
        if (s->virtual_ethernet == 0 &&
            (is_said(config, "hostNetworkConfig") || is_said(config, "containerNetworkConfig")))
                return error_set(p->e, EINVAL, EXIT_CONTAINER,
                                 "systemd.nspawn.%s.networkConfig.VirtualEthernet=no leaves no link that "
                                 "nixosContainer.hostNetworkConfig or containerNetworkConfig could be for; for other "
                                 "links inside use systemd.network.networks",
                                 p->name);
        return 0;
}

/* Of other containers nothing can be said here. */
static int find_own(const json_t *config, const char *name, const json_t **ret, struct error *e) {
        const json_t *all = json_object_get(json_object_get(config, "systemd"), "nspawn");
        const char *key;
        json_t *v;

        *ret = NULL;
        json_object_foreach ((json_t *) all, key, v) {
                if (!string_equal(key, name))
                        return error_set(e, EINVAL, EXIT_CONTAINER,
                                         "systemd.nspawn.%s: this is the config of container %s; write "
                                         "systemd.nspawn.%s (or, in a config that is a function: { name, ... }: "
                                         "systemd.nspawn.${name})",
                                         string_is_clean(key) ? key : "?", name, name);
                *ret = v;
        }
        return 0;
}

static int read_all(struct parts *p, const json_t *config, const json_t *own) {
        const char *problem;
        int r = read_section(p, own, "execConfig", "Exec");

        if (r >= 0)
                r = read_section(p, own, "filesConfig", "Files");
        if (r >= 0)
                r = read_section(p, own, "networkConfig", "Network");
        if (r >= 0)
                r = read_bridge(p, config);
        if (r >= 0)
                r = read_zone(p);
        if (r >= 0)
                r = check_settings(p, config);
        if (r < 0)
                return r;
        r = nspawn_settings_decide(&p->settings, &problem);
        if (r == -EINVAL)
                return error_set(p->e, EINVAL, EXIT_CONTAINER, "systemd.nspawn.%s.networkConfig: %s", p->name, problem);
        if (r < 0)
                return r;
        /* These are beside whatever link there is, and do not take its place. */
        r = read_extra_veths(p, config);
        if (r >= 0 && p->settings.reading.c->n_extra_veths > 0 && p->settings.reading.c->mode == NETWORK_HOST)
                return error_set(
                        p->e, EINVAL, EXIT_CONTAINER,
                        "nixosContainer.extraVeths: a container that shares the host's network (VirtualEthernet=no) "
                        "can be given no link; remove one of them");
        return r;
}

int spec_read_nspawn(const json_t *config, struct container *c, struct error *e) {
        struct parts p = {.settings = NSPAWN_SETTINGS_INIT, .name = c->name, .e = e};
        _cleanup_(freep) char *where = format("systemd.nspawn.%s.networkConfig", c->name);
        const json_t *own;
        int r = where ? find_own(config, c->name, &own, e) : -ENOMEM;

        if (r < 0)
                return r;
        p.settings.reading.c = c;
        r = read_all(&p, config, own);
        nspawn_settings_clear(&p.settings);
        return r < 0 ? r : shape_check(c, where, e);
}
