/* Plans, word for word, against the files in test/golden/plan. After a change that is meant, run the test with
 * UPDATE_GOLDEN=1 and read the difference. */
#include "../unit/test.h"

#include "base/file.h"
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t machine_id[16] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
                                       0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};

static struct address address(const char *text) {
        struct address a;
        assert_int_equal(address_parse(text, &a), 0);
        return a;
}

static void compare(const char *file, const char *text) {
        _cleanup_(freep) char *path = format(GOLDEN "/%s", file);
        _cleanup_(freep) char *expected = NULL;
        if (getenv("UPDATE_GOLDEN"))
                assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, false), 0);
        assert_int_equal(file_read(path, 1 << 20, &expected, NULL), 0);
        assert_text(text, expected);
}

/* NAME.txt and NAME.json */
static void compare_plan(const char *name, const struct plan *p) {
        _cleanup_(buffer_clear) struct buffer text = BUFFER_INIT, json = BUFFER_INIT;
        for (size_t i = 0; i < p->n; i++) {
                operation_print(&p->operations[i], &text);
                buffer_append_string(&text, "\n");
                json_t *j = operation_json(&p->operations[i]);
                _cleanup_(freep) char *line = json_dumps(j, JSON_COMPACT);
                json_decref(j);
                assert_non_null(line);
                buffer_append_format(&json, "%s\n", line);
        }
        _cleanup_(freep) char *text_file = format("%s.txt", name), *json_file = format("%s.json", name);
        compare(text_file, buffer_text(&text));
        compare(json_file, buffer_text(&json));
}

static struct network network_of(struct container *c) {
        struct allocation a;
        struct network n;
        assert_int_equal(prefix_parse("10.233.5.16/28", false, &a.v4), 0);
        assert_int_equal(prefix_parse("fd12:3456:789a:5::/64", false, &a.v6), 0);
        assert_int_equal(network_compute(c, &a, machine_id, &n), 0);
        return n;
}

static struct forward seed_forward[] = {{.host_port = 8181, .container_port = 80, .count = 1}};

static struct container example(void) {
        static char name[] = "example";
        return (struct container){.name = name, .forwards = seed_forward, .n_forwards = 1};
}

typedef int (*planner_t)(const struct network *n, struct plan *ret);

static int attach(const struct network *n, struct plan *ret) {
        return plan_attach(n, "host0", ret);
}

static int guest(const struct network *n, struct plan *ret) {
        return plan_guest(n, "host0", ret);
}

static void compare_planner(const char *name, const struct network *n, planner_t planner) {
        _cleanup_(plan_clear) struct plan p = PLAN_INIT;
        assert_int_equal(planner(n, &p), 0);
        compare_plan(name, &p);
}

static void test_example(void **state) {
        struct container c = example();
        struct network n = network_of(&c);
        compare_planner("admit", &n, plan_admit);
        compare_planner("link", &n, plan_link);
        compare_planner("guest", &n, guest);
        compare_planner("attach", &n, attach);
        compare_planner("dismiss", &n, plan_dismiss);
        compare_planner("detach", &n, plan_detach);
}

static void test_long_name_and_mtu(void **state) {
        struct container c = {.name = (char[]){"really-long-name"}};
        struct network n = network_of(&c);
        n.mtu = 1400;
        compare_planner("attach-long", &n, attach);
}

static void test_forwards(void **state) {
        struct forward forwards[] = {
                {.protocol = PROTOCOL_UDP, .host_port = 53, .container_port = 5353, .count = 1},
                {.host_port = 8000, .container_port = 9000, .count = 10},
                {.host_port = 80, .container_port = 80, .count = 1, .bind = address("192.0.2.1")},
                {.host_port = 80, .container_port = 80, .count = 1, .bind = address("2001:db8::1")},
                {.host_port = 81, .container_port = 81, .count = 1, .bind = address("0.0.0.0")},
                {.host_port = 82, .container_port = 82, .count = 1, .bind = address("::")},
                {.host_port = 83, .container_port = 83, .count = 1, .bind = address("127.0.0.1")}, /* the proxy's */
                {.host_port = 83, .container_port = 83, .count = 1, .bind = address("::1")},
        };
        struct container c = {.name = (char[]){"web"}, .forwards = forwards, .n_forwards = ELEMENTS_OF(forwards)};
        struct network n = network_of(&c);
        compare_planner("forwards", &n, plan_admit);
}

