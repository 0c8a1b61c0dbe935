/* Names of options, and the way through the table of options. */
#include "option_path.h"

#include "base/buffer.h"
#include "base/parse.h"

#include <ctype.h>
#include <string.h>

/* What Nix takes for a name without quotes. */
static bool is_identifier(const char *s) {
        if (!isalpha((unsigned char) *s) && *s != '_')
                return false;
        for (; *s; s++)
                if (!isalnum((unsigned char) *s) && !strchr("_'-", *s))
                        return false;
        return true;
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
