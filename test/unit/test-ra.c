/* Router advertisements byte for byte, and solicitations. */
#include "bytes.h"

#include "proto/ra.h"

#include <arpa/inet.h>
#include <errno.h>

static struct ra_prefix prefix(const char *text, bool autonomous, uint32_t valid, uint32_t preferred) {
        struct ra_prefix p = {.autonomous = autonomous, .valid = valid, .preferred = preferred};

        assert_int_equal(prefix_parse(text, false, &p.prefix), 0);
        return p;
}

static struct ra_config config(void) {
        return (struct ra_config){
                .mac = {{0x22, 0x76, 0x69, 0x1f, 0x61, 0x8d}},
                .managed = true,
                .router_lifetime = 9000,
        };
}

static void test_default(void **state) {
        struct ra_prefix p = prefix("fd12:3456:789a:1::1/64", false, RA_INFINITE, RA_INFINITE);
        struct ra_config c = config();
        uint8_t data[RA_SIZE_MAX];
        size_t size;

        c.prefixes = &p;
        c.n_prefixes = 1;
        c.mtu = 1400;
        c.domain = "internal";
        c.dns_lifetime = c.domain_lifetime = 9000;
        assert_int_equal(inet_pton(AF_INET6, "fd12:3456:789a:1::1", &c.dns), 1);
        assert_int_equal(ra_build(&c, data, sizeof(data), &size), 0);
        assert_bytes(data, size,
                     "86000000 40 80 2328 00000000 00000000"
                     "0101 2276691f618d"
                     "0501 0000 00000578"
                     "0304 40 80 ffffffff ffffffff 00000000 fd123456789a00010000000000000000"
                     "1903 0000 00002328 fd123456789a00010000000000000001"
                     "1f03 0000 00002328 08696e7465726e616c00 000000000000");
}

static void test_users_prefixes(void **state) {
        struct ra_prefix p[] = {prefix("2001:db8::/64", true, 3600, 1800), prefix("fd00::/64", false, 10, 5)};
        struct ra_config c = config();
        uint8_t data[RA_SIZE_MAX];
        size_t size;

        c.managed = false;
        c.other = true;
        c.prefixes = p;
        c.n_prefixes = 2;
        assert_int_equal(ra_build(&c, data, sizeof(data), &size), 0);
        assert_bytes(data, size,
                     "86000000 40 40 2328 00000000 00000000"
                     "0101 2276691f618d"
                     "0304 40 c0 00000e10 00000708 00000000 20010db8000000000000000000000000"
                     "0304 40 80 0000000a 00000005 00000000 fd000000000000000000000000000000");
}

/* RFC 4191, and what a link's settings may say besides. */
static void test_settings(void **state) {
        struct ra_prefix p = {.prefix = prefix("2001:db8::/64", false, 60, 30).prefix,
                              .off_link = true,
                              .valid = 60,
                              .preferred = 30};
        struct ra_route routes[] = {{.prefix = prefix("fd00::/8", false, 0, 0).prefix, .lifetime = 60},
                                    {.prefix = prefix("2001:db8:1::/80", false, 0, 0).prefix, .lifetime = RA_INFINITE}};
        struct in6_addr servers[2];
        struct ra_config c = config();
        uint8_t data[RA_SIZE_MAX];
        size_t size;

        assert_int_equal(inet_pton(AF_INET6, "2001:db8::53", &servers[0]), 1);
        assert_int_equal(inet_pton(AF_INET6, "2001:db8::54", &servers[1]), 1);
        c.router_lifetime = 0;
        c.prefixes = &p;
        c.n_prefixes = 1;
        c.routes = routes;
        c.n_routes = 2;
        c.servers = servers;
        c.n_servers = 2;
        c.dns_lifetime = 60;
        assert_int_equal(ra_build(&c, data, sizeof(data), &size), 0);
        assert_bytes(data, size,
                     "86000000 40 80 0000 00000000 00000000"
                     "0101 2276691f618d"
                     "0304 40 00 0000003c 0000001e 00000000 20010db8000000000000000000000000"
                     "1802 08 00 0000003c fd00000000000000"
                     "1803 50 00 ffffffff 20010db8000100000000000000000000"
                     "1905 0000 0000003c 20010db8000000000000000000000053 20010db8000000000000000000000054");
}

