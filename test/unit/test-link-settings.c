/* Settings of a link, from options and from files: what is taken, what is left to networkd, what is refused and how. */
#include "test.h"

#include "base/file.h"
#include "config/link_settings.h"
#include "model/names.h"

#include <errno.h>
#include <string.h>

static void read_options(const char *json, enum link_side side, struct link_settings *ret) {
        struct error e = ERROR_INIT;
        json_t *o = json_loads(json, JSON_DECODE_ANY, NULL);

        assert_non_null(o);
        if (link_settings_from_options(o, "H", side, ret, &e) < 0)
                fail_msg("%s: %s", json, error_message(&e));
        json_decref(o);
}

static void refuse_options(const char *json, enum link_side side, const char *message) {
        struct link_settings s;
        struct error e = ERROR_INIT;
        json_t *o = json_loads(json, JSON_DECODE_ANY, NULL);

        assert_non_null(o);
        assert_true(link_settings_from_options(o, "H", side, &s, &e) < 0);
        assert_text(e.message, message);
        assert_int_equal(e.exit_status, EXIT_CONTAINER);
        error_clear(&e);
        json_decref(o);
}

static void assert_prefix(const struct prefix *p, const char *text) {
        char buf[PREFIX_TEXT_MAX];

        assert_text(prefix_format(p, buf), text);
}

static void test_nothing(void **state) {
        struct link_settings s;

        read_options("null", LINK_SIDE_HOST, &s);
        assert_false(s.present);
        read_options("{\"enable\":false,\"address\":[\"10.0.0.1/24\"]}", LINK_SIDE_HOST, &s);
        assert_false(s.present);
        read_options("{\"enable\":true,\"address\":[],\"networkConfig\":{},\"DHCP\":null,\"extraConfig\":\"\"}",
                     LINK_SIDE_HOST, &s);
        assert_true(s.present);
        assert_int_equal(s.n_settings, 0);
        link_settings_clear(&s);
}

/* The seed's own. */
static void test_seed(void **state) {
        static const struct mac host = {{0x1e, 0x77, 0xf3, 0x61, 0x81, 0x6b}};
        struct link_settings s;
        struct prefix p[IPV6_PREFIX_TOKENS_MAX];

        read_options("{\"ipv6Prefixes\":[{\"Prefix\":\"2001:1234:abcd:ef01::/64\",\"Assign\":true}]}", LINK_SIDE_HOST,
                     &s);
        assert_int_equal(s.n_prefixes, 1);
        assert_true(s.prefixes[0].assign && s.prefixes[0].autonomous && s.prefixes[0].on_link);
        assert_int_equal(s.prefixes[0].valid, 3600);
        assert_int_equal(s.prefixes[0].preferred, 1800);
        assert_int_equal(ipv6_prefix_host_addresses(&s.prefixes[0], &host, p), 1);
        assert_prefix(p, "2001:1234:abcd:ef01:1c77:f3ff:fe61:816b/64");
        assert_true(ipv6_prefix_guest_address(&s.prefixes[0], &host, p));
        assert_prefix(p, "2001:1234:abcd:ef01:1c77:f3ff:fe61:816b/64");
        assert_true(s.settings[0].done && s.settings[1].done);
        link_settings_clear(&s);

        read_options("{\"address\":[\"2001:1234:abcd:ef01::2/64\"]}", LINK_SIDE_CONTAINER, &s);
        assert_int_equal(s.n_addresses, 1);
        assert_prefix(s.addresses, "2001:1234:abcd:ef01::2/64");
        link_settings_clear(&s);
}

static void test_token(void **state) {
        static const struct mac host = {{0x1e, 0x77, 0xf3, 0x61, 0x81, 0x6b}};
        struct link_settings s;
        struct prefix p[IPV6_PREFIX_TOKENS_MAX];

        read_options("{\"ipv6Prefixes\":[{\"Prefix\":\"fd12::/64\",\"Assign\":true,\"Token\":[\"::1\",\"eui64\","
                     "\"static:::1:2:3:4\"],\"AddressAutoconfiguration\":false,\"ValidLifetimeSec\":\"infinity\"},"
                     "{\"Prefix\":\"fd13:1:2::/60\",\"Assign\":\"yes\",\"Token\":\"::f:0:0:0:1\"},"
                     "{\"Prefix\":\"fd14::/64\"}]}",
                     LINK_SIDE_ZONE, &s);
        assert_int_equal(s.n_prefixes, 3);
        assert_int_equal(ipv6_prefix_host_addresses(&s.prefixes[0], &host, p), 3);
        assert_prefix(&p[0], "fd12::1/64");
        assert_prefix(&p[1], "fd12::1c77:f3ff:fe61:816b/64");
        assert_prefix(&p[2], "fd12::1:2:3:4/64");
        assert_false(ipv6_prefix_guest_address(&s.prefixes[0], &host, p));
        assert_int_equal(s.prefixes[0].valid, UINT32_MAX);
        assert_int_equal(ipv6_prefix_host_addresses(&s.prefixes[1], &host, p), 1);
        assert_prefix(&p[0], "fd13:1:2:f::1/60");
        assert_false(ipv6_prefix_guest_address(&s.prefixes[1], &host, p));
        assert_int_equal(ipv6_prefix_host_addresses(&s.prefixes[2], &host, p), 0);
        link_settings_clear(&s);
}

