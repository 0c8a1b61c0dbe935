/* Names of options in messages, and what is suggested for those that do not exist. */
#include "test.h"

#include "config/nearest.h"
#include "config/option_path.h"
#include "config/table.h"

static void assert_name(const char *path, const char *name) {
        json_t *steps = json_loads(path, 0, NULL);
        char *found = option_path_name(steps);

        assert_text(found, name);
        free(found);
        json_decref(steps);
}

static void assert_read(const char *text, const char *path) {
        json_t *found = option_path_read(text);
        char *steps = json_dumps(found, JSON_COMPACT);

        assert_text(steps, path);
        free(steps);
        json_decref(found);
}

static void test_names(void **state) {
        assert_name("[]", "the config");
        assert_name("[\"services\", \"nginx\", \"enable\"]", "services.nginx.enable");
        assert_name("[\"a\", 0, \"b\", 1, 2]", "a[0].b[1][2]");
        assert_name("[\"a.b\", \"/\", \"30-x\", \"x-3_'\", \"_a\", \"\", \"ä\"]",
                    "\"a.b\".\"/\".\"30-x\".x-3_'._a.\"\".\"ä\"");
        assert_name("[\"a\\\"b\\\\\", \"c\\nd\"]", "\"a\\\"b\\\\\".\"(unprintable)\"");
        assert_name("[true]", "\"(unprintable)\"");
}

static void test_names_read(void **state) {
        assert_read("services.nginx.enable: expected true", "[\"services\",\"nginx\",\"enable\"]");
        assert_read("a[0].b[1][2] and a[1]", "[\"a\",0,\"b\",1,2]");
        assert_read("\"a.b\".\"/\".x-3_'.\"a\\\"b\\\\\".\"\" = 1", "[\"a.b\",\"/\",\"x-3_'\",\"a\\\"b\\\\\",\"\"]");
        assert_read("a.b.", "[\"a\",\"b\"]");
        assert_read("a[x]", "[\"a\"]");
        assert_read("a[0", "[\"a\"]");
        assert_read("a[99999999999999999999]", "[\"a\"]");
        assert_read("a.\"b", "[\"a\"]");
        assert_read("a.\"\xff\"", "[\"a\"]");
        assert_read("'dynamic' is not", "[]");
        assert_read("[0]", "[]");
        assert_read("", "[]");
}

static void assert_nearest(const char *path, const char *name) {
        json_t *steps = json_loads(path, 0, NULL), *table = table_load();
        char *found = nearest_option(table, steps);

        if (name)
                assert_text(found, name);
        else if (found)
                fail_msg("%s: %s is not near", path, found);
        free(found);
        json_decref(steps);
        json_decref(table);
}

static void test_slips(void **state) {
        assert_nearest("[\"services\", \"nginx\", \"enabel\"]", "services.nginx.enable");
        assert_nearest("[\"services\", \"nginx\", \"enabled\"]", "services.nginx.enable");
        assert_nearest("[\"service\", \"nginx\", \"enable\"]", "services.nginx.enable");
        assert_nearest("[\"service\", \"nginx\", \"frob\"]", "services.nginx");
        assert_nearest("[\"nixosContainers\", \"forwardPorts\", 0, \"hostPort\"]",
                       "nixosContainer.forwardPorts[0].hostPort");
        assert_nearest("[\"nixosContainer\", \"forwardPorts\", 3, \"hostport\"]",
                       "nixosContainer.forwardPorts[3].hostPort");
        assert_nearest("[\"networking\", \"hostname\"]", "networking.hostName");
        assert_nearest("[\"networking\", \"firewall\", \"allowedTCPPort\"]", "networking.firewall.allowedTCPPorts");
        assert_nearest("[\"systemd\", \"services\", \"x\", \"wantedby\"]", "systemd.services.x.wantedBy");
        assert_nearest("[\"nixosContainer\", \"hostNetworkConfig\", \"ipv6prefixes\"]",
                       "nixosContainer.hostNetworkConfig.ipv6Prefixes");
}

static void test_other_places(void **state) {
        assert_nearest("[\"forwardPorts\"]", "nixosContainer.forwardPorts");
        assert_nearest("[\"nixosContainer\", \"allowedTCPPorts\"]", "networking.firewall.allowedTCPPorts");
        assert_nearest("[\"stateVersion\"]", "system.stateVersion");
}

static void test_nothing_near(void **state) {
        assert_nearest("[\"services\", \"postgresql\", \"enable\"]", NULL);
        assert_nearest("[\"users\", \"users\", \"alice\"]", NULL);
        assert_nearest("[\"enable\"]", NULL);
        assert_nearest("[\"x\"]", NULL);
        assert_nearest("[\"0123456789012345678901234567890123456789012345678901234567890\"]", NULL);
        /* All of it exists: nothing to correct. */
        assert_nearest("[\"services\", \"nginx\", \"enable\"]", NULL);
        assert_nearest("[]", NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),        cmocka_unit_test(test_names_read),   cmocka_unit_test(test_slips),
                cmocka_unit_test(test_other_places), cmocka_unit_test(test_nothing_near),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
