/* DHCPv4: messages as real clients sent them, and what they are answered. */
#include "bytes.h"

#include "proto/dhcp4.h"

#include <arpa/inet.h>
#include <errno.h>

#define MAC     "bebe83025bf6"
#define ZERO16  "00000000000000000000000000000000"
#define ZERO64  ZERO16 ZERO16 ZERO16 ZERO16
#define ZERO192 ZERO64 ZERO64 ZERO64
/* op to flags, ciaddr, yiaddr to giaddr, chaddr, file and sname, cookie */
#define HEAD(flags, ciaddr)                                                                                            \
        "01010600 7fa9ed10 0000" flags ciaddr "000000000000000000000000" MAC "00000000000000000000" ZERO192 "63825363"
#define UDHCPC "3902024037070103060c0f1c2a3c0c756468637020312e33352e303d0701" MAC "ff"

static const char udhcpc_discover[] = HEAD("0000", "00000000") "350101" UDHCPC ZERO16;
static const char udhcpc_request[] = HEAD("0000", "00000000") "350103 32040ae90012 36040ae90011" UDHCPC;
static const char dhclient_discover[] =
        HEAD("0000", "00000000") "3501010c02766d370d011c02030f06770c2c2f1a792aff" ZERO16;
static const char dhcpcd_discover[] = HEAD(
        "0000", "00000000") "350101370701031c21333a3b390205c03c366468637063642d392e342e313a4c696e75782d362e31382e3434"
                            "2d66632d763636393a7838365f36343a41757468656e746963414d44740101910101ff";

static const struct dhcp4_lease lease = {
        .mac = {{0xbe, 0xbe, 0x83, 0x02, 0x5b, 0xf6}},
        .client = {.s_addr = 0x1200e90a},
        .server = {.s_addr = 0x1100e90a},
        .prefix_length = 28,
        .mtu = 1400,
        .lifetime = 604800,
        .host_name = "alpha",
        .domain = "internal",
};

struct answer {
        uint8_t data[DHCP4_REPLY_MAX];
        struct dhcp4_reply reply;
        int r;
};

static struct answer ask_for(const struct dhcp4_lease *l, const char *hex) {
        struct bytes b = bytes_of(hex);
        struct dhcp4_message m;
        struct answer a = {0};

        a.r = dhcp4_parse(b.data, b.size, &m);
        if (a.r >= 0)
                a.r = dhcp4_respond(l, &m, a.data, sizeof(a.data), &a.reply);
        return a;
}

static struct answer ask(const char *hex) {
        return ask_for(&lease, hex);
}

/* The content of an option in hexadecimal, "-" when it is absent. */
static const char *option(const struct answer *a, uint8_t code) {
        static char text[512];

        for (size_t at = 240; at < a->reply.size && a->data[at] != 255; at += 2U + a->data[at + 1]) {
                if (a->data[at] != code)
                        continue;
                text[0] = '\0';
                for (size_t i = 0; i < a->data[at + 1]; i++)
                        (void) snprintf(text + 2 * i, 3, "%02x", a->data[at + 2 + i]);
                return text;
        }
        return "-";
}

static void assert_destination(const struct answer *a, const char *expected) {
        char text[INET_ADDRSTRLEN];

        assert_string_equal(inet_ntop(AF_INET, &a->reply.destination, text, sizeof(text)), expected);
}

