/* Text and JSON from the same values. */
#include "front/output.h"

#include "base/buffer.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

struct output output_stdout(void) {
        struct winsize size = {0};
        struct output o = {.stream = stdout};

        if (isatty(STDOUT_FILENO))
                o.width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
        return o;
}

static void append_text(struct buffer *b, const json_t *value) {
        const json_t *item;
        size_t i;

        switch (json_typeof(value)) {
        case JSON_STRING:
                buffer_append_string(b, json_string_value(value));
                break;
        case JSON_INTEGER:
                buffer_append_format(b, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
                break;
        case JSON_TRUE:
                buffer_append_string(b, "yes");
                break;
        case JSON_FALSE:
                buffer_append_string(b, "no");
                break;
        case JSON_ARRAY:
                json_array_foreach (value, i, item) {
                        if (i > 0)
                                buffer_append_string(b, ", ");
                        append_text(b, item);
                }
                break;
        default:
                break;
        }
}

char *output_text(const json_t *value) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;

        if (!value)
                return NULL;
        append_text(&b, value);
        return b.size > 0 ? buffer_steal(&b) : NULL;
}

void output_line(struct output *o, const char *fmt, ...) {
        va_list ap;

        if (o->json)
                return;
        va_start(ap, fmt);
        (void) vfprintf(o->stream, fmt, ap);
        va_end(ap);
        (void) fputc('\n', o->stream);
}

static char *column_text(const struct output_column *column, const json_t *object) {
        const json_t *value = json_object_get(object, column->key);

        return value && column->format ? column->format(value) : output_text(value);
}

static void table_unrefp(struct libscols_table **table) {
        scols_unref_table(*table);
        *table = NULL;
}

static int table_row(struct libscols_table *table, const struct output_column *columns, size_t n, const json_t *row) {
        struct libscols_line *line = scols_table_new_line(table, NULL);

        if (!line)
                return -ENOMEM;
        for (size_t c = 0; c < n; c++) {
                _cleanup_(freep) char *text = column_text(&columns[c], row);
                const char *none = columns[c].none ?: "-";

                if (scols_line_set_data(line, c, text ?: none) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int output_table(struct output *o, const struct output_column *columns, size_t n, const json_t *rows, struct error *e) {
        _cleanup_(table_unrefp) struct libscols_table *table = NULL;
        const json_t *row;
        size_t i;

        if (o->json || json_array_size(rows) == 0)
                return 0;
        table = scols_new_table();
        if (!table)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot print the table");
        scols_table_set_stream(table, o->stream);
        scols_table_set_termforce(table, o->width > 0 ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
        if (o->width > 0)
                scols_table_set_termwidth(table, o->width);
        for (size_t c = 0; c < n; c++) {
                int flags = (columns[c].right ? SCOLS_FL_RIGHT : 0) | (columns[c].shrink ? SCOLS_FL_TRUNC : 0);

                if (!scols_table_new_column(table, columns[c].title, 0, flags))
                        return error_errno(e, ENOMEM, EXIT_FAILED, "cannot print the table");
        }
        json_array_foreach (rows, i, row)
                if (table_row(table, columns, n, row) < 0)
                        return error_errno(e, ENOMEM, EXIT_FAILED, "cannot print the table");
        if (scols_print_table(table) < 0)
                return error_set(e, EIO, EXIT_FAILED, "cannot print the table");
        return 0;
}

void output_details(struct output *o, const struct output_column *columns, size_t n, const json_t *object) {
        for (size_t c = 0; c < n; c++) {
                const json_t *value = json_object_get(object, columns[c].key), *item;
                _cleanup_(freep) char *text = NULL;
                size_t i;

                if (!columns[c].format && json_is_array(value) && json_array_size(value) > 0) {
                        json_array_foreach (value, i, item) {
                                _cleanup_(freep) char *one = output_text(item);

                                output_line(o, "  %s: %s", columns[c].title, one ?: "");
                        }
                        continue;
                }
                text = column_text(&columns[c], object);
                if (text || columns[c].none)
                        output_line(o, "  %s: %s", columns[c].title, text ?: columns[c].none);
        }
}

int output_json(struct output *o, const json_t *value, struct error *e) {
        if (!o->json)
                return 0;
        if (!value)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot print the result");
        if (json_dumpf(value, o->stream, JSON_ENCODE_ANY) < 0 || fputc('\n', o->stream) == EOF)
                return error_set(e, EIO, EXIT_FAILED, "cannot print the result");
        return 0;
}

void output_error(struct output *o, const struct error *e, int exit_status) {
        json_t *value, *problems = NULL;

        (void) fflush(o->stream);
        for (const struct error *one = e; one; one = one->next)
                (void) fprintf(stderr, "%s: %s\n", program_name(), error_message(one));
        if (!o->json)
                return;
        if (e->next)
                problems = json_array();
        for (const struct error *one = e; problems && one; one = one->next)
                (void) json_array_append_new(problems, json_string(error_message(one)));
        value = json_pack("{s:{s:s, s:i, s:o*}}", "error", "message", error_message(e), "exitStatus", exit_status,
                          "problems", problems);
        (void) output_json(o, value, NULL);
        json_decref(value);
}
