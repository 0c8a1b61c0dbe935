/* Zones: their bridge, the numbers and networks of their members. */
#include "test.h"

#include "model/zone.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t machine_id[16] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
                                       0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};

static struct prefix prefix(const char *text) {
        struct prefix p;

        assert_int_equal(prefix_parse(text, false, &p), 0);
        return p;
}

static void assert_prefix(const struct prefix *p, const char *text) {
        char buf[PREFIX_TEXT_MAX];

        assert_text(prefix_format(p, buf), text);
}

static struct zone zone(const char *name) {
        struct zone z = ZONE_INIT;

        (void) strcpy(z.name, name);
        return z;
}

static struct allocation ranges(void) {
        return (struct allocation){.v4 = prefix("10.233.7.0/24"), .v6 = prefix("fd12:3456:789a:7::/64")};
}

static void test_names(void **state) {
        static const char *const wrong[] = {"", "a-zone-too-long", "-a", "a-", "a b", "a/b", "a.b", "ä"};

        assert_null(zone_name_problem("myzone"));
        assert_null(zone_name_problem("twelve-chars"));
        assert_null(zone_name_problem("Z_1"));
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                assert_non_null(zone_name_problem(wrong[i]));
}

static void test_bridge(void **state) {
        struct zone z = zone("myzone"), other = zone("other");
        struct allocation a = ranges();
        struct zone_network n, o;

        assert_int_equal(zone_compute(&z, &a, machine_id, &n), 0);
        assert_text(n.link, "vz-myzone");
        assert_prefix(&n.host_v4, "10.233.7.1/24");
        assert_prefix(&n.host_v6, "fd12:3456:789a:7::1/64");
        assert_int_equal(n.n_more, 0);
        assert_true(n.masquerade_v4 && n.masquerade_v6 && !n.has_more);
        assert_int_equal(n.mac.bytes[0] & 3, 2);
        assert_true(address_is_link_local(&n.host_link_local));
        assert_int_equal(zone_compute(&other, &a, machine_id, &o), 0);
        assert_false(mac_equal(&n.mac, &o.mac));

        z.internal = true;
        assert_int_equal(zone_compute(&z, &a, machine_id, &n), 0);
        assert_false(n.masquerade_v4 || n.masquerade_v6);
}

/* What the user gives stands beside the automatic ranges, or in their place. */
static void test_addresses(void **state) {
        struct prefix addresses[] = {prefix("10.100.200.1/24"), prefix("2001:db8::1/64")};
        struct zone z = zone("foo");
        struct allocation a = ranges();
        struct zone_network n;

        z.link.addresses = addresses;
        z.link.n_addresses = 2;
        assert_int_equal(zone_compute(&z, &a, machine_id, &n), 0);
        assert_prefix(&n.host_v4, "10.233.7.1/24");
        assert_int_equal(n.n_more, 2);
        assert_prefix(&n.more[0], "10.100.200.1/24");

        z.link.reset = true;
        assert_int_equal(zone_compute(&z, &a, machine_id, &n), 0);
        assert_prefix(&n.host_v4, "10.100.200.1/24");
        assert_prefix(&n.host_v6, "2001:db8::1/64");
        assert_int_equal(n.n_more, 0);
        assert_true(n.masquerade_v4);
        assert_false(n.masquerade_v6); /* global: routed */

        z.link.n_addresses = 0;
        assert_int_equal(zone_compute(&z, &a, machine_id, &n), -EINVAL);
}

