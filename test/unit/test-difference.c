/* What is different between two specs, and what each difference takes. */
#include "test.h"

#include "config/difference.h"

#include <string.h>

static json_t *spec(const char *config) {
        json_t *c = json_loads(config, 0, NULL);

        assert_non_null(c);
        return json_pack("{s:i, s:s, s:o}", "version", 1, "name", "x", "config", c);
}

/* "OPTION EFFECT" a line */
static void assert_difference(const char *from, const char *to, const char *expected, enum effect most) {
        json_t *one = spec(from), *other = spec(to);
        struct differences d = DIFFERENCES_INIT;
        char text[1024] = "";

        assert_int_equal(spec_difference(one, other, &d), 0);
        for (size_t i = 0; i < d.n; i++)
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %s", i > 0 ? "\n" : "",
                                d.list[i].option, effect_name(d.list[i].effect));
        assert_text(text, expected);
        assert_int_equal(differences_effect(&d), most);
        differences_clear(&d);
        json_decref(one);
        json_decref(other);
}

static void test_nothing(void **state) {
        assert_difference("{}", "{}", "", EFFECT_NONE);
        assert_difference("{\"nixosContainer\": {\"zone\": null}}", "{\"nixosContainer\": {}}", "", EFFECT_NONE);
        assert_difference("{\"nixosContainer\": {\"forwardPorts\": []}}",
                          "{\"nixosContainer\": {\"forwardPorts\": []}}", "", EFFECT_NONE);
        /* The order of members says nothing. */
        assert_difference("{\"environment\": {\"etc\": {\"a\": {\"text\": \"1\", \"mode\": \"0644\"}}}}",
                          "{\"environment\": {\"etc\": {\"a\": {\"mode\": \"0644\", \"text\": \"1\"}}}}", "",
                          EFFECT_NONE);
}

static void test_hosts(void **state) {
        assert_difference("{\"nixosContainer\": {\"activation\": {\"autoStart\": true}, \"timeoutStartSec\": \"90s\"}}",
                          "{\"nixosContainer\": {\"activation\": {\"autoStart\": false}}}",
                          "nixosContainer.activation none\nnixosContainer.timeoutStartSec none", EFFECT_NONE);
        assert_difference("{\"system\": {\"stateVersion\": \"25.11\"}}", "{\"system\": {\"stateVersion\": \"26.05\"}}",
                          "system.stateVersion none", EFFECT_NONE);
}

static void test_live(void **state) {
        assert_difference("{\"nixosContainer\": {\"forwardPorts\": []}}",
                          "{\"nixosContainer\": {\"forwardPorts\": [{\"hostPort\": 1}]}}",
                          "nixosContainer.forwardPorts live", EFFECT_LIVE);
        assert_difference("{\"nixosContainer\": {\"outsideAccess\": \"global\"}}",
                          "{\"nixosContainer\": {\"outsideAccess\": \"none\"}}", "nixosContainer.outsideAccess live",
                          EFFECT_LIVE);
        assert_difference("{\"nixosContainer\": {}}",
                          "{\"nixosContainer\": {\"containerNetworkConfig\": {}, \"hostNetworkConfig\": {}}}",
                          "nixosContainer.containerNetworkConfig live\nnixosContainer.hostNetworkConfig live",
                          EFFECT_LIVE);
}

static void test_reload(void **state) {
        assert_difference("{}",
                          "{\"environment\": {\"etc\": {}}, \"networking\": {\"firewall\": {\"enable\": false}},"
                          " \"services\": {\"nginx\": {\"enable\": true}},"
                          " \"systemd\": {\"network\": {}, \"services\": {\"a\": {}}}}",
                          "environment.etc reload\nnetworking.firewall reload\nservices.nginx reload\n"
                          "systemd.network reload\nsystemd.services reload",
                          EFFECT_RELOAD);
}

static void test_restart(void **state) {
        assert_difference("{\"nixosContainer\": {\"bindMounts\": [\"/a\"], \"forwardPorts\": []}}",
                          "{\"nixosContainer\": {\"bindMounts\": [], \"forwardPorts\": [{\"hostPort\": 1}]}}",
                          "nixosContainer.bindMounts restart\nnixosContainer.forwardPorts live", EFFECT_RESTART);
        /* What nobody has thought of. */
        assert_difference("{\"networking\": {\"hostName\": \"a\"}}", "{\"networking\": {\"hostName\": \"b\"}}",
                          "networking.hostName restart", EFFECT_RESTART);
        assert_difference("{}", "{\"nixosContainer\": {\"new\": 1}, \"services\": {\"other\": {}}, \"thing\": 1}",
                          "nixosContainer.new restart\nservices.other restart\nthing restart", EFFECT_RESTART);
        /* Something else where there are options. */
        assert_difference("{\"systemd\": {}}", "{\"systemd\": 1}", "systemd restart", EFFECT_RESTART);
        assert_difference("{\"systemdx\": {}}", "{\"systemdx\": {\"services\": 1}}", "systemdx restart",
                          EFFECT_RESTART);
}

static void test_names(void **state) {
        struct differences d = DIFFERENCES_INIT;
        char *names;

        assert_int_equal(differences_add(&d, "a", EFFECT_LIVE), 0);
        assert_int_equal(differences_add(&d, "b", EFFECT_RESTART), 0);
        assert_int_equal(differences_add(&d, "c", EFFECT_RESTART), 0);
        names = differences_names(&d, EFFECT_RESTART);
        assert_text(names, "b, c");
        free(names);
        names = differences_names(&d, EFFECT_LIVE);
        assert_text(names, "a, b, c");
        free(names);
        differences_clear(&d);
        names = differences_names(&d, EFFECT_NONE);
        assert_text(names ? names : "", "");
        free(names);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing), cmocka_unit_test(test_hosts),   cmocka_unit_test(test_live),
                cmocka_unit_test(test_reload),  cmocka_unit_test(test_restart), cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
