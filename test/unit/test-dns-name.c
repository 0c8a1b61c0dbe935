/* Domain names: reading with and without compression, text, comparing, reverse names. */
#include "bytes.h"

#include "proto/dns-name.h"

#include <errno.h>

static struct dns_name name(const char *text) {
        struct dns_name n;

        assert_int_equal(dns_name_parse(text, &n), 0);
        return n;
}

static int read_at(const char *hex, size_t offset, struct dns_name *ret, size_t *ret_end) {
        struct bytes b = bytes_of(hex);
        uint8_t *exact = malloc(b.size + 1); /* one more than nothing, so that it is never NULL */
        int r;

        assert_non_null(exact);
        memcpy(exact, b.data, b.size);
        *ret_end = offset;
        r = dns_name_read(exact, b.size, ret_end, ret);
        free(exact);
        return r;
}

static void test_read(void **state) {
        struct dns_name n, expected = name("Host.Internal");
        size_t end;

        assert_int_equal(read_at("04486f7374 08496e7465726e616c 00 ffff", 0, &n, &end), 0);
        assert_int_equal(end, 15);
        assert_int_equal(n.labels, 2);
        assert_memory_equal(n.wire, expected.wire, n.size);
        assert_int_equal(read_at("00", 0, &n, &end), 0);
        assert_int_equal(n.labels, 0);
        assert_int_equal(n.size, 1);
}

static void test_compression(void **state) {
        struct dns_name n, expected = name("www.internal");
        size_t end;

        assert_int_equal(read_at("08696e7465726e616c00 03777777c000 ff", 10, &n, &end), 0);
        assert_true(dns_name_equal(&n, &expected));
        assert_int_equal(end, 16);
        /* a pointer to a pointer */
        assert_int_equal(read_at("08696e7465726e616c00 03777777c000 c00a", 16, &n, &end), 0);
        assert_true(dns_name_equal(&n, &expected));
        assert_int_equal(end, 18);
}

static void test_bad_compression(void **state) {
        struct dns_name n;
        size_t end;

        assert_int_equal(read_at("c000", 0, &n, &end), -EBADMSG);      /* to itself */
        assert_int_equal(read_at("c002 c000", 0, &n, &end), -EBADMSG); /* forwards */
        assert_int_equal(read_at("c002 c000", 2, &n, &end), -EBADMSG); /* in a circle */
        assert_int_equal(read_at("0161c000", 0, &n, &end), -EBADMSG);  /* into its own name */
        assert_int_equal(read_at("0161c001", 0, &n, &end), -EBADMSG);
        assert_int_equal(read_at("c0", 0, &n, &end), -EBADMSG);   /* half */
        assert_int_equal(read_at("4061", 0, &n, &end), -EBADMSG); /* reserved label types */
        assert_int_equal(read_at("8061", 0, &n, &end), -EBADMSG);
        assert_int_equal(read_at("0361", 0, &n, &end), -EBADMSG); /* cut off */
        assert_int_equal(read_at("0161", 0, &n, &end), -EBADMSG); /* no end */
        assert_int_equal(read_at("", 0, &n, &end), -EBADMSG);
        assert_int_equal(read_at("00", 5, &n, &end), -EBADMSG);
}

static void test_limits(void **state) {
        char text[300], hex[700] = "";
        struct dns_name n;
        size_t end;

        memset(text, 'a', 63);
        text[63] = '\0';
        assert_int_equal(dns_name_parse(text, &n), 0);
        (void) strcpy(text + 63, "a");
        assert_int_equal(dns_name_parse(text, &n), -EINVAL);
        /* 127 labels of one letter fill 255 bytes */
        for (size_t i = 0; i < 127; i++)
                (void) strcat(hex, "0161");
        (void) strcat(hex, "00");
        assert_int_equal(read_at(hex, 0, &n, &end), 0);
        assert_int_equal(n.size, 255);
        assert_int_equal(n.labels, 127);
        hex[strlen(hex) - 2] = '\0';
        (void) strcat(hex, "016100");
        assert_int_equal(read_at(hex, 0, &n, &end), -EBADMSG);

        for (size_t i = 0; i < 127; i++)
                memcpy(text + 2 * i, "a.", 3);
        assert_int_equal(dns_name_parse(text, &n), 0);
        (void) strcat(text, "a");
        assert_int_equal(dns_name_parse(text, &n), -EINVAL);
}

static void test_parse(void **state) {
        struct dns_name n = name("a.b.");

        assert_bytes(n.wire, n.size, "0161016200");
        n = name(".");
        assert_bytes(n.wire, n.size, "00");
        assert_int_equal(dns_name_parse("", &n), -EINVAL);
        assert_int_equal(dns_name_parse("..", &n), -EINVAL);
        assert_int_equal(dns_name_parse("a..b", &n), -EINVAL);
        assert_int_equal(dns_name_parse(".a", &n), -EINVAL);
}

