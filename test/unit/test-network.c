/* The whole network of a container from its name, its ranges and the machine id. */
#include "test.h"

#include "model/network.h"

#include <errno.h>
#include <string.h>

static const uint8_t machine_id[16] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
                                       0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};

static struct allocation allocation(const char *v4, const char *v6) {
        struct allocation a = {0};

        if (v4)
                assert_int_equal(prefix_parse(v4, false, &a.v4), 0);
        if (v6)
                assert_int_equal(prefix_parse(v6, false, &a.v6), 0);
        return a;
}

static void assert_prefix(const struct prefix *p, const char *text) {
        char buf[PREFIX_TEXT_MAX];

        assert_text(prefix_format(p, buf), text);
}

static void assert_address(const struct address *a, const char *text) {
        char buf[ADDRESS_TEXT_MAX];

        assert_text(address_format(a, buf), text);
}

static void test_veth(void **state) {
        struct forward forward = {.host_port = 8181, .container_port = 80, .count = 1};
        struct container c = {.name = (char[]){"example"}, .forwards = &forward, .n_forwards = 1};
        struct allocation a = allocation("10.233.5.16/28", "fd12:3456:789a:5::/64");
        char mac[MAC_TEXT_MAX];
        struct network n;

        assert_int_equal(network_compute(&c, &a, machine_id, &n), 0);
        assert_text(n.name, "example");
        assert_text(n.link, "ve-example");
        assert_false(n.link_shortened);
        assert_text(mac_format(&n.host_mac, mac), "1e:77:f3:61:81:6b");
        assert_text(mac_format(&n.container_mac, mac), "be:25:f0:79:b1:5d");
        assert_prefix(&n.host_v4, "10.233.5.17/28");
        assert_prefix(&n.container_v4, "10.233.5.18/28");
        assert_prefix(&n.host_v6, "fd12:3456:789a:5::1/64");
        assert_prefix(&n.container_v6, "fd12:3456:789a:5::2/64");
        assert_address(&n.host_link_local, "fe80::1c77:f3ff:fe61:816b");
        assert_address(&n.container_link_local, "fe80::bc25:f0ff:fe79:b15d");
        assert_true(n.masquerade_v4);
        assert_true(n.masquerade_v6);
        assert_ptr_equal(n.forwards, &forward);
        assert_int_equal(n.n_forwards, 1);
}

static void test_global_prefix_is_not_rewritten(void **state) {
        struct container c = {.name = (char[]){"a-name-that-is-long"}};
        struct allocation a = allocation(NULL, "2001:db8:1:2::/64");
        struct network n;

        assert_int_equal(network_compute(&c, &a, machine_id, &n), 0);
        assert_true(n.link_shortened);
        assert_int_equal(strlen(n.link), 15);
        assert_int_equal(n.host_v4.address.family, AF_UNSPEC);
        assert_int_equal(n.container_v4.address.family, AF_UNSPEC);
        assert_false(n.masquerade_v4);
        assert_false(n.masquerade_v6);
        assert_prefix(&n.container_v6, "2001:db8:1:2::2/64");
}

static void test_other_modes(void **state) {
        struct container c = {.name = (char[]){"c"}, .mode = NETWORK_ZONE, .attached_to = (char[]){"z"}};
        struct allocation a = allocation("10.233.5.16/28", "fd12::/64");
        struct network n;

        assert_int_equal(network_compute(&c, &a, machine_id, &n), 0);
        assert_text(n.link, "vb-c");
        assert_int_equal(n.host_v4.address.family, AF_UNSPEC);
        c.mode = NETWORK_HOST;
        assert_int_equal(network_compute(&c, &a, machine_id, &n), 0);
        assert_text(n.link, "");
        c.name = (char[]){"../c"};
        assert_int_equal(network_compute(&c, &a, machine_id, &n), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_veth),
                cmocka_unit_test(test_global_prefix_is_not_rewritten),
                cmocka_unit_test(test_other_modes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
