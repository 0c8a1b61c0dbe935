/* systemd.network.networks.NAME: NixOS's attributes mapped to the sections of systemd.network(5). */
#include "base/file.h"
#include "guest_make.h"
#include "network_attributes.h"
#include "value.h"

#include <errno.h>
#include <string.h>

static bool is_unset(const json_t *v) {
        return !v || json_is_null(v) || (json_is_array(v) && json_array_size(v) == 0) ||
               (json_is_object(v) && json_object_size(v) == 0);
}

static void open_section(struct buffer *b, const char *section, const char **current) {
        if (*current && strcmp(*current, section) == 0)
                return;
        buffer_append_format(b, "\n[%s]\n", section);
        *current = section;
}

static void append_mapping(struct guest_maker *m, struct buffer *b, const struct network_attribute *map,
                           const json_t *v, const char *where, const char **current) {
        char option[GUEST_OPTION_MAX + 48];
        const json_t *item;
        size_t i;

        (void) snprintf(option, sizeof(option), "%s.%s", where, map->attribute);
        if (map->shape == ATTRIBUTE_LINES) {
                open_section(b, map->section, current);
                guest_append_setting(m, b, map->key, v, option);
        } else if (map->shape == ATTRIBUTE_SECTION) {
                if (!json_is_object(v))
                        guest_fail(m, EINVAL, "%s: expected an attribute set", option);
                open_section(b, map->section, current);
                guest_append_settings(m, b, v, option);
        } else if (!json_is_array(v))
                guest_fail(m, EINVAL, "%s: expected a list of attribute sets", option);
        else
                json_array_foreach (v, i, item) {
                        const json_t *nested = json_object_get(item, map->nested);

                        if (!json_is_object(item))
                                guest_fail(m, EINVAL, "%s[%zu]: expected an attribute set", option, i);
                        *current = NULL;
                        open_section(b, map->section, current);
                        guest_append_settings(m, b, nested ? nested : item, option);
                        *current = NULL;
                }
}

static void make_network(struct guest_maker *m, const char *name, const json_t *o) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        _cleanup_(freep) char *path = format("/etc/systemd/network/%s.network", name);
        const char *current = NULL, *attribute, *extra;
        char where[GUEST_OPTION_MAX];
        json_t *v;

        (void) snprintf(where, sizeof(where), "systemd.network.networks.\"%s\"", name);
        if (!path || !name[0] || name[0] == '.' || strlen(name) > 200 || strpbrk(name, "/\n\r\t ")) {
                guest_fail(m, EINVAL, "systemd.network.networks: has a name that no file can have: no '/', no blanks");
                return;
        }
        if (!guest_boolean(m, o, where, "enable", true))
                return;
        buffer_append_format(&b, "# Made from %s.", where);
        buffer_append_string(&b, "\n");
        json_object_foreach ((json_t *) o, attribute, v)
                if (!network_attribute_is_known(attribute))
                        guest_fail(m, EINVAL,
                                   "%s.%s: no such option (names as in NixOS: networkConfig, address, routes ...)",
                                   where, attribute);
        for (const struct network_attribute *map = network_attributes; map->attribute; map++) {
                v = json_object_get(o, map->attribute);
                if (!is_unset(v))
                        append_mapping(m, &b, map, v, where, &current);
        }
        extra = guest_string(m, o, where, "extraConfig");
        if (extra && extra[0])
                buffer_append_format(&b, "\n%s\n", extra);
        guest_add(m, path, 0644, &b);
}

void guest_make_networks(struct guest_maker *m) {
        const json_t *systemd = guest_object(m, m->config, "config", "systemd");
        const json_t *network = guest_object(m, systemd, "systemd", "network");
        const json_t *networks = guest_object(m, network, "systemd.network", "networks");
        const char *name;
        json_t *o;

        json_object_foreach ((json_t *) networks, name, o)
                make_network(m, name, o);
}