static void test_leading_blank(void **state) {
        struct link_settings s;

        read_options("{\"address\":[\"\",\"10.42.42.1/24\"]}", LINK_SIDE_HOST, &s);
        assert_true(s.reset);
        assert_int_equal(s.n_addresses, 1);
        assert_int_equal(s.automatic_v4, 0);
        link_settings_clear(&s);

        read_options("{\"address\":[\"10.1.0.1/24\",\"\",\"0.0.0.0/24\",\"::/64\",\"10.2.0.1/24\"]}", LINK_SIDE_HOST,
                     &s);
        assert_true(s.reset);
        assert_int_equal(s.n_addresses, 1);
        assert_prefix(s.addresses, "10.2.0.1/24");
        assert_int_equal(s.automatic_v4, 24);
        assert_int_equal(s.automatic_v6, 64);
        link_settings_clear(&s);

        read_options("{\"address\":[\"10.42.42.1/24\"]}", LINK_SIDE_HOST, &s);
        assert_false(s.reset);
        link_settings_clear(&s);
}

static void test_services(void **state) {
        struct link_settings s;
        char text[ADDRESS_TEXT_MAX];

        read_options(
                "{\"networkConfig\":{\"DHCPServer\":false,\"IPv6SendRA\":\"no\",\"IPMasquerade\":\"ipv4\"},"
                "\"dhcpServerConfig\":{\"DNS\":[\"9.9.9.9 1.1.1.1\"],\"DefaultLeaseTimeSec\":\"2h\",\"PersistLeases"
                "\":\"runtime\"},\"ipv6SendRAConfig\":{\"RouterLifetimeSec\":0,\"EmitDNS\":false},\"linkConfig\":{"
                "\"MTUBytes\":1400}}",
                LINK_SIDE_HOST, &s);
        assert_int_equal(s.dhcp.enable, CHOICE_NO);
        assert_int_equal(s.router.enable, CHOICE_NO);
        assert_int_equal(s.masquerade_v4, CHOICE_YES);
        assert_int_equal(s.masquerade_v6, CHOICE_NO);
        assert_int_equal(s.dhcp.n_servers, 2);
        assert_text(address_format(&s.dhcp.servers[1], text), "1.1.1.1");
        assert_int_equal(s.dhcp.lifetime, 7200);
        assert_true(s.router.has_lifetime);
        assert_int_equal(s.router.lifetime, 0);
        assert_int_equal(s.router.emit_dns, CHOICE_NO);
        assert_int_equal(s.mtu, 1400);
        assert_int_equal(link_settings_refuse_foreign(&s, "ve-example", NULL), 0);
        link_settings_clear(&s);
}

static void test_routes(void **state) {
        struct link_settings s;
        struct error e = ERROR_INIT;
        struct buffer b = BUFFER_INIT;

        read_options("{\"routes\":[{\"Destination\":\"fd24::2/128\"},{\"routeConfig\":{\"Destination\":\"10.0.0.0/8\","
                     "\"Gateway\":\"10.233.0.2\",\"Metric\":10}}],\"gateway\":[\"10.233.0.2\"],\"networkConfig\":{"
                     "\"MulticastDNS\":true}}",
                     LINK_SIDE_HOST, &s);
        assert_int_equal(s.n_routes, 2); /* that with a metric is whole or not at all */
        assert_prefix(&s.routes[1].destination, "fd24::2/128");
        assert_int_equal(s.routes[0].destination.address.family, AF_INET);
        link_settings_append_foreign(&b, &s);
        assert_text(buffer_text(&b),
                    "\n[Network]\nMulticastDNS=true\n\n[Route]\nDestination=10.0.0.0/8\nGateway=10.233."
                    "0.2\nMetric=10\n");
        assert_int_equal(link_settings_refuse_foreign(&s, "ve-example", &e), -EOPNOTSUPP);
        assert_text(e.message,
                    "H.networkConfig.MulticastDNS: MulticastDNS=true of [Network] of the link ve-example is something "
                    "that only systemd-networkd could do, which does not run on this host; remove it (the guide has "
                    "the list of keys that work everywhere: docs/guide/any-option.md)");
        buffer_clear(&b);
        error_clear(&e);
        link_settings_clear(&s);
}

