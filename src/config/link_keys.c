/* The table of keys that this system carries out. The guide's list is made from it. */
#include "link_values.h"

#include "base/parse.h"

#define H LINK_SIDE_HOST
#define C LINK_SIDE_CONTAINER
#define Z LINK_SIDE_ZONE

#define SWITCH   "yes or no"
#define SECONDS  "a time span such as \"1h\", or \"infinity\""
#define STATIC   "an address of one host with its length, such as \"10.42.42.1/24\" or \"fd42::1/64\""
#define SERVERS4 "at most three IPv4 addresses"

/* In the order of systemd.network(5). */
static const struct link_key keys[] = {
        {"Link", "MACAddress", C, link_set_mac, false, "a hardware address of one machine",
         "the hardware address inside"},
        {"Link", "MTUBytes", H | C | Z, link_set_mtu, false, "a number from 1280 to 65535",
         "the MTU of both ends of the link"},
        {"Link", "RequiredForOnline", H | Z, link_expect_any_switch, false, SWITCH,
         "nothing: nobody waits for a container's link"},
        {"Network", "DHCP", H | Z, link_expect_only_no, false, "no: the host gives addresses on this link",
         "as it always is"},
        {"Network", "DHCPServer", H | Z, link_set_dhcp_server, false, SWITCH, "whether the host answers DHCP"},
        {"Network", "LinkLocalAddressing", H | Z, link_expect_link_local, false, "ipv6, which is what the link has",
         "as it always is"},
        {"Network", "LLDP", H | Z, link_expect_no, false, SWITCH, "\"no\", as it always is"},
        {"Network", "EmitLLDP", H | Z, link_expect_no, false, SWITCH, "\"no\", as it always is"},
        {"Network", "Address", H | Z, link_set_host_address, true,
         STATIC ", \"0.0.0.0/16\" to \"0.0.0.0/30\" or \"::/64\" for a free range",
         "the host's addresses, beside the automatic ones; an empty one drops those and all before it; 0.0.0.0/N and "
         "::/64 ask for a free range"},
        {"Network", "Address", C, link_set_container_address, true, STATIC,
         "the container's addresses, beside the automatic ones"},
        {"Network", "Gateway", H | C | Z, link_set_gateway, false, "an address", "a default route by that router"},
        {"Network", "IPForward", H | Z, link_expect_forwarding, false, "yes: the host is the container's router",
         "as it always is"},
        {"Network", "IPv4Forwarding", H | Z, link_expect_yes, false, "yes: the host is the container's router",
         "as it always is"},
        {"Network", "IPv6Forwarding", H | Z, link_expect_yes, false, "yes: the host is the container's router",
         "as it always is"},
        {"Network", "IPMasquerade", H | Z, link_set_masquerade, false, "ipv4, ipv6, both or no",
         "which families go out with the host's address; of IPv6 fc00::/7 only, global addresses never"},
        {"Network", "IPv6AcceptRA", H | Z, link_expect_only_no, false, "no: the host is the router on this link",
         "as it always is"},
        {"Network", "IPv6SendRA", H | Z, link_set_send_ra, false, SWITCH, "whether the host advertises itself"},
        {"Network", "ConfigureWithoutCarrier", H | Z, link_expect_yes, false, "yes", "as it always is"},
        {"Network", "KeepConfiguration", H | Z, link_expect_any_switch, false, SWITCH, "nothing: it is always kept"},
        {"Address", "Address", H | Z, link_set_host_address, false, STATIC, "as Address= in [Network]"},
        {"Address", "Address", C, link_set_container_address, false, STATIC, "as Address= in [Network]"},
        {"Address", "DuplicateAddressDetection", H | C | Z, link_expect_no_detection, false, "none, ipv4, ipv6 or both",
         "\"none\", as it always is"},
        {"Neighbor", "Address", H | C | Z, link_set_neighbour_address, false, "an address", "a permanent neighbour"},
        {"Neighbor", "LinkLayerAddress", H | C | Z, link_set_neighbour_mac, false, "a hardware address of one machine",
         "its hardware address"},
        {"Route", "Gateway", H | C | Z, link_set_route_gateway, false, "an address", "the router of a route"},
        {"Route", "Destination", H | C | Z, link_set_route_destination, false, "a prefix such as \"10.0.0.0/8\"",
         "where a route leads; none: everywhere"},
        {"Route", "PreferredSource", H | C | Z, link_set_route_source, false, "an address",
         "with which address one goes there"},
        {"DHCPServer", "DefaultLeaseTimeSec", H | Z, link_set_lease_time, false, SECONDS ", at least a minute",
         "how long leases last"},
        {"DHCPServer", "PersistLeases", H | Z, link_expect_any_switch, false, SWITCH,
         "nothing: a container has the same addresses always"},
        {"DHCPServer", "EmitDNS", H | Z, link_set_dhcp_dns, false, SWITCH, "whether DHCP tells of a resolver"},
        {"DHCPServer", "DNS", H | Z, link_set_dhcp_servers, true, SERVERS4, "which one, instead of the host"},
        {"DHCPServer", "NTP", H | Z, link_set_dhcp_times, true, SERVERS4, "time servers that DHCP tells of"},
        {"DHCPServer", "EmitRouter", H | Z, link_set_dhcp_router, false, SWITCH,
         "whether DHCP tells that the host is the router"},
        {"IPv6SendRA", "Managed", H | Z, link_set_ra_managed, false, SWITCH, "whether addresses come by DHCPv6"},
        {"IPv6SendRA", "OtherInformation", H | Z, link_set_ra_other, false, SWITCH, "whether other settings do"},
        {"IPv6SendRA", "RouterLifetimeSec", H | Z, link_set_router_lifetime, false,
         "0, or a time span from 4 seconds to 9000", "how long the host is the default router; 0: it is not"},
        {"IPv6SendRA", "EmitDNS", H | Z, link_set_ra_dns, false, SWITCH, "whether advertisements tell of a resolver"},
        {"IPv6SendRA", "DNS", H | Z, link_set_ra_servers, true, "at most three IPv6 addresses",
         "which one, instead of the host"},
        {"IPv6SendRA", "EmitDomains", H | Z, link_set_ra_domains, false, SWITCH,
         "whether they tell the domain of containers' names"},
        {"IPv6Prefix", "AddressAutoconfiguration", H | Z, link_set_prefix_autonomous, false, SWITCH,
         "whether the container makes itself an address in the prefix (flag A)"},
        {"IPv6Prefix", "OnLink", H | Z, link_set_prefix_on_link, false, SWITCH, "flag L"},
        {"IPv6Prefix", "Prefix", H | Z, link_set_prefix, false, "a prefix of 3 to 64 bits, such as \"fd12:3456::/64\"",
         "a prefix that is advertised and routed to the container"},
        {"IPv6Prefix", "PreferredLifetimeSec", H | Z, link_set_prefix_preferred, false, SECONDS, "its lifetimes"},
        {"IPv6Prefix", "ValidLifetimeSec", H | Z, link_set_prefix_valid, false, SECONDS, "its lifetimes"},
        {"IPv6Prefix", "Assign", H | Z, link_set_prefix_assign, false, SWITCH, "whether the host has an address in it"},
        {"IPv6Prefix", "Token", H | Z, link_set_prefix_token, true,
         "eui64, or the lower bits as an address such as \"::1\" or \"static:::1\" (at most 4)",
         "which one: the EUI-64 unless said otherwise"},
        {"IPv6RoutePrefix", "Route", H | Z, link_set_route_prefix, false, "an IPv6 prefix",
         "what else the host is the router for"},
        {"IPv6RoutePrefix", "LifetimeSec", H | Z, link_set_route_prefix_lifetime, false, SECONDS, "its lifetime"},
};

