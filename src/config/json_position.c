/* A walk through a JSON text that a parser has accepted already. It is only made when there is an error to report, so
 * it looks at the text from its beginning, and it never goes past the NUL at the end whatever the text is. */
#include "json_position.h"

#include "base/cleanup.h"

#include <stdbool.h>
#include <string.h>

static const char *skip_blank(const char *p) {
        return p + strspn(p, " \t\r\n");
}

/* p: at the opening quote. Past the closing one. */
static const char *skip_string(const char *p) {
        p++;
        while (*p && *p != '"')
                p += p[0] == '\\' && p[1] ? 2 : 1;
        return *p ? p + 1 : p;
}

/* Past a value: up to the comma or bracket that ends it. */
static const char *skip_value(const char *p) {
        size_t depth = 0;

        for (p = skip_blank(p); *p; p++) {
                if (*p == '"')
                        p = skip_string(p) - 1;
                else if (*p == '[' || *p == '{')
                        depth++;
                else if (*p == ']' || *p == '}') {
                        if (depth == 0)
                                return p;
                        depth--;
                } else if (*p == ',' && depth == 0)
                        return p;
        }
        return p;
}

/* The string at p is name, escapes considered. */
static bool string_at_is(const char *p, const char *name) {
        json_t *v = json_loadb(p, (size_t) (skip_string(p) - p), JSON_DECODE_ANY, NULL);
        bool same = json_is_string(v) && strcmp(json_string_value(v), name) == 0;

        json_decref(v);
        return same;
}

/* p: an object. Its member's name, or NULL. */
static const char *find_member(const char *p, const char *name) {
        p = skip_blank(p);
        if (*p != '{')
                return NULL;
        do {
                p = skip_blank(p + 1);
                if (*p != '"')
                        return NULL;
                if (string_at_is(p, name))
                        return p;
                p = skip_value(p);
        } while (*p == ',');
        return NULL;
}

/* p: a list. Its item, or NULL. */
static const char *find_item(const char *p, json_int_t index) {
        p = skip_blank(p);
        if (*p != '[')
                return NULL;
        for (p++; index > 0; index--) {
                p = skip_value(p);
                if (*p != ',')
                        return NULL;
                p++;
        }
        p = skip_blank(p);
        return *p && *p != ']' ? p : NULL;
}

static struct json_position position_of(const char *text, const char *p) {
        struct json_position position = {.line = 1, .column = 1};

        for (; text < p; text++) {
                if (*text == '\n') {
                        position.line++;
                        position.column = 1;
                } else if (((unsigned char) *text & 0xC0) != 0x80)
                        position.column++;
        }
        return position;
}

struct json_position json_position_find(const char *text, const json_t *path) {
        const char *value = skip_blank(text), *found = value;
        const json_t *step;
        size_t i;

        json_array_foreach (path, i, step) {
                const char *p = json_is_integer(step) ? find_item(value, json_integer_value(step))
                                                      : find_member(value, json_string_value(step));

                if (!p)
                        break;
                found = value = p;
                if (json_is_string(step)) {
                        value = skip_blank(skip_string(p));
                        value = *value == ':' ? skip_blank(value + 1) : value;
                }
        }
        return position_of(text, found);
}
