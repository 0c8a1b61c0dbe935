/* Messages as they are built, and messages that lie about their lengths. */
#include "test.h"

#include "netlink/route.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

static struct address address(const char *text) {
        struct address a;
        assert_int_equal(address_parse(text, &a), 0);
        return a;
}

static struct prefix prefix(const char *text) {
        struct prefix p;
        assert_int_equal(prefix_parse(text, false, &p), 0);
        return p;
}

/* The n-th message of a batch. */
static const struct nlmsghdr *message(const struct netlink_batch *b, uint32_t n) {
        size_t at = 0;
        const struct nlmsghdr *h = NULL;
        for (uint32_t i = 0; i <= n; i++) {
                assert_true(at + sizeof(*h) <= b->size);
                h = (const struct nlmsghdr *) (const void *) (b->data + at);
                assert_true(at + h->nlmsg_len <= b->size);
                at += netlink_align(h->nlmsg_len);
        }
        return h;
}

static void test_what_is_built_is_read(void **state) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        struct prefix v4 = prefix("10.233.5.17/28"), v6 = prefix("fd00::1/64"), route = prefix("192.0.2.7/24");
        struct address via = address("10.233.5.17"), none = ADDRESS_NONE;
        struct mac mac = {{2, 0, 0, 0, 0, 1}};
        netlink_address_add(&b, 7, &v4, true);
        netlink_address_add(&b, 7, &v6, false);
        netlink_route_add(&b, 7, &route, &via, &none);
        netlink_neighbour_add(&b, 7, &via, &mac, 0x80, false);
        assert_int_equal(b.n, 4);
        assert_int_equal(b.error, 0);

        struct netlink_address a;
        assert_int_equal(netlink_address_read(message(&b, 0), &a), 0);
        assert_int_equal(a.ifindex, 7);
        assert_int_equal(a.address.length, 28);
        assert_true(address_equal(&a.address.address, &v4.address));
        assert_int_equal(netlink_address_read(message(&b, 1), &a), 0);
        assert_true(address_equal(&a.address.address, &v6.address));
        assert_true(a.flags & 0x02);  /* IFA_F_NODAD */
        assert_true(a.flags & 0x200); /* IFA_F_NOPREFIXROUTE */

        struct netlink_route r;
        struct address network = address("192.0.2.0");
        assert_int_equal(netlink_route_read(message(&b, 2), &r), 0);
        assert_true(address_equal(&r.destination.address, &network));
        assert_true(address_equal(&r.via, &via));
        assert_int_equal(r.ifindex, 7);

        struct netlink_neighbour n;
        assert_int_equal(netlink_neighbour_read(message(&b, 3), &n), 0);
        assert_true(mac_equal(&n.mac, &mac));
        assert_int_equal(n.state, 0x80);
}

static void test_veth(void **state) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        struct netlink_veth veth = {.name = "ve-example",
                                    .peer_name = "host0",
                                    .mac = {{2, 0, 0, 0, 0, 1}},
                                    .peer_mac = {{2, 0, 0, 0, 0, 2}},
                                    .mtu = 1400,
                                    .peer_netns_fd = 5};
        struct netlink_link l;
        netlink_link_create(&b, &veth);
        assert_int_equal(netlink_link_read(message(&b, 0), &l), 0);
        assert_text(l.name, "ve-example");
        assert_text(l.kind, "veth");
        assert_int_equal(l.mtu, 1400);
        assert_true(mac_equal(&l.mac, &veth.mac));
        assert_false(l.has_ipv6);
}

static void test_batch_is_reused(void **state) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        for (unsigned int round = 0; round < 3; round++) {
                netlink_batch_reset(&b);
                for (unsigned int i = 0; i < 1000; i++)
                        assert_int_equal(netlink_link_set_up(&b, (int) i + 1, true), i);
                struct netlink_link l;
                assert_int_equal(netlink_link_read(message(&b, 999), &l), 0);
                assert_int_equal(l.ifindex, 1000);
        }
}

static void test_too_much(void **state) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        static const uint8_t big[UINT16_MAX];
        netlink_begin(&b, RTM_NEWLINK, 0, sizeof(struct ifinfomsg), NULL);
        netlink_put(&b, IFLA_IFNAME, big, sizeof(big));
        assert_int_equal(b.error, -EMSGSIZE);
        netlink_batch_reset(&b);
        netlink_begin(&b, RTM_NEWLINK, 0, sizeof(struct ifinfomsg), NULL);
        size_t nest = netlink_nest(&b, IFLA_LINKINFO);
        for (unsigned int i = 0; i < 2; i++)
                netlink_put(&b, IFLA_IFNAME, big, 40000);
        netlink_nest_end(&b, nest);
        assert_int_equal(b.error, -EMSGSIZE);
        /* Nothing after an error does harm. */
        netlink_put_u32(&b, IFLA_MTU, 1);
        void *p;
        netlink_begin(&b, RTM_NEWLINK, 0, sizeof(struct ifinfomsg), &p);
        memset(p, 0xff, sizeof(struct ifinfomsg));
}