static void test_change(void **state) {
        struct container before = example(), after = example();
        struct forward forwards[] = {{.host_port = 8181, .container_port = 8080, .count = 1},
                                     {.host_port = 8443, .container_port = 443, .count = 1}};
        after.forwards = forwards;
        after.n_forwards = ELEMENTS_OF(forwards);
        struct network from = network_of(&before), to = network_of(&after);
        _cleanup_(plan_clear) struct plan p = PLAN_INIT, none = PLAN_INIT, moved = PLAN_INIT;
        assert_int_equal(plan_change(&from, &to, &p), 0);
        compare_plan("change-forwards", &p);
        assert_int_equal(plan_change(&from, &from, &none), 0);
        assert_int_equal(none.n, 0);

        struct network elsewhere = from;
        elsewhere.host_v6.address = address("fd12:3456:789a:6::1");
        elsewhere.container_v6.address = address("fd12:3456:789a:6::2");
        elsewhere.mtu = 1400;
        assert_int_equal(plan_change(&from, &elsewhere, &moved), 0);
        compare_plan("change-address", &moved);
}

static struct zone_network zone_of(struct zone *z) {
        struct allocation a = {0};
        struct zone_network n;
        (void) strcpy(z->name, "lan");
        assert_int_equal(prefix_parse("10.233.7.0/24", false, &a.v4), 0);
        assert_int_equal(prefix_parse("fd12:3456:789a:7::/64", false, &a.v6), 0);
        assert_int_equal(zone_compute(z, &a, machine_id, &n), 0);
        return n;
}

static void test_zone(void **state) {
        struct container c = example();
        struct zone z = ZONE_INIT, changed = ZONE_INIT;
        struct zone_network n = zone_of(&z), to;
        struct prefix further = {.address = address("192.0.2.1"), .length = 28};
        struct network m, isolated;
        _cleanup_(plan_clear) struct plan admit = PLAN_INIT, link = PLAN_INIT, dismiss = PLAN_INIT, change = PLAN_INIT,
                                          none = PLAN_INIT, moved = PLAN_INIT, all = PLAN_INIT;
        assert_int_equal(plan_zone_admit(&n, &admit), 0);
        compare_plan("zone-admit", &admit);
        assert_int_equal(plan_zone_link(&n, true, &link), 0);
        compare_plan("zone-link", &link);
        assert_int_equal(plan_zone_dismiss(&n, &dismiss), 0);
        compare_plan("zone-dismiss", &dismiss);

        changed.internal = true;
        changed.link.mtu = 1400;
        assert_int_equal(host_access_add(&changed.access, "tcp/443"), 0);
        changed.link.addresses = &further;
        changed.link.n_addresses = 1;
        to = zone_of(&changed);
        assert_int_equal(plan_zone_change(&n, &to, NULL, NULL, 0, &change), 0);
        compare_plan("zone-change", &change);
        assert_int_equal(plan_zone_change(&n, &n, NULL, NULL, 0, &none), 0);
        assert_int_equal(none.n, 0);

        c.mode = NETWORK_ZONE;
        c.attached_to = (char[]){"lan"};
        assert_int_equal(zone_member(&c, &n, 2, machine_id, &m), 0);
        compare_planner("member-expect", &m, plan_expect);
        compare_planner("member-link", &m, plan_link);
        compare_planner("member-guest", &m, guest);
        compare_planner("member-dismiss", &m, plan_dismiss);
        c.isolated = true;
        assert_int_equal(zone_member(&c, &n, 9, machine_id, &isolated), 0);
        assert_int_equal(plan_change(&m, &isolated, &moved), 0);
        compare_plan("member-change", &moved);
        assert_int_equal(zone_member(&c, &to, 2, machine_id, &isolated), 0);
        const struct network *const old[] = {&m}, *const new[] = {&isolated};
        assert_int_equal(plan_zone_change(&n, &to, old, new, 1, &all), 0);
        compare_plan("zone-members-change", &all);
}

static void test_nothing_to_do(void **state) {
        struct container c = example();
        c.mode = NETWORK_NONE;
        struct network n = network_of(&c);
        static const planner_t planners[] = {plan_admit, plan_link, guest, attach, plan_dismiss, plan_detach};
        for (size_t i = 0; i < ELEMENTS_OF(planners); i++) {
                _cleanup_(plan_clear) struct plan p = PLAN_INIT;
                assert_int_equal(planners[i](&n, &p), 0);
                assert_int_equal(p.n, 0);
        }
}

