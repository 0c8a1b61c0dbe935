/* Records of attachments survive the way to disk and back, and damaged ones are refused; ports and tables find what
 * they hold; repairs are paced. */
#include "test.h"

#include "base/cleanup.h"
#include "config/link_settings.h"
#include "netd/attachment.h"
#include "netd/ports.h"
#include "plan/plan.h"

#include <errno.h>
#include <string.h>

static const struct forward forwards[] = {
        {.protocol = PROTOCOL_TCP, .host_port = 8181, .container_port = 80, .count = 1},
        {.protocol = PROTOCOL_UDP, .host_port = 6000, .container_port = 7000, .count = 100},
};

static struct attachment *example(void) {
        uint8_t machine_id[16] = {0xfe, 0xdc};
        struct container c = {.name = (char *) "example", .forwards = (struct forward *) forwards, .n_forwards = 2};
        struct allocation allocation;
        struct attachment *a;
        struct network n;

        assert_int_equal(prefix_parse("10.233.5.16/28", false, &allocation.v4), 0);
        assert_int_equal(prefix_parse("fd12:3456:789a:5::/64", false, &allocation.v6), 0);
        assert_int_equal(network_compute(&c, &allocation, machine_id, &n), 0);
        a = attachment_new(&n);
        assert_non_null(a);
        return a;
}

/* A daemon that reads the record and is asked for the same network has nothing to change, on either side. */
static void assert_same_plan(const struct network *from, const struct network *to) {
        _cleanup_(plan_clear) struct plan p = PLAN_INIT;

        assert_int_equal(plan_change(from, to, &p), 0);
        for (size_t i = 0; i < p.n; i++) {
                _cleanup_(buffer_clear) struct buffer text = BUFFER_INIT;

                operation_print(&p.operations[i], &text);
                print_error("%s\n", buffer_text(&text));
        }
        assert_int_equal(p.n, 0);
}

static void test_record(void **state) {
        _cleanup_(attachment_freep) struct attachment *a = example(), *back = NULL, *namespace = NULL;
        json_t *record = attachment_record(a), *again;

        assert_non_null(record);
        assert_int_equal(attachment_from_record(record, &back), 0);
        again = attachment_record(back);
        assert_true(json_equal(record, again));
        assert_true(attachment_same(a, back));
        assert_int_equal(back->network.n_forwards, 2);
        assert_ptr_equal(back->network.forwards, back->forwards);
        assert_int_equal(back->forwards[1].count, 100);
        assert_null(back->namespace_path);
        json_decref(again);
        assert_same_plan(&back->network, &a->network);

        back->forwards[1].host_port++;
        assert_false(attachment_same(a, back));

        (void) json_object_set_new(record, "namespacePath", json_string("/run/netns/x"));
        (void) json_object_set_new(record, "guestLink", json_string("eth0"));
        assert_int_equal(attachment_from_record(record, &namespace), 0);
        assert_text(namespace->namespace_path, "/run/netns/x");
        assert_text(namespace->guest_link, "eth0");
        json_decref(record);
}

static void fill(struct link_settings *s, const char *text, enum link_side side) {
        assert_int_equal(link_settings_from_file(text, "f", side, s, NULL), 0);
}

