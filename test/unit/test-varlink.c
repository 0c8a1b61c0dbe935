/* Varlink messages: what is taken, what is refused, and what the tables of methods make of parameters. */
#include "test.h"

#include "netd/varlink-service.h"

#include <errno.h>
#include <string.h>

static int parse(const char *text, struct varlink_call *c) {
        return varlink_call_parse(text, strlen(text), c);
}

static void test_call(void **state) {
        struct varlink_call c = VARLINK_CALL_INIT;

        assert_int_equal(parse("{\"method\":\"a.b.C\"}", &c), 0);
        assert_text(c.method, "a.b.C");
        assert_null(c.parameters);
        assert_false(c.oneway);
        assert_false(c.more);
        varlink_call_clear(&c);
        varlink_call_clear(&c);

        assert_int_equal(parse("{\"method\":\"a.b.C\",\"parameters\":{\"x\":1},\"more\":true,\"oneway\":false}", &c),
                         0);
        assert_int_equal(json_integer_value(json_object_get(c.parameters, "x")), 1);
        assert_true(c.more);
        varlink_call_clear(&c);

        assert_int_equal(parse("{\"method\":\"a.b.C\",\"parameters\":null,\"oneway\":true,\"more\":null}", &c), 0);
        assert_null(c.parameters);
        assert_true(c.oneway);
        varlink_call_clear(&c);
}

static void test_refused_calls(void **state) {
        static const char *const wrong[] = {
                "",
                "x",
                "[]",
                "\"a.b.C\"",
                "{}",
                "{\"method\":null}",
                "{\"method\":1}",
                "{\"method\":\"a\",\"method\":\"b\"}",
                "{\"method\":\"a.b.C\",\"parameters\":[]}",
                "{\"method\":\"a.b.C\",\"parameters\":\"x\"}",
                "{\"method\":\"a.b.C\",\"more\":1}",
                "{\"method\":\"a.b.C\",\"oneway\":\"yes\"}",
                "{\"method\":\"a.b.C\",\"more\":true,\"oneway\":true}",
                "{\"method\":\"a.b.C\",\"upgrade\":true}",
                "{\"method\":\"a.b.C\"} trailing",
                "{\"method\":\"\xff\"}",
        };

        for (size_t i = 0; i < ELEMENTS_OF(wrong); i++) {
                struct varlink_call c = VARLINK_CALL_INIT;

                assert_int_equal(parse(wrong[i], &c), -EBADMSG);
                assert_null(c.message);
        }
}

/* The depth of what a peer sends must not become the depth of our stack. */
static void test_deep(void **state) {
        static char deep[VARLINK_CALL_MAX];
        struct varlink_call c = VARLINK_CALL_INIT;

        memset(deep, '[', sizeof(deep));
        assert_int_equal(varlink_call_parse(deep, sizeof(deep), &c), -EBADMSG);
}

static void test_messages(void **state) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        json_t *parameters = json_pack("{s:s}", "name", "example");

        assert_int_equal(varlink_call_append(&b, "a.b.C", NULL, false, false), 0);
        assert_text(b.data, "{\"method\":\"a.b.C\"}");
        assert_int_equal(b.size, strlen(b.data) + 1);
        buffer_clear(&b);

        assert_int_equal(varlink_call_append(&b, "a.b.C", parameters, true, false), 0);
        assert_text(b.data, "{\"method\":\"a.b.C\",\"parameters\":{\"name\":\"example\"},\"oneway\":true}");
        buffer_clear(&b);

        assert_int_equal(varlink_reply_append(&b, NULL, NULL, false), 0);
        assert_text(b.data, "{\"parameters\":{}}");
        buffer_clear(&b);

        assert_int_equal(varlink_reply_append(&b, parameters, "a.b.Wrong", true), 0);
        assert_text(b.data, "{\"error\":\"a.b.Wrong\",\"parameters\":{\"name\":\"example\"},\"continues\":true}");
        json_decref(parameters);
}