static void test_member(void **state) {
        struct container c = {.name = (char[]){"web"}, .mode = NETWORK_ZONE, .attached_to = (char[]){"foo"}};
        struct zone z = zone("foo");
        struct allocation a = ranges();
        struct zone_network n;
        struct network m;

        assert_int_equal(zone_compute(&z, &a, machine_id, &n), 0);
        assert_int_equal(zone_member(&c, &n, 5, machine_id, &m), 0);
        assert_text(m.link, "vb-web");
        assert_text(m.bridge, "vz-foo");
        assert_text(m.guest_link, "host0");
        assert_prefix(&m.host_v4, "10.233.7.1/24");
        assert_prefix(&m.container_v4, "10.233.7.5/24");
        assert_prefix(&m.container_v6, "fd12:3456:789a:7::5/64");
        assert_true(mac_equal(&m.router_mac, &n.mac));
        assert_false(mac_equal(&m.host_mac, &n.mac));
        assert_true(address_equal(&m.host_link_local, &n.host_link_local));
        assert_true(m.responders);
        assert_false(m.isolated || m.internal || m.masquerade_v4 || m.masquerade_v6);
        c.isolated = true;
        n.internal = true;
        assert_int_equal(zone_member(&c, &n, 5, machine_id, &m), 0);
        assert_true(m.isolated && m.internal);
        assert_int_equal(zone_member(&c, &n, 1, machine_id, &m), -ERANGE);
        assert_int_equal(zone_member(&c, &n, 255, machine_id, &m), -ERANGE);
        zone_drop_v6(&n);
        assert_int_equal(zone_member(&c, &n, 5, machine_id, &m), 0);
        assert_int_equal(m.container_v6.address.family, AF_UNSPEC);
        assert_int_equal(m.container_link_local.family, AF_UNSPEC);
}

static void test_numbers(void **state) {
        struct zone z = zone("foo");
        struct allocation a = ranges();
        struct zone_network n;
        uint32_t taken[] = {2, 3, 5, 6}, all[13], number;

        assert_int_equal(zone_compute(&z, &a, machine_id, &n), 0);
        assert_int_equal(zone_number_choose(&n, NULL, 0, &number), 0);
        assert_int_equal(number, 2);
        assert_int_equal(zone_number_choose(&n, taken, 4, &number), 0);
        assert_int_equal(number, 4);

        /* The host's own address, wherever it is, and the broadcast address are nobody's. */
        n.host_v4 = prefix("10.1.0.4/28");
        n.more[n.n_more++] = prefix("10.1.0.7/28");
        assert_int_equal(zone_number_choose(&n, taken, 4, &number), 0);
        assert_int_equal(number, 8);
        for (uint32_t i = 0; i < 13; i++)
                all[i] = i + 2;
        assert_int_equal(zone_number_choose(&n, all, 13, &number), -ENOSPC);
        assert_false(zone_number_fits(&n, 15));
        assert_false(zone_number_fits(&n, 16));
        assert_true(zone_number_fits(&n, 14));
}

static void test_host_access(void **state) {
        struct host_access a = {0}, b = {0};

        assert_int_equal(host_access_add(&a, "tcp/443"), 0);
        assert_int_equal(host_access_add(&a, "8080"), 0);
        assert_int_equal(host_access_add(&a, "tcp/443"), 0);
        assert_int_equal(a.n_ports, 3);
        assert_int_equal(a.ports[0].protocol, IPPROTO_TCP);
        assert_int_equal(a.ports[2].protocol, IPPROTO_UDP);
        assert_int_equal(a.ports[2].port, 8080);
        assert_int_equal(host_access_add(&a, "sctp/1"), -EINVAL);
        assert_int_equal(host_access_add(&a, "tcp/0"), -EINVAL);
        assert_int_equal(host_access_add(&a, "tcp/"), -EINVAL);
        assert_int_equal(host_access_add(&a, ""), -EINVAL);
        assert_false(host_access_equal(&a, &b));
        for (unsigned i = 0; i < 200; i++) {
                char text[16];

                (void) snprintf(text, sizeof text, "%u", 9000 + i);
                if (i > HOST_PORTS_MAX)
                        assert_int_equal(host_access_add(&b, text), -E2BIG);
                else
                        (void) host_access_add(&b, text);
        }
        assert_int_equal(b.n_ports, HOST_PORTS_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),  cmocka_unit_test(test_bridge),  cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_member), cmocka_unit_test(test_numbers), cmocka_unit_test(test_host_access),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
