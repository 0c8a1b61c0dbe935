/* What Nix writes to stderr, made into one sentence with a position in the person's own file.
 *
 * With --log-format internal-json each message is a line "@nix {JSON}" with the position apart from the words, and with
 * --show-trace what was being evaluated. Two things in there are ours (nix/portable/lib/errors.nix): problems that the
 * module set has thrown, and, in the trace, which option was being evaluated and where it was set. */
#include "nix.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "problem.h"

#include <errno.h>
#include <string.h>

#define MARK "@nixos-nspawn "
#define LINE "@nix "

#define SAID_MAX 100

char *nix_plain(const char *s) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        bool blank = false;

        while (*s) {
                unsigned char c = (unsigned char) *s;

                if (c == '\033' && s[1] == '[') {
                        s += 2;
                        s += strspn(s, "0123456789;");
                        s += *s != '\0';
                        continue;
                }
                if (c <= ' ' || c == 0x7F)
                        blank = b.size > 0;
                else {
                        if (blank)
                                buffer_append_byte(&b, ' ');
                        blank = false;
                        buffer_append_byte(&b, c);
                }
                s++;
        }
        return buffer_steal(&b);
}

/* One line of the log as a message that tells of an error, or NULL. Some have no raw_msg, but "error:" in msg. */
static json_t *parse_error(const char *line, size_t size) {
        json_t *message = json_loadb(line, size, 0, NULL);
        const char *text = json_string_value(json_object_get(message, "msg"));
        _cleanup_(freep) char *plain = text ? nix_plain(text) : NULL;

        if (json_is_string(json_object_get(message, "raw_msg")))
                return message;
        if (plain && string_starts_with(plain, "error: ") &&
            json_object_set_new(message, "raw_msg", json_string(plain + strlen("error: "))) == 0)
                return message;
        json_decref(message);
        return NULL;
}

/* The last error in the log: the one that ended the evaluation. NULL when there is none. */
static json_t *find_error(const char *text) {
        json_t *found = NULL;

        while (*text) {
                size_t n = strcspn(text, "\n");

                if (n > strlen(LINE) && string_starts_with(text, LINE)) {
                        json_t *error = parse_error(text + strlen(LINE), n - strlen(LINE));

                        if (error) {
                                json_decref(found);
                                found = error;
                        }
                }
                text += n + (text[n] == '\n');
        }
        return found;
}

/* JSON behind our mark, or NULL. */
static json_t *behind_mark(const json_t *message) {
        const char *s = json_string_value(json_object_get(message, "raw_msg"));

        return s && string_starts_with(s, MARK) ? json_loads(s + strlen(MARK), 0, NULL) : NULL;
}

/* "FILE:LINE:COLUMN" of a message or an entry of a trace, unless it has none or it is in the portable options. Newer
 * versions of Nix put line and column behind the file's name as well, and say "«none»", 0 for what has no position. */
static char *position_of(const json_t *message, const char *portable) {
        const char *file = json_string_value(json_object_get(message, "file"));
        json_int_t line = json_integer_value(json_object_get(message, "line"));
        json_int_t column = json_integer_value(json_object_get(message, "column"));
        _cleanup_(freep) char *numbers = NULL;
        size_t length;

        if (!file || file[0] != '/' || line <= 0 || column <= 0 || !string_is_clean(file) ||
            string_starts_with(file, portable))
                return NULL;
        numbers = format(":%" JSON_INTEGER_FORMAT ":%" JSON_INTEGER_FORMAT, line, column);
        if (!numbers)
                return NULL;
        length = strlen(file);
        if (length > strlen(numbers) && string_equal(file + length - strlen(numbers), numbers))
                length -= strlen(numbers);
        return format("%.*s%s", (int) length, file, numbers);
}

/* Where the error is: where Nix says, or the nearest thing around it that is in a file of the person's, or the option
 * that was being evaluated. */
static char *find_position(const json_t *error, const char *portable) {
        char *position = position_of(error, portable);
        const json_t *entry;
        size_t i;

        json_array_foreach (json_object_get(error, "trace"), i, entry) {
                json_t *context;
                const char *where;

                if (position)
                        break;
                context = behind_mark(entry);
                where = json_string_value(json_object_get(context, "where"));
                position = where ? strdup(where) : position_of(entry, portable);
                json_decref(context);
        }
        return position;
}

/* Positions have the absolute path; a person sees the config as they called it. */
static char *as_shown(const char *where, const char *file, const char *shown) {
        const char *rest = where && string_starts_with(where, file) ? where + strlen(file) : NULL;

        if (rest && (*rest == '\0' || *rest == ':'))
                return format("%s%s", shown, rest);
        return strdup(where ? where : shown);
}

