/* DHCPv6: messages as real clients sent them, and what they are answered. */
#include "bytes.h"

#include "proto/dhcp6.h"

#include <errno.h>

#define CLIENT_ID "0001000e 00010001329509f3bebe83025bf6"
#define SERVER_ID "00020012 000400112233445586778899aabbccddeeff"
#define OTHER_ID  "00020012 0004ff112233445586778899aabbccddeeff"
#define ADDRESS   "fd123456789a00010000000000000002"
#define WRONG     "fd123456789a00010000000000000003"
#define HOST      "fd123456789a00010000000000000001"
#define LIFETIME  "00093a80"
#define ASK       "00060008 0017 0018 0027 001f"
#define SETTINGS  "00170010" HOST "0018000a 08696e7465726e616c00"
#define GIVEN     "00030028 83025bf6 00049d40 00081330 00050018" ADDRESS LIFETIME LIFETIME

static const char dhclient_solicit[] = "0196f7da" CLIENT_ID ASK "000800020000 0003000c 83025bf6 00000e10 00001518";
static const char dhclient_request[] =
        "0372b6bb" CLIENT_ID SERVER_ID ASK "000800020000 00030028 83025bf6 00000e10 00001518"
        "00050018" ADDRESS "00001c20 00001d4c";
static const char dhcpcd_solicit[] =
        "0128cbba 0001000e00010001329509fabebe83025bf6 0003000c83025bf60000000000000000 0006000400520053 000800020000"
        "0010003c00009f0800366468637063642d392e342e313a4c696e75782d362e31382e34342d66632d763636393a7838365f36343a417574"
        "6865"
        "6e746963414d44";

static const struct dhcp6_lease lease = {
        .server_duid = {0, 4, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x86, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
                        0xff},
        .client = {{{0xfd, 0x12, 0x34, 0x56, 0x78, 0x9a, 0, 1, [15] = 2}}},
        .server = {{{0xfd, 0x12, 0x34, 0x56, 0x78, 0x9a, 0, 1, [15] = 1}}},
        .lifetime = 604800,
        .domain = "internal",
};

static int ask(const char *hex, uint8_t data[DHCP6_REPLY_MAX], size_t *ret_size) {
        struct bytes b = bytes_of(hex);
        struct dhcp6_message m;
        int r;

        *ret_size = 0;
        r = dhcp6_parse(b.data, b.size, &m);
        return r < 0 ? r : dhcp6_respond(&lease, &m, data, DHCP6_REPLY_MAX, ret_size);
}

static void assert_answer(const char *hex, const char *expected) {
        uint8_t data[DHCP6_REPLY_MAX];
        size_t size;

        assert_int_equal(ask(hex, data, &size), 1);
        assert_bytes(data, size, expected);
}

static void assert_silence(const char *hex) {
        uint8_t data[DHCP6_REPLY_MAX];
        size_t size;

        assert_int_equal(ask(hex, data, &size), 0);
}

static void test_solicit(void **state) {
        assert_answer(dhclient_solicit, "0296f7da" CLIENT_ID SERVER_ID "00070001ff" GIVEN SETTINGS);
        /* what is not asked for is not sent */
        assert_answer(dhcpcd_solicit, "0228cbba 0001000e00010001329509fabebe83025bf6" SERVER_ID "00070001ff" GIVEN);
}

static void test_rapid_commit(void **state) {
        assert_answer("01aaaaaa" CLIENT_ID "000e0000 0003000c 83025bf6 00000000 00000000",
                      "07aaaaaa" CLIENT_ID SERVER_ID "000e0000" GIVEN);
}

static void test_request(void **state) {
        assert_answer(dhclient_request, "0772b6bb" CLIENT_ID SERVER_ID GIVEN SETTINGS);
        /* it may wish for another address, and gets its own */
        assert_answer("03aaaaaa" CLIENT_ID SERVER_ID "00030028 83025bf6 00000000 00000000 00050018" WRONG
                      "00000000 00000000",
                      "07aaaaaa" CLIENT_ID SERVER_ID GIVEN);
        assert_silence("03aaaaaa" CLIENT_ID OTHER_ID "0003000c 83025bf6 00000000 00000000");
        assert_silence("03aaaaaa" CLIENT_ID "0003000c 83025bf6 00000000 00000000");
        assert_silence("03aaaaaa" SERVER_ID "0003000c 83025bf6 00000000 00000000");
}

