/* The one writer of results: JSON for programs, text for people, from the same JSON values.
 *
 * Standard output carries results only; messages, progress and errors go to standard error. With --json it carries
 * exactly one JSON value and a newline, errors included. */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct output {
        FILE *stream; /* results */
        bool json;
        bool verbose;
        unsigned width; /* of the terminal, 0: not a terminal, lines may be as long as they like */
};

/* stdout, and its terminal's width if it is one. */
struct output output_stdout(void);

/* A column of a table, or a line of details. */
struct output_column {
        const char *title;
        const char *key;  /* of the JSON object: a string, number, boolean (yes, no), array of them, or null */
        bool right;       /* numbers */
        bool shrink;      /* may be cut when the terminal is too narrow */
        const char *none; /* text for null, absent or empty: "-" in tables unless given */
        char *(*format)(const json_t *value); /* its text, malloc'd; NULL: output_text() */
};

/* A line of text; nothing with --json. */
void output_line(struct output *o, const char *fmt, ...) _printf_(2, 3);

/* Rows (JSON objects) as a table under their titles; nothing with --json, nothing without rows. */
int output_table(struct output *o, const struct output_column *columns, size_t n, const json_t *rows, struct error *e);

/* "  Title: value" lines of one object; absent and null ones are left out unless the column has `none`. Arrays take
 * a line an element unless the column has `format`. Nothing with --json. */
void output_details(struct output *o, const struct output_column *columns, size_t n, const json_t *object);

/* The JSON value and a newline, in one line, members in the order in which they were set; nothing without --json. */
int output_json(struct output *o, const json_t *value, struct error *e);

/* The program's name: what its messages begin with (program.c). */
const char *program_name(void);

/* "nixos-nspawn: MESSAGE" on standard error, and with --json {"error": {"message", "exitStatus"}} on the stream. */
void output_error(struct output *o, const struct error *e, int exit_status);

/* A JSON scalar or array of them as text ("yes"/"no" for booleans, arrays joined with ", "); malloc'd, NULL when it
 * is null or empty (or there is no memory). */
char *output_text(const json_t *value);