static void test_discover(void **state) {
        struct answer a = ask(udhcpc_discover);

        assert_int_equal(a.r, 1);
        assert_int_equal(a.reply.type, DHCP4_OFFER);
        assert_destination(&a, "10.233.0.18");
        /* reply, transaction, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr */
        assert_bytes(a.data, 34, "02010600 7fa9ed10 00000000 00000000 0ae90012 00000000 00000000" MAC);
        assert_bytes(a.data + 236, 4, "63825363");
        assert_string_equal(option(&a, 53), "02");
        assert_string_equal(option(&a, 54), "0ae90011");
        assert_string_equal(option(&a, 51), "00093a80");
        assert_string_equal(option(&a, 58), "00049d40");
        assert_string_equal(option(&a, 59), "00081330");
        assert_string_equal(option(&a, 1), "fffffff0");
        assert_string_equal(option(&a, 3), "0ae90011");
        assert_string_equal(option(&a, 6), "0ae90011");
        assert_string_equal(option(&a, 12), "616c706861");
        assert_string_equal(option(&a, 15), "696e7465726e616c");
        assert_string_equal(option(&a, 61), "01" MAC); /* echoed, RFC 6842 */
        assert_string_equal(option(&a, 26), "-");      /* not on its list */
        assert_string_equal(option(&a, 119), "-");
        assert_true(a.reply.size >= 300);
}

static void test_wanted(void **state) {
        struct answer a = ask(dhclient_discover);

        assert_int_equal(a.reply.type, DHCP4_OFFER);
        assert_string_equal(option(&a, 26), "0578");
        assert_string_equal(option(&a, 119), "08696e7465726e616c00");
        assert_string_equal(option(&a, 61), "-");
        assert_int_equal(ask(dhcpcd_discover).reply.type, DHCP4_OFFER);
}

/* What a link's settings may say: other resolvers, time servers, no router. */
static void test_settings(void **state) {
        const struct in_addr servers[] = {{.s_addr = 0x09090909}, {.s_addr = 0x01010101}},
                             times = {.s_addr = 0x0200090a};
        struct dhcp4_lease l = lease;
        struct answer a = ask(dhclient_discover);

        assert_string_equal(option(&a, 3), "0ae90011");
        assert_string_equal(option(&a, 6), "0ae90011");
        assert_string_equal(option(&a, 42), "-");
        l.dns = servers;
        l.n_dns = 2;
        l.times = &times;
        l.n_times = 1;
        l.without_router = true;
        a = ask_for(&l, dhclient_discover);
        assert_string_equal(option(&a, 3), "-");
        assert_string_equal(option(&a, 6), "0909090901010101");
        assert_string_equal(option(&a, 42), "0a090002");
        l.n_dns = 0;
        l.without_dns = true;
        a = ask_for(&l, dhclient_discover);
        assert_string_equal(option(&a, 6), "-");
}

static void test_request(void **state) {
        struct answer a = ask(udhcpc_request);

        assert_int_equal(a.reply.type, DHCP4_ACK);
        assert_string_equal(option(&a, 53), "05");
        assert_bytes(a.data + 16, 4, "0ae90012");
        assert_destination(&a, "10.233.0.18");

        /* another server was chosen: silence */
        assert_int_equal(ask(HEAD("0000", "00000000") "350103 32040ae90012 36040a000001 ff").r, 0);
        /* an address that it may not have */
        a = ask(HEAD("0000", "00000000") "350103 32040ae90013 36040ae90011 ff");
        assert_int_equal(a.reply.type, DHCP4_NAK);
        assert_destination(&a, "255.255.255.255");
        assert_bytes(a.data + 12, 8, "0000000000000000");
        assert_string_equal(option(&a, 51), "-");
        assert_string_equal(option(&a, 1), "-");
        assert_string_equal(option(&a, 54), "0ae90011");
}

static void test_reboot_and_renewal(void **state) {
        struct answer a;

        /* after a reboot: no server, the address that it remembers */
        assert_int_equal(ask(HEAD("0000", "00000000") "350103 32040ae90012 ff").reply.type, DHCP4_ACK);
        assert_int_equal(ask(HEAD("0000", "00000000") "350103 3204c0a80105 ff").reply.type, DHCP4_NAK);
        /* renewing: the address is in ciaddr, and answered there */
        a = ask(HEAD("0000", "0ae90012") "350103 ff");
        assert_int_equal(a.reply.type, DHCP4_ACK);
        assert_bytes(a.data + 12, 8, "0ae900120ae90012");
        assert_destination(&a, "10.233.0.18");
        assert_int_equal(ask(HEAD("0000", "c0a80105") "350103 ff").reply.type, DHCP4_NAK);
        /* neither */
        assert_int_equal(ask(HEAD("0000", "00000000") "350103 ff").r, 0);
}