/* What to do about words of Nix that do not say it. */
static const char *advice_for(const char *words) {
        static const struct {
                const char *words, *advice;
        } known[] = {
                {"called with unexpected argument", "; let the function's arguments end with '...'"},
                {"was not found in the Nix search path", "; a portable config does without nixpkgs"},
                {"in restricted mode", "; a portable config reads only files of this machine"},
                {"infinite recursion encountered", "; a value depends on itself"},
                {"memory exhausted", "; it is nested too deeply"},
                {"out of memory", "; does the config go round in circles?"},
        };

        for (size_t i = 0; i < ELEMENTS_OF(known); i++)
                if (strstr(words, known[i].words))
                        return known[i].advice;
        return "";
}

static int set_words(const char *where, const char *words, struct error *e) {
        return error_set(e, EINVAL, EXIT_CONTAINER, "%s: %.*s%s", where, 1000, words, advice_for(words));
}

/* Where Nix could not write JSON (it ran out of stack): the words behind "error:". */
static int plain_error(const char *text, const char *shown, struct error *e) {
        const char *found = NULL, *p = text;
        _cleanup_(freep) char *words = NULL;

        while ((p = strstr(p, "error:"))) {
                p += strlen("error:");
                found = p;
        }
        words = nix_plain(found ? found : text);
        if (!words || !*words)
                return error_set(e, EIO, EXIT_COMMAND, "%s: nix-instantiate failed and said nothing", shown);
        return set_words(shown, words, e);
}

static int error_in_words(const json_t *error, const char *where, struct error *e) {
        _cleanup_(freep) char *words = nix_plain(json_string_value(json_object_get(error, "raw_msg")));

        if (!words)
                return error_errno(e, ENOMEM, EXIT_FAILED, "%s: reading what Nix says", where);
        return set_words(where, words, e);
}

/* The definitions of a conflict have positions of their own. */
static void show_positions(json_t *problem, const char *file, const char *shown) {
        json_t *where = json_object_get(problem, "where"), *definition;
        _cleanup_(freep) char *text = where ? as_shown(json_string_value(where), file, shown) : NULL;
        size_t i;

        if (text)
                (void) json_object_set_new(problem, "where", json_string(text));
        json_array_foreach (json_object_get(problem, "definitions"), i, definition)
                show_positions(definition, file, shown);
}

static int problem_in_words(json_t *problem, const char *where, const char *file, const char *shown,
                            const json_t *table, struct error *e) {
        show_positions(problem, file, shown);
        return problem_from_nix(problem, where, table, e);
}

/* What evaluate.nix has said before the end came. */
static void add_said(const char *text, const char *file, const char *shown, const json_t *table, struct error *e) {
        unsigned left = SAID_MAX;

        while (*text && left > 0) {
                size_t n = strcspn(text, "\n");
                json_t *line = n > strlen(LINE) && string_starts_with(text, LINE)
                                       ? json_loadb(text + strlen(LINE), n - strlen(LINE), 0, NULL)
                                       : NULL;
                const char *words = json_string_value(json_object_get(line, "msg"));
                const char *said = words ? strstr(words, "trace: " MARK) : NULL;
                json_t *problem = said ? json_loads(said + strlen("trace: " MARK), JSON_DISABLE_EOF_CHECK, NULL) : NULL;

                if (problem) {
                        _cleanup_(error_clear) struct error one = ERROR_INIT;

                        (void) problem_in_words(problem, shown, file, shown, table, &one);
                        error_append(e, &one);
                        left--;
                }
                json_decref(problem);
                json_decref(line);
                text += n + (text[n] == '\n');
        }
}

/* The error that ended the evaluation. */
static int last_error(const json_t *error, const char *file, const char *shown, const char *portable,
                      const json_t *table, struct error *e) {
        _cleanup_(freep) char *position = find_position(error, portable);
        _cleanup_(freep) char *where = as_shown(position, file, shown);
        json_t *problem = behind_mark(error);
        int r;

        if (!where)
                r = error_errno(e, ENOMEM, EXIT_FAILED, "%s: reading what Nix says", shown);
        else
                r = problem ? problem_in_words(problem, where, file, shown, table, e) : error_in_words(error, where, e);
        json_decref(problem);
        return r;
}

int nix_error(const char *text, const char *file, const char *shown, const char *portable, const json_t *table,
              struct error *e) {
        _cleanup_(error_clear) struct error all = ERROR_INIT, last = ERROR_INIT;
        json_t *error = find_error(text);
        int r;

        if (!error)
                return plain_error(text, shown, e);
        r = last_error(error, file, shown, portable, table, &last);
        json_decref(error);
        add_said(text, file, shown, table, &all);
        error_append(&all, &last);
        problem_sort(&all);
        error_move(e, &all);
        return r;
}
