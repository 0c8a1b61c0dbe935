/* Each nat/NAME is a configuration of the host; nat/NAME.expected is what becomes of it: what it does in sentences, the
 * file for NetworkManager, the rules, and the confs of declared containers, or the exit status and the message.
 *
 * The tests run in the folder of the configs, so that the messages hold no path of the machine. */
#include "../unit/test.h"

#include "base/buffer.h"
#include "base/file.h"
#include "config/host_config.h"
#include "config/host_containers.h"
#include "plan/nat.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

static void print_problems(const struct error *e, struct buffer *b) {
        buffer_append_format(b, "exit status %d:\n", e->exit_status);
        for (const struct error *one = e; one; one = one->next)
                buffer_append_format(b, "%s\n", error_message(one));
}

static void print_containers(const json_t *host, struct buffer *b) {
        _cleanup_(host_containers_clear) struct host_containers all = HOST_CONTAINERS_INIT;

        assert_int_equal(host_containers_read(host, &all, NULL, NULL), 0);
        for (size_t i = 0; i < all.n; i++) {
                const struct host_container *c = &all.list[i];
                const json_t *networking = json_object_get(c->config, "networking");
                _cleanup_(freep) char *text = conf_text(&c->conf);

                buffer_append_format(b, "%s.conf%s, %s%s:\n%s", c->name, c->restart ? "" : ", not restarted",
                                     c->config ? "called " : "no config",
                                     c->config ? json_string_value(json_object_get(networking, "hostName")) : "", text);
        }
}

static void print_host(const json_t *host, struct buffer *b) {
        _cleanup_(freep) char *file = host_networkmanager_file(host);
        _cleanup_(nat_clear) struct nat n = NAT_INIT;
        char suffix[NAME_SUFFIX_MAX + 1];
        json_t *sentences, *text;
        size_t i;

        assert_int_equal(host_nat_read(host, &n, NULL, NULL), 0);
        assert_int_equal(host_suffix_read(host, suffix, NULL, NULL), 0);
        if (strcmp(suffix, NAME_SUFFIX_DEFAULT) != 0)
                buffer_append_format(b, "NAME.%s\n", suffix);
        sentences = nat_sentences(&n);
        json_array_foreach (sentences, i, text)
                buffer_append_format(b, "%s\n", json_string_value(text));
        json_decref(sentences);
        assert_non_null(file);
        buffer_append_string(b, file);
        nat_write(&n, b);
        print_containers(host, b);
}

static unsigned check_config(const char *path) {
        _cleanup_(buffer_clear) struct buffer found = BUFFER_INIT;
        _cleanup_(freep) char *expected_path = format("%s.expected", path), *expected = NULL;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        json_t *host = NULL;

        if (host_config_load(path, &host, &e) < 0)
                print_problems(&e, &found);
        else
                print_host(host, &found);
        json_decref(host);
        if (getenv("UPDATE_GOLDEN")) {
                assert_int_equal(file_write_atomic(expected_path, buffer_text(&found), found.size, 0644, false), 0);
                return 0;
        }
        assert_int_equal(file_read(expected_path, 1 << 20, &expected, NULL), 0);
        if (strcmp(expected, buffer_text(&found)) == 0)
                return 0;
        print_error("%s: expected\n%s%s: found\n%s", path, expected, path, buffer_text(&found));
        return 1;
}

static void test_configs(void **state) {
        unsigned wrong = 0;
        glob_t g = {0};

        assert_int_equal(glob("*.nix", 0, NULL, &g), 0);
        assert_int_equal(glob("*.json", GLOB_APPEND, NULL, &g), 0);
        assert_true(g.gl_pathc > 15);
        for (size_t i = 0; i < g.gl_pathc; i++)
                wrong += check_config(g.gl_pathv[i]);
        globfree(&g);
        assert_int_equal(wrong, 0);
}

static json_t *config_of(const char *path) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        json_t *host = NULL, *config;

        if (host_config_load(path, &host, &e) < 0)
                print_error("%s\n", error_message(&e));
        assert_non_null(host);
        config = json_incref(json_object_get(host, "config"));
        json_decref(host);
        return config;
}

static void assert_same(const char *one, const char *other) {
        json_t *a = config_of(one), *b = config_of(other);

        assert_true(json_equal(a, b));
        json_decref(a);
        json_decref(b);
}

static void test_both_languages(void **state) {
        assert_same("host.nix", "host.json");
        assert_same(GOLDEN "/../../../examples/host.nix", "host.json");
        assert_same(GOLDEN "/../../../examples/host-names.nix", "suffix.nix");
        assert_same("empty.nix", "empty.json");
        assert_same("empty.json", NULL);
}

/* What was written to disk is checked when it is read. */
static void test_damaged(void **state) {
        static const char *const damaged[] = {
                "{\"networking\": {\"nat\": {\"enable\": 1}}}",
                "{\"networking\": {\"nat\": {\"enable\": true, \"internalInterfaces\": [\"a\\\" accept\"]}}}",
                "{\"networking\": {\"nat\": {\"enable\": true, \"internalInterfaces\": [\"a\\nb\"]}}}",
                "{\"networking\": {\"nat\": {\"enable\": true, \"internalInterfaces\": [\"\"]}}}",
                "{\"networking\": {\"nat\": {\"enable\": true, \"externalInterface\": \"\"}}}",
                "{\"networking\": {\"nat\": {\"enable\": true, \"externalInterface\": 7}}}",
                "{\"networking\": {\"nat\": {\"enable\": true, \"externalInterface\": \"eth+*\"}}}",
                "{\"networking\": {\"nat\": {\"enable\": true, \"internalIPs\": [7]}}}",
                "{\"networking\": {\"nat\": {\"enable\": true, \"dmzHost\": \"224.0.0.1\"}}}",
                "{\"networking\": {\"nat\": {\"enable\": true, \"forwardPorts\": [7]}}}",
                "{\"networking\": {\"nat\": {\"enable\": true, \"forwardPorts\": [{\"sourcePort\": 1}]}}}",
                "{\"networking\": {\"nat\": {\"forwardPorts\": [{\"sourcePort\": 1, \"destination\": \":\"}]}}}",
                "{\"networking\": {\"nat\": {\"forwardPorts\": [{\"sourcePort\": 1, \"destination\": \"[]:1\"}]}}}",
                "{\"networking\": {\"nat\": {\"forwardPorts\": [{\"sourcePort\": 1, \"destination\": \"[::1]:1\"}]}}}",
        };

        for (size_t i = 0; i < ELEMENTS_OF(damaged); i++) {
                _cleanup_(nat_clear) struct nat n = NAT_INIT;
                json_t *config = json_loads(damaged[i], 0, NULL), *host, *path = NULL;

                assert_non_null(config);
                host = json_pack("{s:o}", "config", config);
                if (host_nat_read(host, &n, &path, NULL) >= 0)
                        print_error("accepted: %s\n", damaged[i]);
                assert_non_null(path);
                json_decref(path);
                json_decref(host);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_configs),
                cmocka_unit_test(test_both_languages),
                cmocka_unit_test(test_damaged),
        };

        if (chdir(GOLDEN) < 0 || setenv("NIXOS_NSPAWN_PORTABLE", GOLDEN "/../../../nix/portable", 1) < 0)
                return 1;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
