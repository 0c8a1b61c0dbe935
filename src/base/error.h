/* An error that teaches: what was tried, on what, why it failed, what to do.
 *
 * Functions return 0 or a negative errno. Those that may end up in front of a person also take a
 * `struct error *`, which they fill on failure; layers above may put context in front, once a layer.
 * A NULL `struct error *` is allowed everywhere: only the number is kept then. */
#pragma once

#include "cleanup.h"

#include <stdarg.h>

/* Exit codes of the command line (SPEC A.2). */
enum exit_status {
        EXIT_OK = 0,
        EXIT_FAILED = 1,        /* no or two sources, permissions, anything unforeseen */
        EXIT_USAGE = 2,         /* wrong use; unknown container */
        EXIT_NO_GENERATION = 3, /* nothing to roll back to */
        EXIT_CONTAINER = 10,    /* the container or its config: exists, invalid, refused, zone missing */
        EXIT_COMMAND = 11,      /* an external command failed */
};

struct error {
        int code;        /* negative errno, 0 when unset */
        int exit_status; /* enum exit_status; 0 when unset (EXIT_FAILED is meant) */
        char *message;   /* one sentence without a full stop, owned */

        struct error *next; /* what was found wrong at the same time, owned */
};

#define ERROR_INIT ((struct error){0})

/* Frees what e holds and makes it empty. */
void error_clear(struct error *e);

/* Sets code, exit status and message; an earlier message is replaced. code may be positive or negative.
 * Returns the negative code, for `return error_set(...)`. The text is formatted without errno. */
int error_set(struct error *e, int code, int exit_status, const char *fmt, ...) _printf_(4, 5);

/* As error_set(), and appends ": " and the text of the errno. */
int error_errno(struct error *e, int code, int exit_status, const char *fmt, ...) _printf_(4, 5);

/* Puts "context: " in front of the message, and of those that follow. Returns e's code (or code_if_null when e is
 * NULL). */
int error_prefix(struct error *e, int code_if_null, const char *fmt, ...) _printf_(3, 4);

/* The message, never NULL: falls back to the text of the code. Borrowed. */
const char *error_message(const struct error *e);

/* Puts what `from` has behind all that `to` has, which may be nothing yet; from is empty afterwards. */
void error_append(struct error *to, struct error *from);

/* Moves from into to (whose content is freed); from is empty afterwards. */
void error_move(struct error *to, struct error *from);
