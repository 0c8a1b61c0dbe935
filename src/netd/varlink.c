/* Parsing is strict, as both ends are programs: a wrong type is a broken peer, and the connection ends. */
#include "varlink.h"

#include <errno.h>
#include <string.h>

void varlink_call_clear(struct varlink_call *c) {
        json_decref(c->message);
        *c = VARLINK_CALL_INIT;
}

void varlink_reply_clear(struct varlink_reply *r) {
        json_decref(r->message);
        *r = VARLINK_REPLY_INIT;
}

static json_t *message_parse(const char *data, size_t size) {
        json_t *m = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);

        if (m && !json_is_object(m)) {
                json_decref(m);
                return NULL;
        }
        return m;
}

/* Absent and null are the same thing in Varlink. */
static json_t *field(const json_t *message, const char *name) {
        json_t *v = json_object_get(message, name);

        return json_is_null(v) ? NULL : v;
}

static int field_boolean(const json_t *message, const char *name, bool *ret) {
        const json_t *v = field(message, name);

        if (v && !json_is_boolean(v))
                return -EBADMSG;
        *ret = json_is_true(v);
        return 0;
}

static int field_object(const json_t *message, const char *name, json_t **ret) {
        json_t *v = field(message, name);

        if (v && !json_is_object(v))
                return -EBADMSG;
        *ret = v;
        return 0;
}

int varlink_call_parse(const char *data, size_t size, struct varlink_call *ret) {
        _cleanup_(varlink_call_clear) struct varlink_call c = VARLINK_CALL_INIT;
        bool upgrade;

        c.message = message_parse(data, size);
        c.method = json_string_value(field(c.message, "method"));
        if (!c.method || field_object(c.message, "parameters", &c.parameters) < 0 ||
            field_boolean(c.message, "oneway", &c.oneway) < 0 || field_boolean(c.message, "more", &c.more) < 0 ||
            field_boolean(c.message, "upgrade", &upgrade) < 0 || upgrade || (c.oneway && c.more))
                return -EBADMSG;

        *ret = c;
        c = VARLINK_CALL_INIT;
        return 0;
}

int varlink_reply_parse(const char *data, size_t size, struct varlink_reply *ret) {
        _cleanup_(varlink_reply_clear) struct varlink_reply r = VARLINK_REPLY_INIT;
        const json_t *error;

        r.message = message_parse(data, size);
        error = field(r.message, "error");
        r.error = json_string_value(error);
        if (!r.message || (error && !r.error) || field_object(r.message, "parameters", &r.parameters) < 0 ||
            field_boolean(r.message, "continues", &r.continues) < 0)
                return -EBADMSG;

        *ret = r;
        r = VARLINK_REPLY_INIT;
        return 0;
}

static int append_chunk(const char *data, size_t size, void *userdata) {
        buffer_append(userdata, data, size);
        return 0;
}

static int message_append(struct buffer *b, json_t *message) {
        int r;

        if (!message)
                return -ENOMEM;
        r = json_dump_callback(message, append_chunk, b, JSON_COMPACT);
        json_decref(message);
        if (r < 0)
                return -ENOMEM;
        buffer_append_byte(b, 0);
        return buffer_error(b);
}

int varlink_call_append(struct buffer *b, const char *method, json_t *parameters, bool oneway, bool more) {
        json_t *m = json_pack("{s:s}", "method", method);

        if (m && parameters)
                (void) json_object_set(m, "parameters", parameters);
        if (m && oneway)
                (void) json_object_set_new(m, "oneway", json_true());
        if (m && more)
                (void) json_object_set_new(m, "more", json_true());
        return message_append(b, m);
}

int varlink_reply_append(struct buffer *b, json_t *parameters, const char *error, bool continues) {
        json_t *m = json_object();

        if (m && error)
                (void) json_object_set_new(m, "error", json_string(error));
        if (m)
                (void) json_object_set_new(m, "parameters", parameters ? json_incref(parameters) : json_object());
        if (m && continues)
                (void) json_object_set_new(m, "continues", json_true());
        return message_append(b, m);
}
