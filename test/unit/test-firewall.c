/* base.nft taken apart, and elements byte for byte as the sets of base.nft want them. */
#include "test.h"

#include "firewall/base.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

static const struct base_object *find(const struct base *base, const char *family, const char *table,
                                      const char *name) {
        for (unsigned int i = 0; i < base->n_objects; i++) {
                const struct base_table *t = &base->tables[base->objects[i].table];
                if (strcmp(t->family_name, family) == 0 && strcmp(t->name, table) == 0 &&
                    strcmp(base->objects[i].name, name) == 0)
                        return &base->objects[i];
        }
        fail_msg("no %s in %s %s", name, family, table);
        return NULL;
}

static void test_base(void **state) {
        struct base base;
        assert_int_equal(base_read(firewall_base_text, &base), 0);
        assert_int_equal(base.n_tables, 5);
        assert_false(base.tables[0].ours);
        assert_true(base.tables[2].ours);
        assert_int_equal(base.tables[2].family, NFPROTO_INET);
        assert_int_equal(base.tables[3].family, NFPROTO_ARP);
        assert_int_equal(base.tables[4].family, NFPROTO_BRIDGE);

        const struct base_object *o = find(&base, "ip6", "io.systemd.nat", "postrouting");
        assert_true(o->is_chain);
        assert_int_equal(o->use, 1);
        assert_false(find(&base, "ip", "io.systemd.nat", "map_port_ipport")->is_chain);
        /* Comments do not count, a jump to it does. */
        assert_int_equal(find(&base, "inet", "nixos_nspawn", "input")->use, 1);
        assert_int_equal(find(&base, "inet", "nixos_nspawn", "advertisement")->use, 4);
        /* Pieces are whole: from the first line to the closing brace. */
        assert_memory_equal(o->text, "\tchain postrouting {\n", 21);
        assert_memory_equal(o->text + o->size - 3, "\t}\n", 3);
        assert_memory_equal(base.tables[0].text + base.tables[0].size - 2, "}\n", 2);
}

static void test_small_base(void **state) {
        struct base base;
        assert_int_equal(base_read("", &base), 0);
        assert_int_equal(base.n_objects, 0);
        static const char text[] = "table inet nixos_nspawn {\n\tchain a {\n\t\ttype filter hook input priority 0;\n"
                                   "\t\tiifname @x jump b\n\t\tjump b\n\t}\n\n\tchain b {\n\t\t# nothing\n\t}\n}\n";
        assert_int_equal(base_read(text, &base), 0);
        assert_int_equal(base.n_objects, 2);
        assert_int_equal(base.objects[0].use, 2);
        assert_int_equal(base.objects[1].use, 2);
        assert_true(base_read("table nonsense\n", &base) < 0);
}

/* The values in a message's elements, as hexadecimal text: key[=data], separated by blanks; "!" marks an interval's
 * end. */
static void print_elements(const struct netlink_batch *b, char *ret, size_t size) {
        const struct nlmsghdr *h = (const struct nlmsghdr *) (const void *) b->data;
        const struct nlattr *list[NFTA_SET_ELEM_LIST_ELEMENTS + 1];
        assert_int_equal(netlink_parse(b->data + NLMSG_LENGTH(sizeof(struct nfgenmsg)),
                                       h->nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg)), list,
                                       NFTA_SET_ELEM_LIST_ELEMENTS),
                         0);
        const struct nlattr *elements = list[NFTA_SET_ELEM_LIST_ELEMENTS];
        const uint8_t *p = netlink_attribute_data(elements);
        size_t left = netlink_attribute_size(elements), n = 0;
        ret[0] = '\0';
        while (left > 0) {
                const struct nlattr *a = (const struct nlattr *) (const void *) p, *parts[NFTA_SET_ELEM_FLAGS + 1],
                                    *value[NFTA_DATA_VALUE + 1];
                assert_int_equal(
                        netlink_parse(netlink_attribute_data(a), netlink_attribute_size(a), parts, NFTA_SET_ELEM_FLAGS),
                        0);
                static const int which[] = {NFTA_SET_ELEM_KEY, NFTA_SET_ELEM_DATA};
                n += (size_t) snprintf(ret + n, size - n, "%s%s", n ? " " : "", parts[NFTA_SET_ELEM_FLAGS] ? "!" : "");
                for (size_t i = 0; i < 2; i++) {
                        if (!parts[which[i]])
                                continue;
                        assert_int_equal(netlink_parse(netlink_attribute_data(parts[which[i]]),
                                                       netlink_attribute_size(parts[which[i]]), value, NFTA_DATA_VALUE),
                                         0);
                        n += (size_t) snprintf(ret + n, size - n, "%s", i ? "=" : "");
                        const uint8_t *bytes = netlink_attribute_data(value[NFTA_DATA_VALUE]);
                        for (size_t k = 0; k < netlink_attribute_size(value[NFTA_DATA_VALUE]); k++)
                                n += (size_t) snprintf(ret + n, size - n, "%02x", bytes[k]);
                }
                left -= netlink_align(a->nla_len);
                p += netlink_align(a->nla_len);
        }
}