static void test_renewal(void **state) {
        /* renew; rebind takes no server; an address that is not the client's is taken back */
        assert_answer("05aaaaaa" CLIENT_ID SERVER_ID "00030028 83025bf6 00000000 00000000 00050018" ADDRESS
                      "00000000 00000000",
                      "07aaaaaa" CLIENT_ID SERVER_ID GIVEN);
        assert_answer("06aaaaaa" CLIENT_ID "00030028 83025bf6 00000000 00000000 00050018" WRONG "00000000 00000000",
                      "07aaaaaa" CLIENT_ID SERVER_ID "00030044 83025bf6 00049d40 00081330"
                      "00050018" ADDRESS LIFETIME LIFETIME "00050018" WRONG "00000000 00000000");
        assert_silence("06aaaaaa" CLIENT_ID SERVER_ID "0003000c 83025bf6 00000000 00000000");
}

static void test_confirm(void **state) {
        assert_answer("04aaaaaa" CLIENT_ID "00030028 83025bf6 00000000 00000000 00050018" ADDRESS "00000000 00000000",
                      "07aaaaaa" CLIENT_ID SERVER_ID "000d0002 0000");
        assert_answer("04aaaaaa" CLIENT_ID "00030028 83025bf6 00000000 00000000 00050018" WRONG "00000000 00000000",
                      "07aaaaaa" CLIENT_ID SERVER_ID "000d0002 0004");
        assert_silence("04aaaaaa" CLIENT_ID "0003000c 83025bf6 00000000 00000000");
}

static void test_let_go(void **state) {
        assert_answer("08aaaaaa" CLIENT_ID SERVER_ID "00030028 83025bf6 00000000 00000000 00050018" ADDRESS
                      "00000000 00000000",
                      "07aaaaaa" CLIENT_ID SERVER_ID "000d0002 0000");
        assert_answer("09aaaaaa" CLIENT_ID SERVER_ID "00030028 83025bf6 00000000 00000000 00050018" WRONG
                      "00000000 00000000",
                      "07aaaaaa" CLIENT_ID SERVER_ID "000d0002 0000 00030012 83025bf6 00000000 00000000 000d0002 0003");
        assert_silence("08aaaaaa" CLIENT_ID OTHER_ID);
}

static void test_more_than_there_is(void **state) {
        /* a second IA_NA, an IA_TA and an IA_PD */
        assert_answer("01aaaaaa" CLIENT_ID "0003000c 83025bf6 00000000 00000000 0003000c 00000002 00000000 00000000"
                      "00040004 00000003 0019000c 00000004 00000000 00000000",
                      "02aaaaaa" CLIENT_ID SERVER_ID "00070001ff" GIVEN
                      "00030012 00000002 00000000 00000000 000d0002 0002"
                      "0004000a 00000003 000d0002 0002"
                      "00190012 00000004 00000000 00000000 000d0002 0006");
}

static void test_information(void **state) {
        assert_answer("0baaaaaa" CLIENT_ID "00060004 0017 0018", "07aaaaaa" CLIENT_ID SERVER_ID SETTINGS);
        assert_answer("0baaaaaa 00060002 0017", "07aaaaaa" SERVER_ID "00170010" HOST);
        assert_silence("0baaaaaa" OTHER_ID "00060002 0017");
        assert_silence("0baaaaaa" CLIENT_ID "0003000c 83025bf6 00000000 00000000");
}

static void test_anonymous(void **state) {
        assert_silence("01aaaaaa 0003000c 83025bf6 00000000 00000000");
        assert_silence("01aaaaaa" CLIENT_ID SERVER_ID "0003000c 83025bf6 00000000 00000000");
}

