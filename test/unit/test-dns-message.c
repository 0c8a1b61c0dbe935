/* DNS messages: queries as dig sends them and as nobody should, answers byte for byte, checks of servers' answers. */
#include "bytes.h"

#include "proto/dns-message.h"

#include <errno.h>

#define QUESTION   "05416c706861 08696e7465726e616c 00 0001 0001" /* Alpha.internal A */
#define QUERY      "1234 0120 0001 0000 0000 0000" QUESTION
#define OPT        "00 0029 04d0 0000 0000 0000"
#define QUERY_EDNS "1234 0120 0001 0000 0000 0001" QUESTION OPT

static int parse(const char *hex, struct dns_query *ret) {
        struct bytes b = bytes_of(hex);
        uint8_t *exact = malloc(b.size + 1);
        int r;

        assert_non_null(exact);
        memcpy(exact, b.data, b.size);
        r = dns_query_parse(exact, b.size, ret);
        free(exact);
        return r;
}

static struct dns_query query(const char *hex) {
        struct dns_query q;

        assert_int_equal(parse(hex, &q), 0);
        return q;
}

static void test_query(void **state) {
        struct dns_query q = query(QUERY);

        assert_int_equal(q.id, 0x1234);
        assert_int_equal(q.type, DNS_TYPE_A);
        assert_int_equal(q.name.labels, 2);
        assert_false(q.edns);
        assert_int_equal(dns_query_limit(&q, true), 512);
        assert_int_equal(dns_query_limit(&q, false), 512);

        q = query(QUERY_EDNS);
        assert_true(q.edns);
        assert_false(q.dnssec_ok);
        assert_int_equal(dns_query_limit(&q, false), 1232);
        /* a cookie in it, DO, a large buffer */
        q = query("1234 0120 0001 0000 0000 0001" QUESTION "00 0029 1000 0000 8000 000c 000a0008 0011223344556677");
        assert_true(q.dnssec_ok);
        assert_int_equal(dns_query_limit(&q, false), 4096);
        assert_int_equal(dns_query_limit(&q, true), 1232);
        /* a ridiculously small one counts as 512 */
        q = query("1234 0120 0001 0000 0000 0001" QUESTION "00 0029 0000 0000 0000 0000");
        assert_int_equal(dns_query_limit(&q, false), 512);
        /* the root; any type */
        q = query("1234 0100 0001 0000 0000 0000 00 0002 0001");
        assert_int_equal(q.name.labels, 0);
        assert_int_equal(query("1234 0100 0001 0000 0000 0000 00 00ff 0001").type, DNS_TYPE_ANY);
}

static void test_bad_queries(void **state) {
        static const struct {
                const char *hex;
                int expected;
        } bad[] = {
                {"", -EBADMSG},
                {"1234 0100 0001 0000 0000 00", -EBADMSG},
                {"1234 8100 0001 0000 0000 0000" QUESTION, -EBADMSG},             /* an answer */
                {"1234 2000 0001 0000 0000 0000" QUESTION, DNS_NOTIMP},           /* notify */
                {"1234 2800 0001 0000 0000 0000" QUESTION, DNS_NOTIMP},           /* update */
                {"1234 0100 0000 0000 0000 0000", DNS_FORMERR},                   /* no question */
                {"1234 0100 0002 0000 0000 0000" QUESTION QUESTION, DNS_FORMERR}, /* two */
                {"1234 0100 0001 0001 0000 0000" QUESTION, DNS_FORMERR},          /* with an answer */
                {"1234 0100 0001 0000 0001 0000" QUESTION, DNS_FORMERR},
                {"1234 0300 0001 0000 0000 0000" QUESTION, DNS_FORMERR},      /* truncated */
                {"1234 0100 0001 0000 0000 0000" QUESTION "00", DNS_FORMERR}, /* something behind it */
                {"1234 0100 0001 0000 0000 0000 05416c", DNS_FORMERR},        /* cut off */
                {"1234 0100 0001 0000 0000 0000 0161 00 0001 00", DNS_FORMERR},
                {"1234 0100 0001 0000 0000 0000 c00c 0001 0001", DNS_FORMERR}, /* points to itself */
                {"1234 0100 0001 0000 0000 0000 c004 0001 0001", DNS_FORMERR}, /* points into the header */
                {"1234 0100 0001 0000 0000 0000 0161 c002 0001 0001", DNS_FORMERR},
                {"1234 0100 0001 0000 0000 0000 00 0001 0003", DNS_REFUSED}, /* chaos */
                {"1234 0100 0001 0000 0000 0000 00 0001 00ff", DNS_REFUSED},
                {"1234 0100 0001 0000 0000 0000 00 00fc 0001", DNS_REFUSED}, /* zone transfer */
                {"1234 0100 0001 0000 0000 0000 00 00fb 0001", DNS_REFUSED},
                {"1234 0100 0001 0000 0000 0000 00 0029 0001", DNS_REFUSED},
                {"1234 0100 0001 0000 0000 0001" QUESTION, DNS_FORMERR}, /* a record is missing */
                {"1234 0100 0001 0000 0000 0002" QUESTION OPT OPT, DNS_FORMERR},
                {"1234 0100 0001 0000 0000 0001" QUESTION "0161" OPT, DNS_FORMERR}, /* not at the root */
                {"1234 0100 0001 0000 0000 0001" QUESTION "00 0029 04d0 0000 0000 0004 0000", DNS_FORMERR},
                {"1234 0100 0001 0000 0000 0001" QUESTION "00 0029 04d0 0001 0000 0000", DNS_BADVERS},
        };
        struct dns_query q;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                if (parse(bad[i].hex, &q) != bad[i].expected)
                        fail_msg("%s: %d instead of %d", bad[i].hex, parse(bad[i].hex, &q), bad[i].expected);
        assert_int_equal(parse("1234 0100 0001 0000 0000 0000 00 0001 0003", &q), DNS_REFUSED);
        assert_true(q.has_question);
        assert_int_equal(parse("1234 2000 0001 0000 0000 0000" QUESTION, &q), DNS_NOTIMP);
        assert_false(q.has_question);
}