static void test_broadcast(void **state) {
        struct answer a = ask(HEAD("8000", "00000000") "350101 ff");

        assert_destination(&a, "255.255.255.255");
        assert_bytes(a.data + 10, 2, "8000");
}

static void test_rapid_commit(void **state) {
        struct answer a = ask(HEAD("0000", "00000000") "350101 5000 ff");

        assert_int_equal(a.reply.type, DHCP4_ACK);
        assert_string_equal(option(&a, 80), "");
        assert_string_equal(option(&a, 51), "00093a80");
        a = ask(udhcpc_discover);
        assert_string_equal(option(&a, 80), "-");
}

static void test_inform(void **state) {
        struct answer a = ask(HEAD("0000", "0ae90012") "350108 ff");

        assert_int_equal(a.reply.type, DHCP4_ACK);
        assert_bytes(a.data + 12, 8, "0ae9001200000000");
        assert_string_equal(option(&a, 51), "-");
        assert_string_equal(option(&a, 6), "0ae90011");
        assert_int_equal(ask(HEAD("0000", "0ae90013") "350108 ff").r, 0);
}

static void test_silence(void **state) {
        assert_int_equal(ask(HEAD("0000", "00000000") "350104 32040ae90012 36040ae90011 ff").r, 0);
        assert_int_equal(ask(HEAD("0000", "0ae90012") "350107 36040ae90011 ff").r, 0);
        /* what only servers send */
        assert_int_equal(ask(HEAD("0000", "00000000") "350102 ff").r, 0);
        assert_int_equal(ask(HEAD("0000", "00000000") "350105 ff").r, 0);
}

static void test_stranger(void **state) {
        struct bytes b = bytes_of(udhcpc_discover);
        struct dhcp4_reply reply;
        struct dhcp4_message m;
        uint8_t data[DHCP4_REPLY_MAX];

        b.data[33] ^= 1;
        assert_int_equal(dhcp4_parse(b.data, b.size, &m), 0);
        assert_int_equal(dhcp4_respond(&lease, &m, data, sizeof(data), &reply), -EACCES);
}

static void test_relay_is_ignored(void **state) {
        struct bytes b = bytes_of(udhcpc_discover);
        struct dhcp4_reply reply;
        struct dhcp4_message m;
        uint8_t data[DHCP4_REPLY_MAX];

        memset(b.data + 24, 0x77, 4);
        assert_int_equal(dhcp4_parse(b.data, b.size, &m), 0);
        assert_int_equal(dhcp4_respond(&lease, &m, data, sizeof(data), &reply), 1);
        assert_int_equal(reply.destination.s_addr, lease.client.s_addr);
        assert_bytes(data + 24, 4, "00000000");
}

static void test_overload(void **state) {
        struct bytes b = bytes_of(HEAD("0000", "00000000") "340103 ff");
        struct dhcp4_message m;

        memcpy(b.data + 108, (uint8_t[]){53, 1, 3, 255}, 4);               /* file */
        memcpy(b.data + 44, (uint8_t[]){0, 0, 50, 4, 1, 2, 3, 4, 255}, 9); /* sname, with padding */
        assert_int_equal(dhcp4_parse(b.data, b.size, &m), 0);
        assert_int_equal(m.type, DHCP4_REQUEST);
        assert_int_equal(m.requested.s_addr, htonl(0x01020304));

        /* overload inside an overloaded field, or with a length of its own */
        memcpy(b.data + 108, (uint8_t[]){53, 1, 3, 52, 1, 1, 255}, 7);
        assert_int_equal(dhcp4_parse(b.data, b.size, &m), -EBADMSG);
        b = bytes_of(HEAD("0000", "00000000") "350101 34020303 ff");
        assert_int_equal(dhcp4_parse(b.data, b.size, &m), -EBADMSG);
        /* an option that goes on behind the field */
        b = bytes_of(HEAD("0000", "00000000") "340101 ff");
        memset(b.data + 108, 0, 128);
        memcpy(b.data + 108 + 124, (uint8_t[]){53, 1, 1, 12}, 4);
        assert_int_equal(dhcp4_parse(b.data, b.size, &m), -EBADMSG);
}

