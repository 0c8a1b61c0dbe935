/* Addresses: text in and out, arithmetic at the edges of bytes. */
#include "test.h"

#include "base/address.h"
#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static struct address address(const char *s) {
        struct address a;

        assert_int_equal(address_parse(s, &a), 0);
        return a;
}

static struct prefix prefix(const char *s) {
        struct prefix p;

        assert_int_equal(prefix_parse(s, false, &p), 0);
        return p;
}

static void test_address_text(void **state) {
        static const struct {
                const char *in, *out;
        } good[] = {
                {"10.0.0.1", "10.0.0.1"},
                {"255.255.255.255", "255.255.255.255"},
                {"fd00::1", "fd00::1"},
                {"FD00:0:0:0:0:0:0:1", "fd00::1"},
                {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
                {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
                {"::", "::"},
        };
        static const char *const bad[] = {
                "",          " 10.0.0.1", "10.0.0.1 ", "10.0.0",    "10.0.0.256", "010.0.0.1", "10.0.0.1/24",
                "fe80::1%2", "[::1]",     "1::2::3",   "10.0.0.1.", "0x0a.0.0.1", "+1.2.3.4",  NULL,
        };
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTS_OF(good); i++) {
                struct address a = address(good[i].in);

                assert_text(address_format(&a, text), good[i].out);
        }
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++) {
                struct address a;

                assert_int_equal(address_parse(bad[i], &a), -EINVAL);
        }
        assert_text(address_format(&ADDRESS_NONE, text), "");
}

static void test_prefix_text(void **state) {
        static const char *const bad[] = {
                "10.0.0.1",    "10.0.0.1/33",  "10.0.0.1/",
                "10.0.0.1/-1", "10.0.0.1/024", "fd00::/129",
                "/24",         "10.0.0.1/24/", "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/3",
        };
        char text[PREFIX_TEXT_MAX];
        struct prefix p = prefix("10.233.5.17/28");
        struct address broadcast;

        assert_text(prefix_format(&p, text), "10.233.5.17/28");
        broadcast = prefix_broadcast(&p);
        assert_text(address_format(&broadcast, text), "10.233.5.31");
        p = prefix_network(&p);
        assert_text(prefix_format(&p, text), "10.233.5.16/28");
        p = prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
        assert_text(prefix_format(&p, text), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
        assert_int_equal(prefix_parse("fd00::1", true, &p), 0);
        assert_int_equal(p.length, 128);
        assert_int_equal(prefix_broadcast(&p).family, AF_UNSPEC);
        assert_int_equal(prefix_parse("10.0.0.1", true, &p), 0);
        assert_int_equal(p.length, 32);
        assert_int_equal(prefix_broadcast(&p).family, AF_UNSPEC);
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++)
                assert_int_equal(prefix_parse(bad[i], false, &p), -EINVAL);
        assert_int_equal(prefix_parse("10.0.0.1/", true, &p), -EINVAL);
}

static void test_mac_text(void **state) {
        static const char *const bad[] = {"",
                                          "aa:bb:cc:dd:ee",
                                          "aa:bb:cc:dd:ee:fg",
                                          "aa-bb-cc-dd-ee-ff",
                                          "aa:bb:cc:dd:ee:ff:",
                                          "a:b:c:d:e:f:1:2:3",
                                          "aa:bb:cc:dd:ee:f "};
        char text[MAC_TEXT_MAX];
        struct mac m, n;

        assert_int_equal(mac_parse("AA:0b:c0:dd:ee:ff", &m), 0);
        assert_text(mac_format(&m, text), "aa:0b:c0:dd:ee:ff");
        assert_int_equal(mac_parse(text, &n), 0);
        assert_true(mac_equal(&m, &n));
        n.bytes[5] ^= 1;
        assert_false(mac_equal(&m, &n));
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++)
                assert_int_equal(mac_parse(bad[i], &m), -EINVAL);
}

static void test_contains(void **state) {
        static const struct {
                const char *prefix, *address;
                bool inside;
        } cases[] = {
                {"10.233.5.16/28", "10.233.5.16", true},
                {"10.233.5.16/28", "10.233.5.31", true},
                {"10.233.5.16/28", "10.233.5.32", false},
                {"10.233.5.16/28", "10.233.5.15", false},
                {"10.233.5.17/28", "10.233.5.30", true},
                {"0.0.0.0/0", "255.1.2.3", true},
                {"0.0.0.0/0", "::1", false},
                {"10.0.0.1/32", "10.0.0.1", true},
                {"10.0.0.1/32", "10.0.0.0", false},
                {"fd00:1::/32", "fd00:1:ffff::1", true},
                {"fd00:1::/32", "fd00:2::1", false},
                {"fc00::/7", "fdff::1", true},
                {"fd00::1/128", "fd00::1", true},
                {"::/0", "ff02::1", true},
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct prefix p = prefix(cases[i].prefix);
                struct address a = address(cases[i].address);

                assert_int_equal(prefix_contains(&p, &a), cases[i].inside);
        }
        assert_false(prefix_contains(&(struct prefix){.address = ADDRESS_NONE}, &ADDRESS_NONE));
}

