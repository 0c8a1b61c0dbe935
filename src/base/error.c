/* Errors carry a message; when there is no memory for one, the code alone must do. */
#include "error.h"

#include <stdlib.h>
#include <string.h>

void error_clear(struct error *e) {
        struct error *next;

        if (!e)
                return;
        while ((next = e->next)) {
                e->next = next->next;
                free(next->message);
                free(next);
        }
        free(e->message);
        *e = ERROR_INIT;
}

static int negative(int code) {
        return code > 0 ? -code : code;
}

static void error_fill(struct error *e, int code, int exit_status, char *message) {
        /* The new message may have been formatted from the old one: free only now. */
        error_clear(e);
        e->code = negative(code);
        e->exit_status = exit_status;
        e->message = message;
}

_printf_(1, 0) static char *format_arguments(const char *fmt, va_list arguments) {
        char *s = NULL;

        return vasprintf(&s, fmt, arguments) < 0 ? NULL : s;
}

int error_set(struct error *e, int code, int exit_status, const char *fmt, ...) {
        va_list arguments;

        if (!e)
                return negative(code);
        va_start(arguments, fmt);
        error_fill(e, code, exit_status, format_arguments(fmt, arguments));
        va_end(arguments);
        return e->code;
}

int error_errno(struct error *e, int code, int exit_status, const char *fmt, ...) {
        _cleanup_(freep) char *what = NULL;
        char *message = NULL;
        va_list arguments;

        if (!e)
                return negative(code);
        va_start(arguments, fmt);
        what = format_arguments(fmt, arguments);
        va_end(arguments);
        if (what && asprintf(&message, "%s: %s", what, strerror(-negative(code))) < 0)
                message = NULL;
        error_fill(e, code, exit_status, message);
        return e->code;
}

int error_prefix(struct error *e, int code_if_null, const char *fmt, ...) {
        _cleanup_(freep) char *context = NULL;
        va_list arguments;

        if (!e)
                return negative(code_if_null);
        va_start(arguments, fmt);
        context = format_arguments(fmt, arguments);
        va_end(arguments);
        if (e->code == 0)
                e->code = negative(code_if_null);
        for (struct error *one = e; context && one; one = one->next) {
                char *message = NULL;

                if (asprintf(&message, "%s: %s", context, error_message(one)) >= 0) {
                        free(one->message);
                        one->message = message;
                }
        }
        return e->code;
}

const char *error_message(const struct error *e) {
        if (e && e->message)
                return e->message;
        return strerror(e ? -e->code : 0);
}

void error_move(struct error *to, struct error *from) {
        if (!to) {
                error_clear(from);
                return;
        }
        error_clear(to);
        *to = *from;
        *from = ERROR_INIT;
}

void error_append(struct error *to, struct error *from) {
        struct error *copy;

        if (!to || to->code == 0 || from->code == 0) {
                if (from->code != 0)
                        error_move(to, from);
                return;
        }
        copy = malloc(sizeof(*copy));
        if (!copy) {
                error_clear(from);
                return;
        }
        *copy = *from;
        *from = ERROR_INIT;
        while (to->next)
                to = to->next;
        to->next = copy;
}
