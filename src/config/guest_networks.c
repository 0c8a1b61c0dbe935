/* systemd.network.networks.NAME: NixOS's attributes mapped to the sections of systemd.network(5). */
#include "base/file.h"
#include "guest_make.h"
#include "value.h"

#include <errno.h>
#include <string.h>

enum shape {
        SHAPE_SECTION,  /* an attribute set: the keys of one section */
        SHAPE_SECTIONS, /* a list of attribute sets: a section each */
        SHAPE_LINES,    /* a string or a list: lines in [Network] */
};

/* In the order of systemd.network(5), which is the order they are written in; [Network] lines after the set. */
static const struct mapping {
        const char *attribute, *section, *key;
        enum shape shape;
        const char *nested; /* older configs wrap each list item in this attribute */
} mappings[] = {
        {"matchConfig", "Match", NULL, SHAPE_SECTION, NULL},
        {"name", "Match", "Name", SHAPE_LINES, NULL},
        {"linkConfig", "Link", NULL, SHAPE_SECTION, NULL},
        {"networkConfig", "Network", NULL, SHAPE_SECTION, NULL},
        {"DHCP", "Network", "DHCP", SHAPE_LINES, NULL},
        {"address", "Network", "Address", SHAPE_LINES, NULL},
        {"gateway", "Network", "Gateway", SHAPE_LINES, NULL},
        {"dns", "Network", "DNS", SHAPE_LINES, NULL},
        {"domains", "Network", "Domains", SHAPE_LINES, NULL},
        {"ntp", "Network", "NTP", SHAPE_LINES, NULL},
        {"bridge", "Network", "Bridge", SHAPE_LINES, NULL},
        {"bond", "Network", "Bond", SHAPE_LINES, NULL},
        {"vrf", "Network", "VRF", SHAPE_LINES, NULL},
        {"vlan", "Network", "VLAN", SHAPE_LINES, NULL},
        {"macvlan", "Network", "MACVLAN", SHAPE_LINES, NULL},
        {"macvtap", "Network", "MACVTAP", SHAPE_LINES, NULL},
        {"vxlan", "Network", "VXLAN", SHAPE_LINES, NULL},
        {"tunnel", "Network", "Tunnel", SHAPE_LINES, NULL},
        {"xfrm", "Network", "Xfrm", SHAPE_LINES, NULL},
        {"addresses", "Address", NULL, SHAPE_SECTIONS, "addressConfig"},
        {"routingPolicyRules", "RoutingPolicyRule", NULL, SHAPE_SECTIONS, "routingPolicyRuleConfig"},
        {"routes", "Route", NULL, SHAPE_SECTIONS, "routeConfig"},
        {"dhcpConfig", "DHCPv4", NULL, SHAPE_SECTION, NULL},
        {"dhcpV4Config", "DHCPv4", NULL, SHAPE_SECTION, NULL},
        {"dhcpV6Config", "DHCPv6", NULL, SHAPE_SECTION, NULL},
        {"dhcpPrefixDelegationConfig", "DHCPPrefixDelegation", NULL, SHAPE_SECTION, NULL},
        {"ipv6AcceptRAConfig", "IPv6AcceptRA", NULL, SHAPE_SECTION, NULL},
        {"dhcpServerConfig", "DHCPServer", NULL, SHAPE_SECTION, NULL},
        {"dhcpServerStaticLeases", "DHCPServerStaticLease", NULL, SHAPE_SECTIONS, "dhcpServerStaticLeaseConfig"},
        {"ipv6SendRAConfig", "IPv6SendRA", NULL, SHAPE_SECTION, NULL},
        {"ipv6Prefixes", "IPv6Prefix", NULL, SHAPE_SECTIONS, "ipv6PrefixConfig"},
        {"ipv6RoutePrefixes", "IPv6RoutePrefix", NULL, SHAPE_SECTIONS, "ipv6RoutePrefixConfig"},
        {"bridgeConfig", "Bridge", NULL, SHAPE_SECTION, NULL},
        {"bridgeFDBs", "BridgeFDB", NULL, SHAPE_SECTIONS, "bridgeFDBConfig"},
        {"bridgeVLANs", "BridgeVLAN", NULL, SHAPE_SECTIONS, "bridgeVLANConfig"},
        {"lldpConfig", "LLDP", NULL, SHAPE_SECTION, NULL},
};

/* Known, but not a setting of the file. */
static bool attribute_is_other(const char *attribute) {
        return strcmp(attribute, "enable") == 0 || strcmp(attribute, "extraConfig") == 0;
}

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

static void append_mapping(struct guest_maker *m, struct buffer *b, const struct mapping *map, const json_t *v,
                           const char *where, const char **current) {
        char option[GUEST_OPTION_MAX + 48];
        const json_t *item;
        size_t i;

        (void) snprintf(option, sizeof(option), "%s.%s", where, map->attribute);
        if (map->shape == SHAPE_LINES) {
                open_section(b, map->section, current);
                guest_append_setting(m, b, map->key, v, option);
        } else if (map->shape == SHAPE_SECTION) {
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

static bool attribute_is_known(const char *attribute) {
        for (size_t i = 0; i < ELEMENTS_OF(mappings); i++)
                if (strcmp(mappings[i].attribute, attribute) == 0)
                        return true;
        return attribute_is_other(attribute);
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
                if (!attribute_is_known(attribute))
                        guest_fail(m, EINVAL,
                                   "%s.%s: no such option (names as in NixOS: networkConfig, address, routes ...)",
                                   where, attribute);
        for (size_t i = 0; i < ELEMENTS_OF(mappings); i++) {
                v = json_object_get(o, mappings[i].attribute);
                if (!is_unset(v))
                        append_mapping(m, &b, mappings + i, v, where, &current);
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