static void test_addresses(void **state) {
        struct dns_query q = query(QUERY);
        struct dns_answer a;
        struct address v4;
        uint8_t data[DNS_UDP_SIZE];

        assert_int_equal(address_parse("10.233.0.18", &v4), 0);
        dns_answer_begin(&a, data, sizeof(data), &q, DNS_NOERROR, DNS_FLAG_AA);
        dns_answer_address(&a, &v4, 30);
        /* the question comes back letter for letter */
        assert_bytes(data, dns_answer_end(&a),
                     "1234 8580 0001 0001 0000 0000" QUESTION "c00c 0001 0001 0000001e 0004 0ae90012");

        q = query(QUERY_EDNS);
        assert_int_equal(address_parse("fd12::2", &v4), 0);
        dns_answer_begin(&a, data, sizeof(data), &q, DNS_NOERROR, DNS_FLAG_AA);
        dns_answer_address(&a, &v4, 30);
        assert_bytes(data, dns_answer_end(&a),
                     "1234 8580 0001 0001 0000 0001" QUESTION
                     "c00c 001c 0001 0000001e 0010 fd120000000000000000000000000002" OPT);
}

static void test_negative(void **state) {
        struct dns_query q = query(QUERY);
        struct dns_answer a;
        uint8_t data[DNS_UDP_SIZE];

        dns_answer_begin(&a, data, sizeof(data), &q, DNS_NXDOMAIN, DNS_FLAG_AA);
        dns_answer_soa(&a, DNS_AUTHORITY, 1, 5);
        assert_bytes(data, dns_answer_end(&a),
                     "1234 8583 0001 0000 0001 0000" QUESTION "c012 0006 0001 00000005 0026 c012"
                     "066e6f626f6479 07696e76616c6964 00 00000001 00000e10 00000258 00093a80 00000005");
}

static void test_pointer(void **state) {
        struct dns_query q = query("1234 0100 0001 0000 0000 0000 023138 013002 3130 00 000c 0001");
        struct dns_name target;
        struct dns_answer a;
        uint8_t data[DNS_UDP_SIZE];

        assert_int_equal(dns_name_parse("a.internal", &target), 0);
        dns_answer_begin(&a, data, sizeof(data), &q, DNS_NOERROR, DNS_FLAG_AA);
        dns_answer_pointer(&a, &target, 30);
        assert_bytes(data, dns_answer_end(&a),
                     "1234 8580 0001 0001 0000 0000 023138 013002 3130 00 000c 0001"
                     "c00c 000c 0001 0000001e 000c 0161 08696e7465726e616c 00");
}

static void test_errors(void **state) {
        struct dns_answer a;
        struct dns_query q;
        uint8_t data[DNS_UDP_SIZE];

        /* without a question that was understood */
        assert_int_equal(parse("1234 2900 0001 0000 0000 0000" QUESTION, &q), DNS_NOTIMP);
        dns_answer_begin(&a, data, sizeof(data), &q, DNS_NOTIMP, 0);
        assert_bytes(data, dns_answer_end(&a), "1234 a984 0000 0000 0000 0000");
        /* a code that needs EDNS for its upper bits */
        assert_int_equal(parse("1234 0100 0001 0000 0000 0001" QUESTION "00 0029 04d0 0001 0000 0000", &q),
                         DNS_BADVERS);
        dns_answer_begin(&a, data, sizeof(data), &q, DNS_BADVERS, 0);
        assert_bytes(data, dns_answer_end(&a), "1234 8180 0001 0000 0000 0001" QUESTION "00 0029 04d0 01000000 0000");
}

static void test_truncation(void **state) {
        struct dns_query q = query(QUERY_EDNS);
        struct address address;
        struct dns_answer a;
        uint8_t data[DNS_UDP_SIZE];

        assert_int_equal(address_parse("fd12::2", &address), 0);
        dns_answer_begin(&a, data, sizeof(data), &q, DNS_NOERROR, DNS_FLAG_AA);
        for (size_t i = 0; i < 20; i++)
                dns_answer_address(&a, &address, 30);
        assert_bytes(data, dns_answer_end(&a), "1234 8780 0001 0000 0000 0001" QUESTION OPT);
}