static void test_compare(void **state) {
        struct dns_name a = name("Web.INTERNAL"), b = name("web.internal"), zone = name("internal"), root = name("."),
                        near = name("xinternal"), other = name("web.internal.org");

        assert_true(dns_name_equal(&a, &b));
        assert_true(dns_name_within(&a, &zone));
        assert_true(dns_name_within(&zone, &zone));
        assert_true(dns_name_within(&a, &root));
        assert_false(dns_name_within(&zone, &a));
        assert_false(dns_name_within(&near, &zone));
        assert_false(dns_name_within(&other, &zone));
        assert_false(dns_name_equal(&a, &zone));
        assert_int_equal(dns_name_suffix_offset(&a, 1), 4);
        assert_int_equal(dns_name_suffix_offset(&a, 2), 0);
        assert_int_equal(dns_name_suffix_offset(&a, 0), 13);
}

static void test_label(void **state) {
        struct dns_name n = name("Web-1_x.internal"), odd = name("a b.\xc3\xa4");
        char label[DNS_LABEL_MAX + 1];

        assert_int_equal(dns_name_label(&n, 0, label), 0);
        assert_string_equal(label, "web-1_x");
        assert_int_equal(dns_name_label(&n, 1, label), 0);
        assert_string_equal(label, "internal");
        assert_int_equal(dns_name_label(&n, 2, label), -EINVAL);
        assert_int_equal(dns_name_label(&odd, 0, label), -EINVAL);
        assert_int_equal(dns_name_label(&odd, 1, label), -EINVAL);
}

static void assert_prefix(const char *text, const char *expected) {
        struct dns_name n = name(text);
        char buf[PREFIX_TEXT_MAX];
        struct prefix p;

        assert_int_equal(dns_name_to_prefix(&n, &p), 0);
        assert_string_equal(prefix_format(&p, buf), expected);
}

static void test_reverse(void **state) {
        static const char *const bad[] = {
                "1.2.3.4.5.in-addr.arpa",
                "256.in-addr.arpa",
                "01.in-addr.arpa",
                "a.in-addr.arpa",
                "1.in-addr.arpa.org",
                "1.ip4.arpa",
                "arpa",
                "10.ip6.arpa",
                "g.ip6.arpa",
                "0-127.2.0.192.in-addr.arpa",
                "internal",
        };
        struct dns_name n, again;
        struct address a;
        struct prefix p;

        assert_prefix("18.0.233.10.in-addr.arpa", "10.233.0.18/32");
        assert_prefix("233.10.IN-ADDR.arpa", "10.233.0.0/16");
        assert_prefix("in-addr.arpa", "0.0.0.0/0");
        assert_prefix("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.A.9.8.7.6.5.4.3.2.1.d.f.ip6.arpa",
                      "fd12:3456:789a:1::2/128");
        assert_prefix("1.d.f.ip6.arpa", "fd10::/12");
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                n = name(bad[i]);
                assert_int_equal(dns_name_to_prefix(&n, &p), -EINVAL);
        }

        assert_int_equal(address_parse("fd12:3456:789a:1::2", &a), 0);
        assert_int_equal(dns_name_from_address(&a, &n), 0);
        again = name("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.a.9.8.7.6.5.4.3.2.1.d.f.ip6.arpa");
        assert_true(dns_name_equal(&n, &again));
        assert_int_equal(address_parse("10.233.0.18", &a), 0);
        assert_int_equal(dns_name_from_address(&a, &n), 0);
        again = name("18.0.233.10.in-addr.arpa");
        assert_true(dns_name_equal(&n, &again));
        a.family = AF_UNSPEC;
        assert_int_equal(dns_name_from_address(&a, &n), -EINVAL);
}

static void test_reverse_zone(void **state) {
        struct prefix p;

        assert_int_equal(prefix_parse("10.233.0.0/16", false, &p), 0);
        assert_int_equal(dns_reverse_labels(&p), 4);
        assert_int_equal(prefix_parse("10.233.0.0/20", false, &p), 0);
        assert_int_equal(dns_reverse_labels(&p), 5);
        assert_int_equal(prefix_parse("fd12:3456:789a::/48", false, &p), 0);
        assert_int_equal(dns_reverse_labels(&p), 14);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_read),
                cmocka_unit_test(test_compression),
                cmocka_unit_test(test_bad_compression),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_compare),
                cmocka_unit_test(test_label),
                cmocka_unit_test(test_reverse),
                cmocka_unit_test(test_reverse_zone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
