/* The whole network of a container from its name, its ranges and the machine id. */
#include "test.h"

#include "model/network.h"

#include <errno.h>
#include <stdlib.h>
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

static void set_addresses(struct link_settings *s, const char *const *list) {
        *s = (struct link_settings){.present = true, .addresses = calloc(4, sizeof(struct prefix))};
        assert_non_null(s->addresses);
        for (; *list; list++)
                if (!**list)
                        s->reset = true;
                else
                        assert_int_equal(prefix_parse(*list, true, &s->addresses[s->n_addresses++]), 0);
}

/* host, container: addresses that were given; an empty one drops the automatic ones. */
static struct network settle(const char *const *host, const char *const *guest, const struct ipv6_prefix *prefix,
                             enum outside_access access) {
        struct container c = {.name = strdup("example"), .outside_access = access};
        struct allocation a = allocation("10.233.5.16/28", "fd12:3456:789a:5::/64");
        struct network n;

        set_addresses(&c.host_settings, host);
        set_addresses(&c.container_settings, guest);
        if (prefix) {
                c.host_settings.prefixes = calloc(1, sizeof(*prefix));
                assert_non_null(c.host_settings.prefixes);
                *c.host_settings.prefixes = *prefix;
                c.host_settings.n_prefixes = 1;
        }
        assert_int_equal(network_compute(&c, &a, machine_id, &n), 0);
        container_clear(&c);
        return n;
}

#define LIST(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void test_static(void **state) {
        struct network n = settle(LIST("", "10.42.42.1/24"), LIST("", "10.42.42.2/24"), NULL, OUTSIDE_GLOBAL);

        assert_prefix(&n.host_v4, "10.42.42.1/24");
        assert_prefix(&n.container_v4, "10.42.42.2/24");
        assert_int_equal(n.host_v6.address.family, AF_UNSPEC);
        assert_int_equal(n.container_v6.address.family, AF_UNSPEC);
        assert_int_equal(n.more->n_container_addresses + n.more->n_host_addresses + n.more->n_open, 0);
        network_clear(&n);

        /* Of a range that only the host has an address in, the container gets the next one. */
        n = settle(LIST("", "10.42.42.1/24", "fd42::2/64"), LIST(), NULL, OUTSIDE_GLOBAL);
        assert_prefix(&n.container_v4, "10.42.42.2/24");
        assert_prefix(&n.container_v6, "fd42::1/64");
        network_clear(&n);

        /* Without an empty one, they come beside. */
        n = settle(LIST("10.42.42.1/24"), LIST("10.42.42.2/24"), NULL, OUTSIDE_ALL);
        assert_prefix(&n.container_v4, "10.233.5.18/28");
        assert_prefix(network_container_address(&n, 2), "10.42.42.2/24");
        assert_null(network_container_address(&n, 3));
        assert_prefix(network_host_address(&n, 2), "10.42.42.1/24");
        assert_prefix(&n.more->masqueraded[0], "10.42.42.2/32");
        assert_prefix(&n.more->sources[0], "10.42.42.2/32");
        assert_int_equal(n.more->n_open, 3);
        assert_int_equal(n.more->n_host_routes, 0);
        network_clear(&n);

        /* Out of a range that is not on the link: a route, and that address alone. */
        n = settle(LIST("fd24::3/128"), LIST("fd24::2/64"), NULL, OUTSIDE_GLOBAL);
        assert_int_equal(n.more->n_host_routes, 1);
        assert_prefix(&n.more->host_routes[0].destination, "fd24::2/128");
        assert_prefix(&n.more->sources[0], "fd24::2/128");
        assert_int_equal(n.more->n_open, 0);
        network_clear(&n);
}

static void test_prefix(void **state) {
        struct ipv6_prefix p = {.assign = true, .on_link = true, .autonomous = true, .valid = 3600, .preferred = 1800};
        struct network n, copy;

        assert_int_equal(prefix_parse("2001:1234:abcd:ef01::/64", false, &p.prefix), 0);
        n = settle(LIST(), LIST("2001:1234:abcd:ef01::2/64"), &p, OUTSIDE_GLOBAL);
        assert_prefix(network_host_address(&n, 2), "2001:1234:abcd:ef01:1c77:f3ff:fe61:816b/64");
        assert_prefix(network_container_address(&n, 2), "2001:1234:abcd:ef01::2/64");
        assert_prefix(network_container_address(&n, 3), "2001:1234:abcd:ef01:bc25:f0ff:fe79:b15d/64");
        assert_int_equal(n.more->n_sources, 1);
        assert_prefix(&n.more->sources[0], "2001:1234:abcd:ef01::/64");
        assert_int_equal(n.more->n_open, 1);
        assert_int_equal(n.more->n_masqueraded, 0);
        assert_int_equal(network_copy(&n, &copy), 0);
        network_drop_v6(&copy);
        assert_int_equal(copy.more->n_prefixes + copy.more->n_sources + copy.more->n_open, 0);
        assert_null(network_container_address(&copy, 1));
        network_clear(&copy);
        network_clear(&n);

        /* Closed; and one that the host has no address in, to which it has a route. */
        p.assign = false;
        n = settle(LIST(), LIST(), &p, OUTSIDE_NONE);
        assert_int_equal(n.more->n_open, 0);
        assert_prefix(&n.more->host_routes[0].destination, "2001:1234:abcd:ef01::/64");
        network_clear(&n);

        /* A ULA of one's own is translated, as a whole. */
        assert_int_equal(prefix_parse("fd42::/64", false, &p.prefix), 0);
        n = settle(LIST(), LIST(), &p, OUTSIDE_GLOBAL);
        assert_int_equal(n.more->n_masqueraded, 1);
        assert_prefix(&n.more->masqueraded[0], "fd42::/64");
        network_clear(&n);
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
                cmocka_unit_test(test_veth),        cmocka_unit_test(test_static),
                cmocka_unit_test(test_prefix),      cmocka_unit_test(test_global_prefix_is_not_rewritten),
                cmocka_unit_test(test_other_modes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