static void test_malformed(void **state) {
        static const char *const bad[] = {
                "",
                "01010600",
                HEAD("0000", "00000000"),                   /* no type */
                HEAD("0000", "00000000") "ff",              /* no type */
                HEAD("0000", "00000000") "3500 ff",         /* type without a value */
                HEAD("0000", "00000000") "350100 ff",       /* type 0 */
                HEAD("0000", "00000000") "350109 ff",       /* type 9 */
                HEAD("0000", "00000000") "350101 37",       /* length missing */
                HEAD("0000", "00000000") "350101 370501",   /* cut off */
                HEAD("0000", "00000000") "350101 3dff01ff", /* longer than the packet */
        };
        struct dhcp4_message m;
        struct bytes b;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                b = bytes_of(bad[i]);
                assert_int_equal(dhcp4_parse(b.data, b.size, &m), -EBADMSG);
        }
        static const size_t places[] = {0 /* a reply */, 1 /* not Ethernet */, 2 /* length of the address */,
                                        236 /* cookie */};
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
                b = bytes_of(udhcpc_discover);
                b.data[places[i]] = 2;
                assert_int_equal(dhcp4_parse(b.data, b.size, &m), -EBADMSG);
        }
        /* without an end mark it is understood all the same */
        b = bytes_of(HEAD("0000", "00000000") "350101");
        assert_int_equal(dhcp4_parse(b.data, b.size, &m), 0);
}

static void try_message(uint8_t *data, size_t size) {
        struct dhcp4_reply reply;
        struct dhcp4_message m;
        uint8_t answer[DHCP4_REPLY_MAX];

        if (dhcp4_parse(data, size, &m) >= 0 && dhcp4_respond(&lease, &m, answer, sizeof(answer), &reply) > 0)
                assert_true(reply.size <= sizeof(answer));
}

static void test_damaged(void **state) {
        struct bytes a = bytes_of(udhcpc_request), b = bytes_of(dhcpcd_discover);

        for_each_damaged(&a, try_message);
        for_each_damaged(&b, try_message);
}

static void test_room(void **state) {
        struct bytes b = bytes_of(dhclient_discover);
        struct dhcp4_reply reply;
        struct dhcp4_message m;
        uint8_t data[DHCP4_REPLY_MAX];

        assert_int_equal(dhcp4_parse(b.data, b.size, &m), 0);
        memset(m.client_id, 7, sizeof(m.client_id));
        m.client_id_size = 255; /* with the longest that there is, it still fits */
        m.has_wanted = false;
        assert_int_equal(dhcp4_respond(&lease, &m, data, sizeof(data), &reply), 1);
        for (size_t i = 0; i < 300; i++)
                assert_int_equal(dhcp4_respond(&lease, &m, data, i, &reply), -ENOBUFS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_discover),
                cmocka_unit_test(test_wanted),
                cmocka_unit_test(test_settings),
                cmocka_unit_test(test_request),
                cmocka_unit_test(test_reboot_and_renewal),
                cmocka_unit_test(test_broadcast),
                cmocka_unit_test(test_rapid_commit),
                cmocka_unit_test(test_inform),
                cmocka_unit_test(test_silence),
                cmocka_unit_test(test_stranger),
                cmocka_unit_test(test_relay_is_ignored),
                cmocka_unit_test(test_overload),
                cmocka_unit_test(test_malformed),
                cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_room),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