static int check(const char *hex, uint16_t id, struct bytes *ret) {
        struct dns_query q = query(QUERY);
        bool bare;
        int r;

        *ret = bytes_of(hex);
        r = dns_response_check(ret->data, ret->size, &q, id, &bare);
        return r < 0 ? r : bare ? 100 + r : r;
}

static void test_response(void **state) {
        struct bytes b;

        /* the server wrote the name in its own way; the client sees its own letters and id again */
        assert_int_equal(check("abcd 8180 0001 0001 0000 0000 05616c706861 08494e5445524e414c 00 0001 0001"
                               "c00c 0001 0001 0000001e 0004 0ae90012",
                               0xabcd, &b),
                         0);
        assert_bytes(b.data, b.size, "1234 8180 0001 0001 0000 0000" QUESTION "c00c 0001 0001 0000001e 0004 0ae90012");
}

static void test_response_check(void **state) {
        struct bytes b;

        assert_int_equal(check("abcd 8183 0001 0000 0000 0000" QUESTION, 0xabcd, &b), DNS_NXDOMAIN);
        assert_int_equal(check("abcd 8182 0000 0000 0000 0000", 0xabcd, &b), 100 + DNS_SERVFAIL); /* bare */
        assert_int_equal(check("abcd 8180 0000 0000 0000 0000", 0xabcd, &b), -EBADMSG);
        assert_int_equal(check("abce 8180 0001 0000 0000 0000" QUESTION, 0xabcd, &b), -EBADMSG); /* id */
        assert_int_equal(check("abcd 0180 0001 0000 0000 0000" QUESTION, 0xabcd, &b), -EBADMSG); /* a query */
        assert_int_equal(check("abcd a180 0001 0000 0000 0000" QUESTION, 0xabcd, &b), -EBADMSG); /* opcode */
        assert_int_equal(check("abcd 8180 0002 0000 0000 0000" QUESTION QUESTION, 0xabcd, &b), -EBADMSG);
        assert_int_equal(
                check("abcd 8180 0001 0000 0000 0000 05426c706861 08696e7465726e616c 00 0001 0001", 0xabcd, &b),
                -EBADMSG); /* another name */
        assert_int_equal(
                check("abcd 8180 0001 0000 0000 0000 05416c706861 08696e7465726e616c 00 001c 0001", 0xabcd, &b),
                -EBADMSG); /* another type */
        assert_int_equal(
                check("abcd 8180 0001 0000 0000 0000 05416c706861 08696e7465726e616c 00 0001 0003", 0xabcd, &b),
                -EBADMSG); /* another class */
        assert_int_equal(check("abcd 8180 0001 0000 0000 0000 05416c70", 0xabcd, &b), -EBADMSG);
        assert_int_equal(check("abcd 8180 0001", 0xabcd, &b), -EBADMSG);
        assert_int_equal(check("", 0xabcd, &b), -EBADMSG);
}

static void test_stream(void **state) {
        static const uint8_t data[] = {0, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 12};
        size_t size = 0;

        for (size_t n = 0; n < 14; n++)
                assert_int_equal(dns_stream_next(data, n, 100, &size), 0);
        assert_int_equal(dns_stream_next(data, 14, 100, &size), 1);
        assert_int_equal(size, 12);
        assert_int_equal(dns_stream_next(data, sizeof(data), 12, &size), 1);
        assert_int_equal(dns_stream_next(data, sizeof(data), 11, &size), -EBADMSG);
        assert_int_equal(dns_stream_next((const uint8_t[]){0, 11}, 2, 100, &size), -EBADMSG);
        assert_int_equal(dns_stream_next((const uint8_t[]){0xff, 0xff}, 2, 1232, &size), -EBADMSG);
}

static void try_query(uint8_t *data, size_t size) {
        uint8_t answer[DNS_UDP_SIZE];
        struct dns_answer a;
        struct dns_query q;
        int r = dns_query_parse(data, size, &q);

        if (r < 0)
                return;
        dns_answer_begin(&a, answer, sizeof(answer), &q, (enum dns_rcode) r, 0);
        if (q.has_question)
                dns_answer_soa(&a, DNS_AUTHORITY, q.name.labels, 1);
        assert_true(dns_answer_end(&a) <= sizeof(answer));
}

static void test_damaged(void **state) {
        struct bytes b = bytes_of(QUERY_EDNS);

        for_each_damaged(&b, try_query);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_query),          cmocka_unit_test(test_bad_queries),
                cmocka_unit_test(test_addresses),      cmocka_unit_test(test_negative),
                cmocka_unit_test(test_pointer),        cmocka_unit_test(test_errors),
                cmocka_unit_test(test_truncation),     cmocka_unit_test(test_response),
                cmocka_unit_test(test_response_check), cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_stream),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
