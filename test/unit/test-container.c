/* Which forwards are in each other's way. */
#include "test.h"

#include "base/cleanup.h"
#include "model/container.h"

#include <string.h>

static struct forward forward(enum protocol protocol, uint16_t port, uint16_t count, const char *bind) {
        struct forward f = {.protocol = protocol, .host_port = port, .container_port = port, .count = count};

        if (bind)
                assert_int_equal(address_parse(bind, &f.bind), 0);
        return f;
}

static void test_conflicts(void **state) {
        const struct forward any80 = forward(PROTOCOL_TCP, 80, 1, NULL);
        const struct {
                struct forward a, b;
                bool conflict;
        } cases[] = {
                {any80, any80, true},
                {any80, forward(PROTOCOL_UDP, 80, 1, NULL), false},
                {any80, forward(PROTOCOL_TCP, 81, 1, NULL), false},
                {any80, forward(PROTOCOL_TCP, 79, 1, NULL), false},
                {any80, forward(PROTOCOL_TCP, 79, 2, NULL), true},
                {any80, forward(PROTOCOL_TCP, 80, 1, "10.0.0.1"), true},
                {any80, forward(PROTOCOL_TCP, 80, 1, "fd00::1"), true},
                {forward(PROTOCOL_TCP, 80, 1, "10.0.0.1"), forward(PROTOCOL_TCP, 80, 1, "10.0.0.2"), false},
                {forward(PROTOCOL_TCP, 80, 1, "10.0.0.1"), forward(PROTOCOL_TCP, 80, 1, "10.0.0.1"), true},
                {forward(PROTOCOL_TCP, 80, 1, "10.0.0.1"), forward(PROTOCOL_TCP, 80, 1, "0.0.0.0"), true},
                {forward(PROTOCOL_TCP, 80, 1, "::"), forward(PROTOCOL_TCP, 80, 1, "0.0.0.0"), false},
                {forward(PROTOCOL_TCP, 80, 1, "::"), forward(PROTOCOL_TCP, 80, 1, "fd00::1"), true},
                {forward(PROTOCOL_UDP, 1000, 100, NULL), forward(PROTOCOL_UDP, 1099, 100, NULL), true},
                {forward(PROTOCOL_UDP, 1000, 100, NULL), forward(PROTOCOL_UDP, 1100, 100, NULL), false},
                {forward(PROTOCOL_TCP, 65535, 1, NULL), forward(PROTOCOL_TCP, 1, 65535, NULL), true},
                {forward(PROTOCOL_TCP, 65535, 1, NULL), forward(PROTOCOL_TCP, 1, 65534, NULL), false},
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                assert_int_equal(forward_conflicts(&cases[i].a, &cases[i].b), cases[i].conflict);
                assert_int_equal(forward_conflicts(&cases[i].b, &cases[i].a), cases[i].conflict);
        }
}

static void test_clear(void **state) {
        struct container c = CONTAINER_INIT;

        c.name = strdup("web");
        c.attached_to = strdup("zone");
        c.forwards = calloc(2, sizeof *c.forwards);
        c.bind_mounts = calloc(2, sizeof *c.bind_mounts);
        c.bind_mounts[0] = strdup("/a:/b");
        container_clear(&c);
        assert_null(c.name);
        assert_null(c.forwards);
        assert_true(c.user_namespacing);
        container_clear(&c);
        assert_text(protocol_name(PROTOCOL_UDP), "udp");
        assert_text(protocol_name(PROTOCOL_TCP), "tcp");
        assert_int_equal(protocol_number(PROTOCOL_UDP), 17);
        assert_int_equal(protocol_number(PROTOCOL_TCP), 6);
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_conflicts), cmocka_unit_test(test_clear)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