static void test_malformed(void **state) {
        static const char *const bad[] = {
                "",
                "01aaaa",
                "02aaaaaa",           /* advertise */
                "07aaaaaa",           /* reply */
                "0aaaaaaa",           /* reconfigure */
                "0caaaaaa" CLIENT_ID, /* relayed */
                "00aaaaaa",
                "ffaaaaaa",
                "01aaaaaa 0001",                                          /* length missing */
                "01aaaaaa 0001000e 0001",                                 /* cut off */
                "01aaaaaa 00010002 0001",                                 /* DUID of a type only */
                "01aaaaaa" CLIENT_ID CLIENT_ID,                           /* who is it? */
                "01aaaaaa" CLIENT_ID "0006000300170018",                  /* half a number; the rest is cut off */
                "01aaaaaa" CLIENT_ID "00060003001700",                    /* half a number */
                "01aaaaaa" CLIENT_ID "0003000b 83025bf6 00000000 000000", /* association too short */
                "01aaaaaa" CLIENT_ID "00030010 83025bf6 00000000 00000000 00050018",          /* option in it cut off */
                "01aaaaaa" CLIENT_ID "00030014 83025bf6 00000000 00000000 00050004 fd123456", /* address too short */
                "01aaaaaa" CLIENT_ID "00040003 000000",
        };
        uint8_t data[DHCP6_REPLY_MAX];
        size_t size;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_int_equal(ask(bad[i], data, &size), -EBADMSG);
}

static void test_room(void **state) {
        struct bytes b = bytes_of(dhclient_request);
        uint8_t data[DHCP6_REPLY_MAX];
        struct dhcp6_message m;
        size_t size, needed;

        assert_int_equal(ask(dhclient_request, data, &needed), 1);
        assert_int_equal(dhcp6_parse(b.data, b.size, &m), 0);
        for (size_t i = 0; i < needed; i++)
                assert_int_equal(dhcp6_respond(&lease, &m, data, i, &size), -ENOBUFS);
        /* more associations than fit into a reply */
        b = bytes_of("01aaaaaa" CLIENT_ID);
        while (b.size + 8 <= sizeof(b.data)) {
                memcpy(b.data + b.size, (uint8_t[]){0, 4, 0, 4, 0, 0, 0, 1}, 8);
                b.size += 8;
        }
        assert_int_equal(dhcp6_parse(b.data, b.size, &m), 0);
        assert_int_equal(dhcp6_respond(&lease, &m, data, sizeof(data), &size), -ENOBUFS);
}

static void test_identity(void **state) {
        uint8_t machine_id[16] = {1, 2, 3}, a[DHCP6_SERVER_DUID_SIZE], b[DHCP6_SERVER_DUID_SIZE];

        dhcp6_duid_make(machine_id, a);
        dhcp6_duid_make(machine_id, b);
        assert_memory_equal(a, b, sizeof(a));
        assert_bytes(a, 2, "0004");
        machine_id[15] = 1;
        dhcp6_duid_make(machine_id, b);
        assert_memory_not_equal(a, b, sizeof(a));
}

static void try_message(uint8_t *data, size_t size) {
        uint8_t answer[DHCP6_REPLY_MAX];
        struct dhcp6_message m;
        size_t written;

        if (dhcp6_parse(data, size, &m) >= 0 && dhcp6_respond(&lease, &m, answer, sizeof(answer), &written) > 0)
                assert_true(written <= sizeof(answer));
}

static void test_damaged(void **state) {
        struct bytes a = bytes_of(dhclient_request), b = bytes_of(dhcpcd_solicit);

        for_each_damaged(&a, try_message);
        for_each_damaged(&b, try_message);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_solicit),
                cmocka_unit_test(test_rapid_commit),
                cmocka_unit_test(test_request),
                cmocka_unit_test(test_renewal),
                cmocka_unit_test(test_confirm),
                cmocka_unit_test(test_let_go),
                cmocka_unit_test(test_more_than_there_is),
                cmocka_unit_test(test_information),
                cmocka_unit_test(test_anonymous),
                cmocka_unit_test(test_malformed),
                cmocka_unit_test(test_room),
                cmocka_unit_test(test_identity),
                cmocka_unit_test(test_damaged),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