/* Taking back and taking back again is where one started. */
static void test_inverse(void **state) {
        struct container c = example();
        struct network n = network_of(&c);
        _cleanup_(plan_clear) struct plan p = PLAN_INIT;
        assert_int_equal(attach(&n, &p), 0);
        assert_true(p.n > 20);
        for (size_t i = 0; i < p.n; i++) {
                struct operation inverse, again;
                if (!operation_invert(&p.operations[i], &inverse)) {
                        assert_int_equal(p.operations[i].kind, OPERATION_LINK_CONFIGURE);
                        continue;
                }
                assert_false(operation_equal(&inverse, &p.operations[i]));
                if (p.operations[i].kind == OPERATION_LINK_CREATE)
                        continue;
                assert_true(operation_invert(&inverse, &again));
                assert_true(operation_equal(&again, &p.operations[i]));
        }
}

static struct prefix prefix(const char *text) {
        struct prefix p;
        assert_int_equal(prefix_parse(text, true, &p), 0);
        return p;
}

/* As 'nixos-container create foo' has it, and one with everything. */
static void test_nixos(void **state) {
        static char foo[] = "foo", veth1[] = "veth1", veth2[] = "veth2", br1[] = "br1";
        struct extra_veth extra[] = {
                {.name = veth1, .end = {.bridge = br1, .local_v4 = prefix("192.168.1.100/24")}},
                {.name = veth2, .end = {.host_v6 = prefix("fd01::1"), .local_v6 = prefix("fd01::2")}},
        };
        struct container c = {
                .name = foo,
                .kind = CONTAINER_NIXOS,
                .mode = NETWORK_VETH,
                .forwards = seed_forward,
                .n_forwards = 1,
                .end = {.host_v4 = prefix("10.233.1.1"), .local_v4 = prefix("10.233.1.2")},
        };
        _cleanup_(plan_clear) struct plan admit = PLAN_INIT, change = PLAN_INIT, link = PLAN_INIT, guest = PLAN_INIT,
                                          beside = PLAN_INIT;
        struct network n;
        assert_int_equal(network_compute(&c, NULL, machine_id, &n), 0);
        assert_false(n.responders || n.masquerade_v4 || n.masquerade_v6);
        assert_int_equal(plan_admit(&n, &admit), 0);
        compare_plan("nixos-admit", &admit);
        /* Being routed is one element more, and nothing else changes. */
        struct network routed = n;
        routed.routed = true;
        assert_int_equal(plan_change(&n, &routed, &change), 0);
        assert_int_equal(plan_change(&routed, &n, &change), 0);
        compare_plan("nixos-routed", &change);
        assert_int_equal(plan_link(&n, &link), 0);
        compare_plan("nixos-link", &link);
        assert_int_equal(plan_guest(&n, "eth0", &guest), 0);
        compare_plan("nixos-guest", &guest);

        c.extra_veths = extra;
        c.n_extra_veths = ELEMENTS_OF(extra);
        assert_int_equal(network_compute(&c, NULL, machine_id, &n), 0);
        assert_int_equal(plan_extra(&n, 0, &beside), 0);
        assert_int_equal(plan_extra(&n, 1, &beside), 0);
        compare_plan("nixos-extra", &beside);
        network_clear(&n);

        /* A member of a bridge has nothing here but its forwards, and that its port is no way to the host. */
        plan_clear(&admit);
        c.mode = NETWORK_BRIDGE;
        c.n_extra_veths = 0;
        assert_int_equal(network_compute(&c, NULL, machine_id, &n), 0);
        assert_text(n.link, "vb-foo");
        assert_int_equal(plan_admit(&n, &admit), 0);
        assert_int_equal(admit.n, 3);
        assert_int_equal(admit.operations[0].element.set, SET_LINKS);
        assert_int_equal(admit.operations[1].element.set, SET_ARP_LINKS);
        assert_int_equal(admit.operations[2].element.set, SET_FORWARD_V4);
        assert_int_equal(plan_link(&n, &admit), 0);
        assert_int_equal(admit.n, 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_example),       cmocka_unit_test(test_long_name_and_mtu),
                cmocka_unit_test(test_forwards),      cmocka_unit_test(test_change),
                cmocka_unit_test(test_nothing_to_do), cmocka_unit_test(test_inverse),
                cmocka_unit_test(test_nixos),         cmocka_unit_test(test_zone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