static void test_attributes(void **state) {
        static const struct {
                const char *what;
                size_t size;
                uint8_t bytes[16];
                int result;
        } cases[] = {
                {"nothing", 0, {0}, 0},
                {"an empty attribute", 4, {4, 0, 1, 0}, 0},
                {"a byte, padded", 8, {5, 0, 1, 0, 9, 0, 0, 0}, 0},
                {"a byte, the last one unpadded", 5, {5, 0, 1, 0, 9}, 0},
                {"shorter than its header", 4, {3, 0, 1, 0}, -EBADMSG},
                {"no length", 4, {0, 0, 1, 0}, -EBADMSG},
                {"longer than the message", 8, {9, 0, 1, 0, 9, 0, 0, 0}, -EBADMSG},
                {"longest", 8, {0xff, 0xff, 1, 0, 9, 0, 0, 0}, -EBADMSG},
                {"half a header behind", 6, {4, 0, 1, 0, 4, 0}, -EBADMSG},
                {"a type beyond the table", 4, {4, 0, 77, 0}, 0},
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                const struct nlattr *table[4];
                /* At the end of an allocation, where sanitizers see one byte too far. */
                _cleanup_(freep) uint8_t *p = malloc(cases[i].size + 1);
                memcpy(p, cases[i].bytes, cases[i].size);
                if (netlink_parse(p, cases[i].size, table, 3) != cases[i].result)
                        fail_msg("%s", cases[i].what);
        }
}

static void test_strings_and_numbers(void **state) {
        const struct {
                struct nlattr header;
                char text[4];
        } unterminated = {{.nla_len = 8, .nla_type = 1}, {'h', 'o', 's', 't'}}, text = {{8, 1}, "abc"};
        char small[4], big[16];
        assert_false(netlink_attribute_string(&unterminated.header, small, sizeof(small)));
        assert_true(netlink_attribute_string(&unterminated.header, big, sizeof(big)));
        assert_text(big, "host");
        assert_true(netlink_attribute_string(&text.header, small, sizeof(small)));
        assert_text(small, "abc");
        assert_false(netlink_attribute_string(NULL, big, sizeof(big)));
        const struct nlattr empty = {.nla_len = 4};
        assert_int_equal(netlink_attribute_u32(&empty, 42), 42);
        assert_int_equal(netlink_attribute_u32(NULL, 43), 43);
}

/* Every message cut at every byte: read or refused, never beyond its end. */
static void test_truncated(void **state) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        struct prefix v6 = prefix("fd00::1/64"), route = prefix("fd00:1::/64");
        struct address via = address("fd00::1"), none = ADDRESS_NONE;
        struct mac mac = {{2, 0, 0, 0, 0, 1}};
        struct netlink_veth veth = {.name = "a", .peer_name = "b", .peer_netns_fd = -1};
        netlink_link_create(&b, &veth);
        netlink_link_configure(&b, 3, 1, 1500);
        netlink_address_add(&b, 3, &v6, true);
        netlink_route_add(&b, 3, &route, &via, &none);
        netlink_neighbour_add(&b, 3, &via, &mac, 0x80, true);
        for (uint32_t i = 0; i < b.n; i++) {
                const struct nlmsghdr *whole = message(&b, i);
                for (uint32_t length = NLMSG_HDRLEN; length <= whole->nlmsg_len; length++) {
                        _cleanup_(freep) struct nlmsghdr *h = malloc(length);
                        struct netlink_link l;
                        struct netlink_address a;
                        struct netlink_route r;
                        struct netlink_neighbour n;
                        memcpy(h, whole, length);
                        h->nlmsg_len = length;
                        (void) netlink_link_read(h, &l);
                        (void) netlink_address_read(h, &a);
                        (void) netlink_route_read(h, &r);
                        (void) netlink_neighbour_read(h, &n);
                }
        }
        struct nlmsghdr bare = {.nlmsg_len = NLMSG_HDRLEN};
        struct netlink_link l;
        assert_int_equal(netlink_link_read(&bare, &l), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_built_is_read),
                cmocka_unit_test(test_veth),
                cmocka_unit_test(test_batch_is_reused),
                cmocka_unit_test(test_too_much),
                cmocka_unit_test(test_attributes),
                cmocka_unit_test(test_strings_and_numbers),
                cmocka_unit_test(test_truncated),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