static void test_reply(void **state) {
        static const char good[] = "{\"error\":\"a.b.Wrong\",\"parameters\":{\"message\":\"m\"}}";
        struct varlink_reply r = VARLINK_REPLY_INIT;

        assert_int_equal(varlink_reply_parse(good, strlen(good), &r), 0);
        assert_text(r.error, "a.b.Wrong");
        assert_text(json_string_value(json_object_get(r.parameters, "message")), "m");
        varlink_reply_clear(&r);
        assert_int_equal(varlink_reply_parse("{}", 2, &r), 0);
        assert_null(r.error);
        varlink_reply_clear(&r);
        assert_int_equal(varlink_reply_parse("[]", 2, &r), -EBADMSG);
        assert_int_equal(varlink_reply_parse("{\"error\":1}", 11, &r), -EBADMSG);
}

static const struct varlink_method methods[] = {
        {.name = "One", .parameters = {{"name", JSON_STRING, false}, {"list", JSON_ARRAY, true}}},
        {.name = "None"},
        {0},
};
static const struct varlink_interface interface = {
        .name = "io.test.Example", .description = "text", .methods = methods};

static void check(const char *method, const char *parameters, const char *wrong) {
        json_t *p = json_loads(parameters, 0, NULL);
        const char *found = varlink_parameters_check(varlink_method_find(&interface, method), p);

        if (wrong)
                assert_text(found, wrong);
        else
                assert_null(found);
        json_decref(p);
}

static void test_parameters(void **state) {
        assert_null(varlink_method_find(&interface, "Two"));
        check("One", "{\"name\":\"x\"}", NULL);
        check("One", "{\"name\":\"x\",\"list\":[]}", NULL);
        check("One", "{\"name\":\"x\",\"list\":null}", NULL);
        check("One", "{}", "name");
        check("One", "{\"name\":null}", "name");
        check("One", "{\"name\":1}", "name");
        check("One", "{\"name\":\"x\",\"list\":{}}", "list");
        check("One", "{\"name\":\"x\",\"other\":1}", "other");
        check("None", "{}", NULL);
        check("None", "{\"name\":\"x\"}", "name");
}

static void test_service(void **state) {
        const char *error = NULL, *key = NULL, *value = NULL;
        json_t *parameters = json_pack("{s:s}", "interface", "io.test.Example"), *reply = NULL;

        assert_int_equal(
                varlink_service_call(&interface, VARLINK_SERVICE ".GetInfo", NULL, &reply, &error, &key, &value), 0);
        assert_null(error);
        assert_text(json_string_value(json_array_get(json_object_get(reply, "interfaces"), 1)), "io.test.Example");
        json_decref(reply);

        reply = NULL;
        assert_int_equal(varlink_service_call(&interface, VARLINK_SERVICE ".GetInterfaceDescription", parameters,
                                              &reply, &error, &key, &value),
                         0);
        assert_text(json_string_value(json_object_get(reply, "description")), "text");
        json_decref(reply);
        json_decref(parameters);

        parameters = json_pack("{s:s}", "interface", "io.test.Other");
        reply = NULL;
        assert_int_equal(varlink_service_call(&interface, VARLINK_SERVICE ".GetInterfaceDescription", parameters,
                                              &reply, &error, &key, &value),
                         0);
        assert_null(reply);
        assert_text(error, VARLINK_SERVICE ".InterfaceNotFound");
        assert_text(value, "io.test.Other");
        json_decref(parameters);

        assert_int_equal(varlink_service_call(&interface, VARLINK_SERVICE ".Other", NULL, &reply, &error, &key, &value),
                         0);
        assert_text(error, VARLINK_SERVICE ".MethodNotFound");
        assert_text(value, VARLINK_SERVICE ".Other");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_call),    cmocka_unit_test(test_refused_calls),
                cmocka_unit_test(test_deep),    cmocka_unit_test(test_messages),
                cmocka_unit_test(test_reply),   cmocka_unit_test(test_parameters),
                cmocka_unit_test(test_service),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
