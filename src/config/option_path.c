/* Names of options, and the way through the table of options. */
#include "option_path.h"

#include "base/buffer.h"
#include "base/parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* How much of s Nix takes for a name without quotes. */
static size_t identifier_length(const char *s) {
        size_t n = 0;

        if (!isalpha((unsigned char) *s) && *s != '_')
                return 0;
        while (s[n] && (isalnum((unsigned char) s[n]) || strchr("_'-", s[n])))
                n++;
        return n;
}

static bool is_identifier(const char *s) {
        size_t n = identifier_length(s);

        return n > 0 && s[n] == '\0';
}

static void append_name(struct buffer *b, const char *name) {
        if (!name || !string_is_clean(name)) {
                buffer_append_string(b, "\"(unprintable)\"");
                return;
        }
        if (is_identifier(name)) {
                buffer_append_string(b, name);
                return;
        }
        buffer_append_byte(b, '"');
        for (; *name; name++) {
                if (*name == '"' || *name == '\\')
                        buffer_append_byte(b, '\\');
                buffer_append_byte(b, (uint8_t) *name);
        }
        buffer_append_byte(b, '"');
}

char *option_path_name(const json_t *path) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        const json_t *step;
        size_t i;

        json_array_foreach (path, i, step) {
                if (json_is_integer(step)) {
                        buffer_append_format(&b, "[%" JSON_INTEGER_FORMAT "]", json_integer_value(step));
                        continue;
                }
                if (i > 0)
                        buffer_append_byte(&b, '.');
                append_name(&b, json_string_value(step));
        }
        if (json_array_size(path) == 0)
                buffer_append_string(&b, "the config");
        return buffer_steal(&b);
}

/* The name that *s begins with, quoted or not, behind which *s stands then; NULL when there is none. */
static json_t *read_name(const char **s) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        size_t n = identifier_length(*s);
        const char *p = *s;

        if (n > 0) {
                *s += n;
                return json_stringn(p, n);
        }
        if (*p++ != '"')
                return NULL;
        for (; *p && *p != '"'; p++) {
                if (*p == '\\' && p[1])
                        p++;
                buffer_append_byte(&b, (uint8_t) *p);
        }
        if (*p != '"')
                return NULL;
        *s = p + 1;
        return json_string(buffer_text(&b));
}

/* "[3]" */
static json_t *read_index(const char **s) {
        unsigned long i;
        char *end;

        if (**s != '[' || !isdigit((unsigned char) (*s)[1]))
                return NULL;
        i = strtoul(*s + 1, &end, 10);
        if (*end != ']' || i > UINT32_MAX)
                return NULL;
        *s = end + 1;
        return json_integer((json_int_t) i);
}

json_t *option_path_read(const char *text) {
        json_t *path = json_array(), *step = read_name(&text);

        while (path && step && json_array_append(path, step) >= 0) {
                json_decref(step);
                step = read_index(&text);
                if (!step && *text == '.') {
                        text++;
                        step = read_name(&text);
                }
        }
        json_decref(step);
        return path;
}

/* From an option's entry to its type, and from "null or X" to X. */
static const json_t *inner_type(const json_t *node) {
        const json_t *type = json_object_get(node, "type");

        if (type)
                node = type;
        while (string_equal(json_string_value(json_object_get(node, "kind")), "nullable"))
                node = json_object_get(node, "of");
        return node;
}

const json_t *option_path_names(const json_t *node) {
        return json_object_get(inner_type(node), "options");
}

const json_t *option_path_step(const json_t *node, const json_t *step) {
        const json_t *type = inner_type(node), *options = option_path_names(node), *found;
        const char *kind = json_string_value(json_object_get(type, "kind"));

        if (json_is_integer(step))
                return string_equal(kind, "list") ? json_object_get(type, "of") : NULL;
        if (!options)
                return string_equal(kind, "attributes") ? json_object_get(type, "of") : NULL;
        found = json_object_get(options, json_string_value(step));
        return found ? found : json_object_get(type, "freeform");
}
