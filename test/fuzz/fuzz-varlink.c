/* What a client may send to the daemon, and what a daemon may answer: parsed, checked by the tables, taken down. */
#include "netd/varlink-service.h"

#include <string.h>

static const struct varlink_method methods[] = {
        {.name = "Attach", .parameters = {{"name", JSON_STRING, false}, {"forwards", JSON_ARRAY, true}}},
        {.name = "Ping"},
        {0},
};
static const struct varlink_interface interface = {.name = "a.b", .description = "text", .methods = methods};

static void fuzz_call(const struct varlink_call *c) {
        const char *dot = strrchr(c->method, '.'), *error = NULL, *key, *value;
        const struct varlink_method *m = dot ? varlink_method_find(&interface, dot + 1) : NULL;
        json_t *reply = NULL;

        if (m && c->parameters)
                (void) varlink_parameters_check(m, c->parameters);
        if (dot)
                (void) varlink_service_call(&interface, c->method, c->parameters, &reply, &error, &key, &value);
        json_decref(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct varlink_reply r = VARLINK_REPLY_INIT;
        struct varlink_call c = VARLINK_CALL_INIT;

        if (varlink_call_parse((const char *) data, size, &c) >= 0)
                fuzz_call(&c);
        if (varlink_reply_parse((const char *) data, size, &r) >= 0) {
                struct buffer b = BUFFER_INIT;

                (void) varlink_reply_append(&b, r.parameters, r.error, r.continues);
                buffer_clear(&b);
        }
        varlink_call_clear(&c);
        varlink_reply_clear(&r);
        return 0;
}