/* Of a link with settings everything is on record that takes it back, and that serves it. */
static void test_settings(void **state) {
        uint8_t machine_id[16] = {0xfe, 0xdc};
        struct container c = {.name = (char *) "example"};
        struct allocation allocation = {0};
        _cleanup_(attachment_freep) struct attachment *a = NULL, *back = NULL, *damaged = NULL;
        struct network n = NETWORK_INIT;
        json_t *record, *again, *more;
        const char *name;
        json_t *v;

        assert_int_equal(prefix_parse("10.233.5.16/28", false, &allocation.v4), 0);
        fill(&c.host_settings,
             "[Link]\nMTUBytes=1400\n[Network]\nAddress=10.9.0.1/24\nAddress=fd42::1/"
             "64\n[IPv6Prefix]\nPrefix=2001:db8::/64\n"
             "Assign=yes\nToken=eui64\nToken=::1\nValidLifetimeSec=infinity\n[IPv6RoutePrefix]\nRoute=fd00::/"
             "8\n[Route]\n"
             "Destination=10.8.0.0/"
             "16\nGateway=10.9.0.2\n[Neighbor]\nAddress=10.9.0.7\nLinkLayerAddress=02:00:00:00:00:07\n"
             "[DHCPServer]\nDNS=9.9.9.9\nNTP=9.9.9.8\nDefaultLeaseTimeSec=1h\n[IPv6SendRA]\nRouterLifetimeSec=0\n",
             LINK_SIDE_HOST);
        fill(&c.container_settings, "[Network]\nAddress=10.9.0.2/24\nGateway=10.9.0.1\n", LINK_SIDE_CONTAINER);
        assert_int_equal(network_compute(&c, &allocation, machine_id, &n), 0);
        container_clear(
                &(struct container){.host_settings = c.host_settings, .container_settings = c.container_settings});
        a = attachment_new(&n);
        network_clear(&n);
        assert_non_null(a);
        record = attachment_record(a);
        assert_int_equal(attachment_from_record(record, &back), 0);
        again = attachment_record(back);
        assert_true(json_equal(record, again));
        assert_int_equal(back->network.more->n_host_addresses, 3);
        assert_int_equal(back->network.more->n_container_addresses, 1);
        assert_int_equal(back->network.more->prefixes[0].n_tokens, 2);
        assert_true(back->network.more->router.has_lifetime);
        json_decref(again);

        more = json_object_get(record, "more");
        json_object_foreach (more, name, v) {
                json_t *without = json_deep_copy(record);

                (void) json_object_set_new(json_object_get(without, "more"), name, json_string("?"));
                assert_int_equal(attachment_from_record(without, &damaged), -EBADMSG);
                json_decref(without);
        }
        json_decref(record);
}

static struct attachment *with_extra(const char *first, const char *second) {
        const uint8_t machine_id[16] = {0xfe, 0xdc};
        struct extra_veth veths[] = {{.name = (char *) first}, {.name = (char *) second}};
        struct container c = {
                .name = (char *) "old", .kind = CONTAINER_NIXOS, .extra_veths = veths, .n_extra_veths = 2};
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        struct attachment *a;

        assert_int_equal(prefix_parse("10.1.0.2/24", false, &veths[1].end.local_v4), 0);
        assert_int_equal(network_compute(&c, NULL, machine_id, &n), 0);
        a = attachment_new(&n);
        assert_non_null(a);
        assert_ptr_not_equal(a->network.extra, n.extra);
        return a;
}

/* Links beside the main one: in the record, and each with its own number whatever its place. */
static void test_extra(void **state) {
        _cleanup_(attachment_freep) struct attachment *a = with_extra("one", "two"), *b = with_extra("two", "three"),
                                                      *back = NULL;
        json_t *record = attachment_record(a);

        assert_int_equal(attachment_from_record(record, &back), 0);
        assert_true(attachment_same(a, back));
        assert_int_equal(back->network.n_extra, 2);
        assert_text(back->network.extra[1].link, "two");
        assert_same_plan(&back->network, &a->network);
        assert_int_equal(back->network.extra[1].container_v4.length, 24);
        assert_int_equal(back->extra_index[1], 0);
        (void) json_object_set_new(json_array_get(json_object_get(record, "extra"), 1), "link", json_null());
        attachment_freep(&back);
        assert_int_equal(attachment_from_record(record, &back), -EBADMSG);
        json_decref(record);

        a->extra_index[0] = 11;
        a->extra_index[1] = 12;
        attachment_swap_network(a, b);
        assert_text(a->network.extra[0].link, "two");
        assert_int_equal(a->extra_index[0], 12);
        assert_int_equal(a->extra_index[1], 0);
        assert_text(b->network.extra[0].link, "one");
        assert_int_equal(b->extra_index[0], 11);
}

