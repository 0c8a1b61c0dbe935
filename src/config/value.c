/* JSON values in words, for messages: short, and harmless on a terminal whatever the value holds. */
#include "value.h"

#include "base/parse.h"

#include <string.h>

/* The longest prefix of s of at most max bytes that does not end inside a UTF-8 sequence. */
static size_t prefix_length(const char *s, size_t max) {
        size_t n = strlen(s);

        if (n <= max)
                return n;
        n = max;
        while (n > 0 && ((unsigned char) s[n] & 0xC0) == 0x80)
                n--;
        return n;
}

static void describe_string(const json_t *v, char buf[VALUE_TEXT_MAX]) {
        const char *s = value_string(v);
        size_t n;

        if (!s || !string_is_clean(s)) {
                (void) snprintf(buf, VALUE_TEXT_MAX, "a string with control characters");
                return;
        }
        n = prefix_length(s, 60);
        (void) snprintf(buf, VALUE_TEXT_MAX, "the string \"%.*s%s\"", (int) n, s, s[n] ? "..." : "");
}

const char *value_describe(const json_t *v, char buf[VALUE_TEXT_MAX]) {
        if (!v) {
                (void) snprintf(buf, VALUE_TEXT_MAX, "nothing");
                return buf;
        }
        switch (json_typeof(v)) {
        case JSON_OBJECT:
                (void) snprintf(buf, VALUE_TEXT_MAX, "an attribute set");
                break;
        case JSON_ARRAY:
                (void) snprintf(buf, VALUE_TEXT_MAX, "a list");
                break;
        case JSON_STRING:
                describe_string(v, buf);
                break;
        case JSON_INTEGER:
                (void) snprintf(buf, VALUE_TEXT_MAX, "the number %" JSON_INTEGER_FORMAT, json_integer_value(v));
                break;
        case JSON_REAL:
                (void) snprintf(buf, VALUE_TEXT_MAX, "the number %g", json_real_value(v));
                break;
        case JSON_TRUE:
        case JSON_FALSE:
                (void) snprintf(buf, VALUE_TEXT_MAX, "%s", json_is_true(v) ? "true" : "false");
                break;
        case JSON_NULL:
                (void) snprintf(buf, VALUE_TEXT_MAX, "null");
                break;
        }
        return buf;
}

const char *value_string(const json_t *v) {
        const char *s = json_string_value(v);

        return s && strlen(s) == json_string_length(v) ? s : NULL;
}