static void test_refused(void **state) {
        static const char *const not_of_a_host[] = {"10.1.2.0/24", "10.1.2.255/24", "10.1.2.4/30", "fd42::/64"};
        refuse_options("[]", LINK_SIDE_HOST, "H: expected an attribute set, or null, found a list");
        refuse_options("{\"adress\":[]}", LINK_SIDE_HOST,
                       "H.adress: no such option (names as in NixOS: networkConfig, address, routes ...)");
        refuse_options("{\"address\":[\"10.0.0.0.1/24\"]}", LINK_SIDE_HOST,
                       "H.address[0]: Address= of [Network] is '10.0.0.0.1/24', expected an address of one host with "
                       "its length, "
                       "such as \"10.42.42.1/24\" or \"fd42::1/64\", \"0.0.0.0/16\" to \"0.0.0.0/30\" or \"::/64\" for "
                       "a free range");
        for (size_t i = 0; i < ELEMENTS_OF(not_of_a_host); i++) {
                _cleanup_(freep) char *json = format("{\"address\":[\"%s\"]}", not_of_a_host[i]);
                _cleanup_(freep) char *message = format("H.address[0]: Address= of [Network] is '%s', expected an "
                                                        "address of one host with its length, such as "
                                                        "\"10.42.42.1/24\" or \"fd42::1/64\"",
                                                        not_of_a_host[i]);

                refuse_options(json, LINK_SIDE_CONTAINER, message);
        }
        refuse_options(
                "{\"address\":[\"10.0.0.1\"]}", LINK_SIDE_CONTAINER,
                "H.address[0]: Address= of [Network] is '10.0.0.1', expected an address of one host with its length, "
                "such as \"10.42.42.1/24\" or \"fd42::1/64\"");
        refuse_options(
                "{\"address\":[\"0.0.0.0/28\"]}", LINK_SIDE_CONTAINER,
                "H.address[0]: Address= of [Network] is '0.0.0.0/28', expected an address of one host with its length, "
                "such as \"10.42.42.1/24\" or \"fd42::1/64\"");
        refuse_options("{\"name\":\"eth0\"}", LINK_SIDE_HOST,
                       "H.name: which link this is about is known, and cannot be said; for another one use "
                       "systemd.network.networks.NAME");
        refuse_options("{\"dhcpServerConfig\":{\"PoolSize\":10}}", LINK_SIDE_HOST,
                       "H.dhcpServerConfig.PoolSize: PoolSize= of [DHCPServer] is not carried out here; remove it (the "
                       "guide has the list of keys that are: docs/guide/any-option.md)");
        refuse_options("{\"ipv6Prefixes\":[{\"Assign\":true}]}", LINK_SIDE_HOST,
                       "H.ipv6Prefixes[0].Assign: this [IPv6Prefix] has no Prefix=");
        refuse_options("{\"ipv6Prefixes\":[{\"Prefix\":\"fd12::/64\"},{\"Prefix\":\"fd12::/48\"}]}", LINK_SIDE_HOST,
                       "H.ipv6Prefixes[1].Prefix: this [IPv6Prefix] overlaps a prefix before it");
        refuse_options("{\"networkConfig\":{\"IPv6AcceptRA\":true}}", LINK_SIDE_HOST,
                       "H.networkConfig.IPv6AcceptRA: IPv6AcceptRA= of [Network] is 'true', expected no: the host is "
                       "the router on this link");
        refuse_options("{\"address\":[{}]}", LINK_SIDE_HOST,
                       "H.address[0]: expected a string on one line, a whole number, true or false, or a list of them, "
                       "found an attribute set");
}

/* Everything is the container's own networkd's to judge that is not addresses and the like. */
static void test_container_keeps_all(void **state) {
        struct link_settings s;

        read_options("{\"networkConfig\":{\"IPv6AcceptRA\":true,\"DHCP\":\"yes\"},\"dhcpV4Config\":{\"UseDNS\":false},"
                     "\"ipv6Prefixes\":[{\"Foo\":1}],\"linkConfig\":{\"MACAddress\":\"02:00:00:00:00:07\"}}",
                     LINK_SIDE_CONTAINER, &s);
        assert_int_equal(s.n_settings, 5);
        assert_true(s.has_mac);
        link_settings_clear(&s);
}

