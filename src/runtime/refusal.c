/* One object, the same members as a supervisor's answer. */
#include "refusal.h"

#include "base/file.h"
#include "runtime/record.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define REFUSAL_MAX 65536

int refusal_write(const char *name, const struct error *why) {
        _cleanup_(freep) char *folder = supervisor_path(name, NULL), *path = supervisor_path(name, "error.json"), *text;
        json_t *value = json_pack("{s:s, s:i, s:i}", "error", error_message(why), "errno", -why->code, "exitStatus",
                                  why->exit_status);
        int r;

        text = value ? json_dumps(value, JSON_COMPACT) : NULL;
        json_decref(value);
        r = folder && path && text ? directory_make(folder, 0755) : -ENOMEM;
        return r < 0 ? r : file_write_atomic(path, text, strlen(text), 0644, false);
}

int refusal_read(const char *name, struct error *e) {
        _cleanup_(freep) char *path = supervisor_path(name, "error.json"), *text = NULL;
        json_int_t code, status;
        const char *message;
        json_t *value;
        int r;

        if (!path || file_read(path, REFUSAL_MAX, &text, NULL) < 0)
                return 0;
        value = json_loads(text, 0, NULL);
        message = json_string_value(json_object_get(value, "error"));
        code = json_integer_value(json_object_get(value, "errno"));
        status = json_integer_value(json_object_get(value, "exitStatus"));
        r = message ? 1 : 0;
        if (message)
                (void) error_set(e, code > 0 && code < 4096 ? (int) code : EIO,
                                 status > 0 && status < 256 ? (int) status : EXIT_FAILED, "%s", message);
        json_decref(value);
        return r;
}

int refusal_remove(const char *name) {
        _cleanup_(freep) char *path = supervisor_path(name, "error.json");

        return path ? file_remove(path) : -ENOMEM;
}