static void test_room(void **state) {
        struct ra_prefix p[RA_PREFIXES_MAX];
        char longest[128];
        struct ra_config c = config();
        uint8_t data[RA_SIZE_MAX];
        size_t size, needed;

        for (size_t i = 0; i < RA_PREFIXES_MAX; i++)
                p[i] = prefix("2001:db8::/64", true, 3600, 1800);
        c.prefixes = p;
        c.n_prefixes = RA_PREFIXES_MAX;
        c.mtu = 1500;
        c.dns.s6_addr[0] = 0xfd;
        memset(longest, 'a', sizeof(longest));
        for (size_t i = 63; i < sizeof(longest); i += 64)
                longest[i] = '.';
        longest[100] = '\0';
        c.domain = longest;
        assert_int_equal(ra_build(&c, data, sizeof(data), &needed), 0);
        for (size_t i = 0; i < needed; i++)
                assert_int_equal(ra_build(&c, data, i, &size), -ENOBUFS);
        c.domain = "no..name";
        assert_int_equal(ra_build(&c, data, sizeof(data), &size), -EINVAL);
}

/* What `ping6`'s kernel would have made of it: header, pseudo-header's checksum. */
static void test_packet(void **state) {
        uint8_t data[RA_PACKET_MAX], message[RA_SIZE_MAX];
        struct in6_addr from, to;
        struct ra_config c = config();
        size_t size, inner;
        uint32_t sum = 0;

        assert_int_equal(inet_pton(AF_INET6, "fe80::1", &from), 1);
        assert_int_equal(inet_pton(AF_INET6, "ff02::1", &to), 1);
        assert_int_equal(ra_build(&c, message, sizeof(message), &inner), 0);
        assert_int_equal(ra_packet_build(&c, &from, &to, data, sizeof(data), &size), 0);
        assert_int_equal(size, 40 + inner);
        assert_bytes(data, 40, "60000000 0018 3a ff fe800000000000000000000000000001 ff020000000000000000000000000001");
        /* RFC 1071: with its checksum in place, pseudo-header and message sum up to all ones. */
        for (size_t i = 8; i < size; i += 2)
                sum += (uint32_t) data[i] << 8 | data[i + 1];
        sum += (uint32_t) inner + IPPROTO_ICMPV6;
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        assert_int_equal(sum, 0xffff);
        memset(data + 42, 0, 2);
        assert_memory_equal(data + 40, message, inner);
        for (size_t i = 0; i < 40 + inner; i++)
                assert_int_equal(ra_packet_build(&c, &from, &to, data, i, &size), -ENOBUFS);
}

static int solicit(const char *hex, int hops, const char *source) {
        struct bytes b = bytes_of(hex);
        struct router_solicitation s;
        struct in6_addr a;

        assert_int_equal(inet_pton(AF_INET6, source, &a), 1);
        return router_solicitation_parse(b.data, b.size, hops, &a, &s);
}

static void test_solicitation(void **state) {
        struct bytes b = bytes_of("850043bf 00000000 0101 bebe83025bf6");
        struct router_solicitation s;
        struct in6_addr a;

        assert_int_equal(inet_pton(AF_INET6, "fe80::1", &a), 1);
        assert_int_equal(router_solicitation_parse(b.data, b.size, 255, &a, &s), 0);
        assert_true(s.has_mac);
        assert_bytes(s.mac.bytes, 6, "bebe83025bf6");
        assert_int_equal(solicit("850043bf00000000", 255, "::"), 0);
        assert_int_equal(solicit("850043bf00000000 0e01 000000000000", 255, "fe80::1"), 0); /* an option of others */
}

static void test_bad_solicitations(void **state) {
        assert_int_equal(solicit("850043bf00000000", 254, "fe80::1"), -EBADMSG); /* from afar */
        assert_int_equal(solicit("850043bf00000000", 255, "fd00::1"), -EBADMSG);
        assert_int_equal(solicit("860043bf00000000", 255, "fe80::1"), -EBADMSG); /* an advertisement */
        assert_int_equal(solicit("850143bf00000000", 255, "fe80::1"), -EBADMSG); /* code */
        assert_int_equal(solicit("850043bf000000", 255, "fe80::1"), -EBADMSG);
        assert_int_equal(solicit("850043bf00000000 0100", 255, "fe80::1"), -EBADMSG); /* an option of no length */
        assert_int_equal(solicit("850043bf00000000 01", 255, "fe80::1"), -EBADMSG);
        assert_int_equal(solicit("850043bf00000000 0102 bebe83025bf6", 255, "fe80::1"), -EBADMSG); /* cut off */
        assert_int_equal(solicit("850043bf00000000 0101 bebe83025bf6", 255, "::"), -EBADMSG);
        assert_int_equal(solicit("", 255, "fe80::1"), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_default),
                cmocka_unit_test(test_users_prefixes),
                cmocka_unit_test(test_settings),
                cmocka_unit_test(test_room),
                cmocka_unit_test(test_packet),
                cmocka_unit_test(test_solicitation),
                cmocka_unit_test(test_bad_solicitations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