static void test_file(void **state) {
        static const char text[] =
                "# one\n[Match]\nName=ve-*\n\n[Network]\n; two\nAddress=\\\n  10.7.0.1/24\r\nDHCPServer = "
                "no\n[Route]\nDestination=10.8.0.0/16\nGateway=10.7.0.2\n";
        struct error e = ERROR_INIT;
        struct link_settings s;

        assert_int_equal(link_settings_from_file(text, "f", LINK_SIDE_HOST, &s, &e), 0);
        assert_prefix(s.addresses, "10.7.0.1/24");
        assert_int_equal(s.dhcp.enable, CHOICE_NO);
        assert_int_equal(s.n_routes, 1);
        assert_text(s.settings[1].where, "f:7");
        assert_int_equal(link_settings_refuse_foreign(&s, "ve-a", &e), 0);
        link_settings_clear(&s);
}

/* Two backslashes are one that is meant, as systemd reads it: what is left to networkd stays two settings. */
static void test_backslashes(void **state) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        struct error e = ERROR_INIT;
        struct link_settings s;

        assert_int_equal(link_settings_from_file("[CAN]\nA=1\\\\\nB=2\\\\\\\n # no\n  3\\\n\nC=4\n", "f",
                                                 LINK_SIDE_HOST, &s, &e),
                         0);
        link_settings_append_foreign(&b, &s);
        assert_text(buffer_text(&b), "\n[CAN]\nA=1\\\\\nB=2\\\\ 3\nC=4\n");
        link_settings_clear(&s);
        refuse_options("{\"networkConfig\": {\"DHCP\": \"no\\\\\"}}", LINK_SIDE_CONTAINER,
                       "H.networkConfig.DHCP: DHCP= of [Network] ends with a backslash, which would take in the line "
                       "behind it");
}

static void refuse_file(const char *text, const char *message) {
        struct error e = ERROR_INIT;
        struct link_settings s;

        assert_true(link_settings_from_file(text, "f", LINK_SIDE_HOST, &s, &e) < 0);
        assert_text(e.message, message);
        error_clear(&e);
}

static void test_file_refused(void **state) {
        refuse_file("Address=1\n", "f:1: 'Address=1' stands before the first section");
        refuse_file("[Network]\nAddress\n", "f:2: 'Address' is not KEY=VALUE");
        refuse_file("[Network\n", "f:1: '[Network' is not a section such as [Network]");
        refuse_file("[]\n", "f:1: '[]' is not a section such as [Network]");
        refuse_file("[Network]\n=x\n", "f:2: '' is not a setting's name");
        refuse_file("[Network]\n\n\\\n", "f:3: '\\' is not KEY=VALUE");
        refuse_file("[CAN]\nA=1\\ \\\n",
                    "f:2: A= of [CAN] ends with a backslash, which would take in the line behind it");
        refuse_file("[Network]\nDHCPServer=maybe", "f:2: DHCPServer= of [Network] is 'maybe', expected yes or no");
        refuse_file("[Network]\nDomains=\x01", "f:2: has control characters, or is not UTF-8 text");
}

/* The list in the guide is the table. --write puts it there. */
#define GUIDE SOURCE_ROOT "/docs/guide/any-option.md"
#define BEGIN "<!-- The table is made by test/unit/test-link-settings --write. -->\n"
#define END   "<!-- The end of the table. -->"

static char *guide_as_it_should_be(char **ret_now) {
        _cleanup_(buffer_clear) struct buffer table = BUFFER_INIT;
        const char *begin, *end;

        assert_int_equal(file_read(GUIDE, 1 << 20, ret_now, NULL), 0);
        begin = strstr(*ret_now, BEGIN);
        end = strstr(*ret_now, END);
        assert_true(begin && end && begin < end);
        begin += strlen(BEGIN);
        link_keys_document(&table);
        return format("%.*s\n%s\n%s", (int) (begin - *ret_now), *ret_now, buffer_text(&table), end);
}

static void test_guide(void **state) {
        _cleanup_(freep) char *now = NULL, *wanted = guide_as_it_should_be(&now);

        assert_text(wanted, now);
}

static int write_guide(void) {
        _cleanup_(freep) char *now = NULL, *wanted = guide_as_it_should_be(&now);

        return file_write_atomic(GUIDE, wanted, strlen(wanted), 0644, false) < 0;
}

int main(int argc, char *argv[]) {
        if (argc > 1 && strcmp(argv[1], "--write") == 0)
                return write_guide();

        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing),      cmocka_unit_test(test_seed),
                cmocka_unit_test(test_token),        cmocka_unit_test(test_leading_blank),
                cmocka_unit_test(test_services),     cmocka_unit_test(test_routes),
                cmocka_unit_test(test_refused),      cmocka_unit_test(test_container_keeps_all),
                cmocka_unit_test(test_backslashes),  cmocka_unit_test(test_file),
                cmocka_unit_test(test_file_refused), cmocka_unit_test(test_guide),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