static void test_overlaps(void **state) {
        static const struct {
                const char *a, *b;
                bool overlap;
        } cases[] = {
                {"10.0.0.0/8", "10.233.5.16/28", true},     {"10.233.5.16/28", "10.233.5.32/28", false},
                {"10.233.5.17/28", "10.233.5.18/28", true}, {"0.0.0.0/0", "::/0", false},
                {"fd00::/48", "fd00:0:0:5::/64", true},
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct prefix a = prefix(cases[i].a), b = prefix(cases[i].b);

                assert_int_equal(prefix_overlaps(&a, &b), cases[i].overlap);
                assert_int_equal(prefix_overlaps(&b, &a), cases[i].overlap);
        }
}

static void test_nth(void **state) {
        static const struct {
                const char *prefix;
                uint64_t n;
                const char *address;
        } cases[] = {
                {"10.233.5.16/28", 0, "10.233.5.16"},
                {"10.233.5.18/28", 1, "10.233.5.17"},
                {"10.233.0.0/16", 256, "10.233.1.0"},
                {"10.0.255.255/8", 65536 + 255, "10.1.0.255"},
                {"0.0.0.0/0", UINT32_MAX, "255.255.255.255"},
                {"fd00::/64", 2, "fd00::2"},
                {"fd00::/64", UINT64_MAX, "fd00::ffff:ffff:ffff:ffff"},
                {"fd00::ff/120", 255, "fd00::ff"},
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct prefix p = prefix(cases[i].prefix);
                struct address a = prefix_nth(&p, cases[i].n), wanted = address(cases[i].address);

                assert_true(address_equal(&a, &wanted));
        }
}

static void test_kinds(void **state) {
        struct address a;

        a = address("169.254.1.1"), assert_true(address_is_link_local(&a));
        a = address("169.253.1.1"), assert_false(address_is_link_local(&a));
        a = address("febf::1"), assert_true(address_is_link_local(&a));
        a = address("fec0::1"), assert_false(address_is_link_local(&a));
        a = address("127.255.0.1"), assert_true(address_is_loopback(&a));
        a = address("::1"), assert_true(address_is_loopback(&a));
        a = address("::2"), assert_false(address_is_loopback(&a));
        a = address("fd12::1"), assert_true(address_is_unique_local(&a));
        a = address("fc12::1"), assert_true(address_is_unique_local(&a));
        a = address("fe80::1"), assert_false(address_is_unique_local(&a));
        a = address("2001:db8::1"), assert_true(address_is_global_v6(&a));
        a = address("fd12::1"), assert_false(address_is_global_v6(&a));
        a = address("fe80::1"), assert_false(address_is_global_v6(&a));
        a = address("192.0.2.1"), assert_false(address_is_global_v6(&a));
        a = address("239.0.0.1"), assert_true(address_is_multicast(&a));
        a = address("240.0.0.1"), assert_false(address_is_multicast(&a));
        a = address("ff02::1"), assert_true(address_is_multicast(&a));
}

static void test_eui64(void **state) {
        struct mac m;
        struct address a, wanted;
        struct prefix p = prefix("2001:db8:1:2::/64");

        assert_int_equal(mac_parse("be:25:f0:79:b1:5d", &m), 0);
        a = address_link_local(&m), wanted = address("fe80::bc25:f0ff:fe79:b15d");
        assert_true(address_equal(&a, &wanted));
        a = address_eui64(&p, &m), wanted = address("2001:db8:1:2:bc25:f0ff:fe79:b15d");
        assert_true(address_equal(&a, &wanted));
}

static void test_of_host(void **state) {
        static const struct {
                const char *text;
                bool is;
        } cases[] = {{"10.1.2.1/24", true},   {"10.1.2.0/24", false}, {"10.1.2.255/24", false},
                     {"10.1.2.254/24", true}, {"10.1.2.4/31", true},  {"10.1.2.5/31", true},
                     {"10.1.2.4/32", true},   {"10.1.2.4/30", false}, {"10.1.2.7/30", false},
                     {"fd00::/64", false},    {"fd00::1/64", true},   {"fd00::ffff:ffff:ffff:ffff/64", true},
                     {"fd00::/127", true},    {"fd00::/128", true},   {"fd00::4/126", false}};

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct prefix p;

                assert_int_equal(prefix_parse(cases[i].text, false, &p), 0);
                if (prefix_is_of_host(&p) != cases[i].is)
                        fail_msg("%s", cases[i].text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_of_host),     cmocka_unit_test(test_address_text),
                cmocka_unit_test(test_prefix_text), cmocka_unit_test(test_mac_text),
                cmocka_unit_test(test_contains),    cmocka_unit_test(test_overlaps),
                cmocka_unit_test(test_nth),         cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_eui64),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