static void assert_element(const struct element *e, const char *expected) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        char text[1024];
        assert_int_equal(firewall_element(&b, e, FIREWALL_ADD_NEW), 0);
        assert_int_equal(b.n, 1);
        print_elements(&b, text, sizeof(text));
        assert_text(text, expected);
}

static struct element element(enum element_set set, const char *range) {
        struct element e = {.set = set, .link = "ve-a", .mac = {{2, 0, 0, 0, 0, 9}}};
        assert_int_equal(prefix_parse(range, true, &e.prefix), 0);
        return e;
}

#define VE_A "76652d61000000000000000000000000"

static void test_elements(void **state) {
        struct element e = element(SET_LINKS, "10.0.0.2");
        assert_element(&e, VE_A);
        e.set = SET_MACS;
        assert_element(&e, VE_A "0200000000090000");
        e.set = SET_SOURCE_V4;
        assert_element(&e, VE_A "0a000002");
        e.set = SET_ARP_SENDERS;
        assert_element(&e, VE_A "0200000000090000"
                                "0200000000090000"
                                "0a000002");
        e = element(SET_SOURCE_V6, "fd00::/64");
        assert_element(&e, VE_A "fd000000000000000000000000000000");
}

static void test_intervals(void **state) {
        struct element e = element(SET_MASQUERADE_V4, "10.233.5.16/28");
        assert_element(&e, "0ae90510 !0ae90520");
        e = element(SET_MASQUERADE_V4, "10.233.5.17/28"); /* host bits do not matter */
        assert_element(&e, "0ae90510 !0ae90520");
        e = element(SET_MASQUERADE_V4, "10.255.255.240/28");
        assert_element(&e, "0afffff0 !0b000000");
        e = element(SET_MASQUERADE_V4, "255.255.255.240/28"); /* there is nothing behind it */
        assert_element(&e, "fffffff0");
        e = element(SET_MASQUERADE_V6, "fd00:0:0:ffff::/64");
        assert_element(&e, "fd0000000000ffff0000000000000000 !fd000000000100000000000000000000");
}

static void test_forwards(void **state) {
        struct element e = {.set = SET_FORWARD_V4, .protocol = 6, .port = 8181, .count = 1, .to_port = 80};
        assert_int_equal(address_parse("10.233.5.18", &e.to), 0);
        assert_element(&e, "060000001ff50000=0ae9051200500000");
        e.count = 2;
        assert_element(&e, "060000001ff50000=0ae9051200500000 060000001ff60000=0ae9051200510000");
        e.set = SET_BOUND_V4;
        e.count = 1;
        assert_int_equal(prefix_parse("192.0.2.1", true, &e.prefix), 0);
        assert_element(&e, "06000000c00002011ff50000=0ae9051200500000");

        /* A range of all ports is one operation, in as many messages as it takes; removing says only the keys. */
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        e = (struct element){
                .set = SET_FORWARD_V4, .protocol = 17, .port = 1, .count = 65535, .to = e.to, .to_port = 1};
        firewall_element(&b, &e, FIREWALL_ADD);
        assert_int_equal(b.n, 66);
        assert_int_equal(b.error, 0);
        netlink_batch_reset(&b);
        e.count = 1;
        firewall_element(&b, &e, FIREWALL_REMOVE);
        char text[64];
        print_elements(&b, text, sizeof(text));
        assert_text(text, "1100000000010000");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_base),      cmocka_unit_test(test_small_base), cmocka_unit_test(test_elements),
                cmocka_unit_test(test_intervals), cmocka_unit_test(test_forwards),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
