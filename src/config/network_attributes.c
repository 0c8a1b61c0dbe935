/* The attributes of systemd.network.networks.NAME, as NixOS maps them to sections. */
#include "network_attributes.h"

#include <string.h>

/* In the order of systemd.network(5), which is the order they are written in; [Network] lines after the set. */
const struct network_attribute network_attributes[] = {
        {"matchConfig", "Match", NULL, ATTRIBUTE_SECTION, NULL},
        {"name", "Match", "Name", ATTRIBUTE_LINES, NULL},
        {"linkConfig", "Link", NULL, ATTRIBUTE_SECTION, NULL},
        {"networkConfig", "Network", NULL, ATTRIBUTE_SECTION, NULL},
        {"DHCP", "Network", "DHCP", ATTRIBUTE_LINES, NULL},
        {"address", "Network", "Address", ATTRIBUTE_LINES, NULL},
        {"gateway", "Network", "Gateway", ATTRIBUTE_LINES, NULL},
        {"dns", "Network", "DNS", ATTRIBUTE_LINES, NULL},
        {"domains", "Network", "Domains", ATTRIBUTE_LINES, NULL},
        {"ntp", "Network", "NTP", ATTRIBUTE_LINES, NULL},
        {"bridge", "Network", "Bridge", ATTRIBUTE_LINES, NULL},
        {"bond", "Network", "Bond", ATTRIBUTE_LINES, NULL},
        {"vrf", "Network", "VRF", ATTRIBUTE_LINES, NULL},
        {"vlan", "Network", "VLAN", ATTRIBUTE_LINES, NULL},
        {"macvlan", "Network", "MACVLAN", ATTRIBUTE_LINES, NULL},
        {"macvtap", "Network", "MACVTAP", ATTRIBUTE_LINES, NULL},
        {"vxlan", "Network", "VXLAN", ATTRIBUTE_LINES, NULL},
        {"tunnel", "Network", "Tunnel", ATTRIBUTE_LINES, NULL},
        {"xfrm", "Network", "Xfrm", ATTRIBUTE_LINES, NULL},
        {"addresses", "Address", NULL, ATTRIBUTE_SECTIONS, "addressConfig"},
        {"routingPolicyRules", "RoutingPolicyRule", NULL, ATTRIBUTE_SECTIONS, "routingPolicyRuleConfig"},
        {"routes", "Route", NULL, ATTRIBUTE_SECTIONS, "routeConfig"},
        {"dhcpConfig", "DHCPv4", NULL, ATTRIBUTE_SECTION, NULL},
        {"dhcpV4Config", "DHCPv4", NULL, ATTRIBUTE_SECTION, NULL},
        {"dhcpV6Config", "DHCPv6", NULL, ATTRIBUTE_SECTION, NULL},
        {"dhcpPrefixDelegationConfig", "DHCPPrefixDelegation", NULL, ATTRIBUTE_SECTION, NULL},
        {"ipv6AcceptRAConfig", "IPv6AcceptRA", NULL, ATTRIBUTE_SECTION, NULL},
        {"dhcpServerConfig", "DHCPServer", NULL, ATTRIBUTE_SECTION, NULL},
        {"dhcpServerStaticLeases", "DHCPServerStaticLease", NULL, ATTRIBUTE_SECTIONS, "dhcpServerStaticLeaseConfig"},
        {"ipv6SendRAConfig", "IPv6SendRA", NULL, ATTRIBUTE_SECTION, NULL},
        {"ipv6Prefixes", "IPv6Prefix", NULL, ATTRIBUTE_SECTIONS, "ipv6PrefixConfig"},
        {"ipv6RoutePrefixes", "IPv6RoutePrefix", NULL, ATTRIBUTE_SECTIONS, "ipv6RoutePrefixConfig"},
        {"bridgeConfig", "Bridge", NULL, ATTRIBUTE_SECTION, NULL},
        {"bridgeFDBs", "BridgeFDB", NULL, ATTRIBUTE_SECTIONS, "bridgeFDBConfig"},
        {"bridgeVLANs", "BridgeVLAN", NULL, ATTRIBUTE_SECTIONS, "bridgeVLANConfig"},
        {"lldpConfig", "LLDP", NULL, ATTRIBUTE_SECTION, NULL},
        {NULL, NULL, NULL, ATTRIBUTE_LINES, NULL},
};

bool network_attribute_is_known(const char *attribute) {
        for (const struct network_attribute *a = network_attributes; a->attribute; a++)
                if (strcmp(a->attribute, attribute) == 0)
                        return true;
        /* Known, but not settings of the file. */
        return strcmp(attribute, "enable") == 0 || strcmp(attribute, "extraConfig") == 0;
}