#undef H
#undef C
#undef Z

const struct link_key *link_key_find(const char *section, const char *key, enum link_side side) {
        for (size_t i = 0; i < ELEMENTS_OF(keys); i++)
                if (keys[i].sides & (unsigned) side && string_equal(keys[i].section, section) &&
                    string_equal(keys[i].key, key))
                        return &keys[i];
        return NULL;
}

bool link_section_is_ours(const char *section) {
        static const char *const ours[] = {"DHCPServer", "DHCPServerStaticLease", "IPv6SendRA",
                                           "IPv6Prefix", "IPv6RoutePrefix",       "IPv6PREF64Prefix"};

        for (size_t i = 0; i < ELEMENTS_OF(ours); i++)
                if (string_equal(section, ours[i]))
                        return true;
        return false;
}

void link_keys_document(struct buffer *b) {
        buffer_append_string(b, "| section | key | host | zone | container | |\n|---|---|---|---|---|---|\n");
        for (size_t i = 0; i < ELEMENTS_OF(keys); i++)
                buffer_append_format(b, "| `[%s]` | `%s=` | %s | %s | %s | %s |\n", keys[i].section, keys[i].key,
                                     keys[i].sides & LINK_SIDE_HOST ? "yes" : "",
                                     keys[i].sides & LINK_SIDE_ZONE ? "yes" : "",
                                     keys[i].sides & LINK_SIDE_CONTAINER ? "yes" : "", keys[i].does);
}