static void test_damaged_record(void **state) {
        _cleanup_(attachment_freep) struct attachment *a = example();
        json_t *record = attachment_record(a);
        static const char *const required[] = {"version", "name",         "link", "linkShortened", "mode",
                                               "hostMac", "containerMac", "mtu",  "masqueradeV4",  "masqueradeV6"};
        static const struct {
                const char *key, *value;
        } wrong[] = {
                {"version", "2"},
                {"name", "\"../x\""},
                {"link", "\"a-name-that-is-too-long\""},
                {"mode", "77"},
                {"hostMac", "\"xx\""},
                {"hostV4", "\"10.0.0.1\""},
                {"hostLinkLocal", "1"},
                {"mtu", "-1"},
                {"forwards", "{}"},
                {"forwards", "[1]"},
                {"masqueradeV4", "null"},
                {"forwards", "[{\"protocol\":\"sctp\"}]"},
                {"forwards", "[{\"protocol\":\"tcp\",\"hostPort\":65535,\"containerPort\":1,\"count\":2}]"},
        };

        for (size_t i = 0; i < ELEMENTS_OF(required); i++) {
                struct attachment *back = NULL;
                json_t *damaged = json_deep_copy(record);

                (void) json_object_del(damaged, required[i]);
                assert_int_equal(attachment_from_record(damaged, &back), -EBADMSG);
                json_decref(damaged);
        }
        for (size_t i = 0; i < ELEMENTS_OF(wrong); i++) {
                struct attachment *back = NULL;
                json_t *damaged = json_deep_copy(record);

                (void) json_object_set_new(damaged, wrong[i].key, json_loads(wrong[i].value, JSON_DECODE_ANY, NULL));
                assert_int_equal(attachment_from_record(damaged, &back), -EBADMSG);
                json_decref(damaged);
        }
        json_decref(record);
}

static void test_view(void **state) {
        _cleanup_(attachment_freep) struct attachment *a = example();
        json_t *view = attachment_json(a);

        assert_text(json_string_value(json_object_get(view, "name")), "example");
        assert_text(json_string_value(json_object_get(view, "state")), "expected");
        assert_text(json_string_value(json_object_get(view, "link")), "ve-example");
        assert_null(json_object_get(view, "linkIndex"));
        assert_text(json_string_value(json_array_get(json_object_get(view, "containerAddresses"), 0)),
                    "10.233.5.18/28");
        assert_int_equal(json_array_size(json_object_get(view, "forwards")), 2);
        json_decref(view);

        a->ifindex = 7;
        a->state = ATTACHMENT_BROKEN;
        a->problem = strdup("no luck");
        view = attachment_json(a);
        assert_int_equal(json_integer_value(json_object_get(view, "linkIndex")), 7);
        assert_text(json_string_value(json_object_get(view, "problem")), "no luck");
        json_decref(view);
}

static void test_ports(void **state) {
        static struct ports p;
        const struct forward taken = {.protocol = PROTOCOL_UDP, .host_port = 6099, .container_port = 1, .count = 1};
        const struct forward free_port = {.protocol = PROTOCOL_UDP, .host_port = 6100, .container_port = 1, .count = 1};
        const struct forward wide = {.protocol = PROTOCOL_TCP, .host_port = 1, .container_port = 1, .count = 65535};
        const struct forward bound[] = {
                {.protocol = PROTOCOL_TCP,
                 .host_port = 53,
                 .container_port = 53,
                 .count = 1,
                 .bind = {.family = AF_INET}},
        };
        int one = 0, other = 0;

        assert_null(ports_conflict(&p, &wide, &other));
        assert_int_equal(ports_claim(&p, forwards, ELEMENTS_OF(forwards), &one), 0);
        assert_ptr_equal(ports_conflict(&p, &taken, &other)->owner, &one);
        assert_null(ports_conflict(&p, &taken, &one));
        assert_null(ports_conflict(&p, &free_port, &other));
        assert_ptr_equal(ports_conflict(&p, &wide, &other)->forward, &forwards[0]);
        assert_int_equal(ports_claim(&p, bound, 1, &other), 0);
        ports_release(&p, forwards, ELEMENTS_OF(forwards), &one);
        assert_null(ports_conflict(&p, &taken, &other));
        assert_ptr_equal(ports_conflict(&p, &wide, &one)->owner, &other);
        ports_clear(&p);
        assert_null(ports_conflict(&p, &wide, &one));
}

