/* Each examples/NAME.nix is a config; examples/NAME.expected holds all that it makes: NAME.nspawn, what the first
 * process reads, 20-host0.network, what nspawn-netd does, and the files inside the guest. After a change that is meant,
 * run the test with UPDATE_GOLDEN=1 and read the difference. */
#include "../unit/test.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "config/config.h"
#include "config/guest.h"
#include "config/spec.h"
#include "plan/plan.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t machine_id[16] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
                                       0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};

static void print_text(struct buffer *b, const char *title, char *text) {
        assert_non_null(text);
        buffer_append_format(b, "==> %s\n%s", title, text);
        free(text);
}

static void print_plan(struct buffer *b, const char *title, const struct plan *p) {
        buffer_append_format(b, "==> %s\n", title);
        for (size_t i = 0; i < p->n; i++) {
                operation_print(&p->operations[i], b);
                buffer_append_string(b, "\n");
        }
}

static void print_plans(struct buffer *b, const struct network *n) {
        _cleanup_(plan_clear) struct plan admit = PLAN_INIT, link = PLAN_INIT;

        assert_int_equal(plan_expect(n, &admit), 0);
        assert_int_equal(plan_link(n, &link), 0);
        for (size_t i = 0; i < n->n_extra; i++)
                assert_int_equal(plan_extra(n, i, &link), 0);
        print_plan(b, "before the link is there", &admit);
        print_plan(b, "when the link is there", &link);
}

static void print_guest(struct buffer *b, const json_t *spec) {
        _cleanup_(guest_files_clear) struct guest_files files = {0};
        struct error e = ERROR_INIT;

        assert_int_equal(guest_files_make(spec, &files, &e), 0);
        for (size_t i = 0; i < files.n; i++)
                if (string_starts_with(files.files[i].path, "/etc/systemd/network/"))
                        buffer_append_format(b, "==> %s\n%s", files.files[i].path, files.files[i].content);
                else
                        buffer_append_format(b, "==> %s\n", files.files[i].path);
}

/* The second member of a zone that says nothing. */
static void member_compute(const struct container *c, struct network *ret) {
        struct zone z = ZONE_INIT;
        struct zone_network n;
        struct allocation a;

        (void) snprintf(z.name, sizeof z.name, "%s", c->attached_to);
        assert_int_equal(prefix_parse("10.233.7.0/24", false, &a.v4), 0);
        assert_int_equal(prefix_parse("fd12:3456:789a:7::/64", false, &a.v6), 0);
        assert_int_equal(zone_compute(&z, &a, machine_id, &n), 0);
        assert_int_equal(zone_member(c, &n, 3, machine_id, ret), 0);
}

static void print_example(struct buffer *b, const char *path, const char *name) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        _cleanup_(freep) char *unit = format("%s.nspawn", name);
        struct allocation a;
        struct error e = ERROR_INIT;
        json_t *spec = NULL;

        if (config_load(path, name, &spec, &e) < 0 || spec_to_container(spec, name, &c, &e) < 0)
                print_error("%s: %s\n", path, error_message(&e));
        assert_null(e.message);
        assert_int_equal(prefix_parse("10.233.5.16/28", false, &a.v4), 0);
        assert_int_equal(prefix_parse("fd12:3456:789a:5::/64", false, &a.v6), 0);
        if (c.mode == NETWORK_ZONE)
                member_compute(&c, &n);
        else
                assert_int_equal(network_compute(&c, &a, machine_id, &n), 0);
        print_text(b, unit, guest_nspawn_file(&c, "/tree/usr", true, "/usr/lib/systemd/systemd"));
        /* Of a member of a zone the rest depends on the zone. */
        if (c.mode == NETWORK_ZONE) {
                print_guest(b, spec);
                json_decref(spec);
                return;
        }
        if (container_is_attached(&c))
                print_text(b, "the first process", guest_first_file(&n, 5000));
        if (container_has_link(&c))
                print_text(b, "20-host0.network", guest_network_file(&c, &n, "internal"));
        print_plans(b, &n);
        print_guest(b, spec);
        json_decref(spec);
}

static void check_example(const char *path) {
        _cleanup_(buffer_clear) struct buffer found = BUFFER_INIT;
        _cleanup_(freep) char *name = strndup(strrchr(path, '/') + 1, strlen(strrchr(path, '/') + 1) - strlen(".nix"));
        _cleanup_(freep) char *expected_path = format(GOLDEN "/%s.expected", name), *expected = NULL;

        assert_non_null(expected_path);
        print_example(&found, path, name);
        if (getenv("UPDATE_GOLDEN"))
                assert_int_equal(file_write_atomic(expected_path, found.data, found.size, 0644, false), 0);
        assert_int_equal(file_read(expected_path, 1 << 20, &expected, NULL), 0);
        assert_text(buffer_text(&found), expected);
}

/* Such a file says where it goes, or has its options. */
static bool is_of_host(const char *path) {
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(file_read(path, 1 << 20, &text, NULL), 0);
        return strstr(text, "/etc/nixos-nspawn/host.nix") || strstr(text, "nixos.containers.");
}

static void test_examples(void **state) {
        glob_t g = {0};

        assert_int_equal(setenv("NIXOS_NSPAWN_PORTABLE", GOLDEN "/../../../nix/portable", 1), 0);
        assert_int_equal(glob(GOLDEN "/../../../examples/*.nix", 0, NULL, &g), 0);
        assert_true(g.gl_pathc >= 7);
        for (size_t i = 0; i < g.gl_pathc; i++)
                if (!is_of_host(g.gl_pathv[i])) /* see test-host.c */
                        check_example(g.gl_pathv[i]);
        globfree(&g);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_examples),
        };

        return cmocka_run_group_tests_name("examples", tests, NULL, NULL);
}