static void test_table(void **state) {
        static struct {
                struct table_node node;
                unsigned number;
        } things[1000];
        struct table t = {0};
        size_t n = 0;

        assert_null(table_first(&t, 1));
        assert_null(table_each(&t, NULL));
        for (unsigned i = 0; i < ELEMENTS_OF(things); i++) {
                things[i].number = i;
                assert_int_equal(table_insert(&t, &things[i].node, i / 2 * 64), 0); /* two of each hash, few buckets */
        }
        for (unsigned i = 0; i < ELEMENTS_OF(things); i++) {
                unsigned found = 0;

                for (struct table_node *node = table_first(&t, i / 2 * 64); node; node = table_next(node))
                        found += node == &things[i].node;
                assert_int_equal(found, 1);
        }
        for (struct table_node *node = NULL; (node = table_each(&t, node));)
                n++;
        assert_int_equal(n, ELEMENTS_OF(things));

        for (struct table_node *node = table_each(&t, NULL), *next; node; node = next) {
                next = table_each(&t, node);
                if (node->hash % 128 == 0)
                        table_remove(&t, node);
        }
        assert_int_equal(t.n, ELEMENTS_OF(things) / 2);
        assert_null(table_first(&t, 128));
        table_remove(&t, &things[0].node);
        assert_int_equal(t.n, ELEMENTS_OF(things) / 2);
        table_clear(&t);
        assert_int_equal(hash_name("Example-1"), hash_name("eXAMPLE-1"));
        assert_int_not_equal(hash_name("example-1"), hash_name("example-2"));
}

static void test_pace(void **state) {
        const uint64_t most = 100000;
        struct pace p = {0};
        uint64_t now = 50000000, longest = 0;
        unsigned told = 0;

        assert_false(pace_due(&p, now));
        assert_true(pace_break(&p, now, most));
        assert_false(pace_break(&p, now, most)); /* planned already */
        assert_int_equal(p.at, now + PACE_FIRST_USEC);
        assert_false(pace_due(&p, now));
        assert_true(pace_due(&p, p.at));
        assert_false(pace_due(&p, now + 1000000));

        /* Somebody who breaks it again at once, for ever. */
        for (unsigned i = 0; i < 100; i++) {
                assert_true(pace_break(&p, now, most));
                longest = p.at - now > longest ? p.at - now : longest;
                assert_true(p.at - now <= most);
                now = p.at;
                assert_true(pace_due(&p, now));
                told += pace_words(&p) != NULL;
        }
        assert_int_equal(longest, most);
        assert_int_equal(told, PACE_TELL - 1); /* and once above */

        /* A quiet while: as at first. */
        now += PACE_QUIET_USEC + 1;
        assert_true(pace_break(&p, now, most));
        assert_int_equal(p.at, now + PACE_FIRST_USEC);
        assert_true(pace_due(&p, p.at));
        assert_text(pace_words(&p), "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_record), cmocka_unit_test(test_settings), cmocka_unit_test(test_damaged_record),
                cmocka_unit_test(test_view),   cmocka_unit_test(test_ports),    cmocka_unit_test(test_table),
                cmocka_unit_test(test_pace),   cmocka_unit_test(test_extra),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
