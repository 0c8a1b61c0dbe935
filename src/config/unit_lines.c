#include "unit_lines.h"

#include <string.h>

#define BLANKS " \t"

char *unit_strip(char *s) {
        char *end;

        s += strspn(s, BLANKS);
        end = s + strlen(s);
        while (end > s && strchr(BLANKS, end[-1]))
                *--end = '\0';
        return s;
}

/* A backslash protects the one behind it (config_parse() in systemd's src/shared/conf-parser.c). */
bool unit_line_goes_on(const char *line) {
        size_t n = strlen(line), backslashes = 0;

        while (backslashes < n && line[n - 1 - backslashes] == '\\')
                backslashes++;
        return backslashes % 2 == 1;
}

/* A carriage return is an end of its own, and one together with a line feed beside it (read_line() in systemd's
 * src/basic/fileio.c). */
static char *take(struct unit_lines *l) {
        char *line = l->rest, *end = line + strcspn(line, "\n\r");
        const char other = *end == '\n' ? '\r' : '\n';

        l->rest = *end ? end + (end[1] == other ? 2 : 1) : end;
        *end = '\0';
        l->taken++;
        return unit_strip(line);
}

char *unit_lines_next(struct unit_lines *l, unsigned *ret_number) {
        char *line = NULL, *to = NULL;

        while (*l->rest) {
                char *piece = take(l);
                size_t n = strlen(piece);

                if (*piece == '#' || *piece == ';' || (!line && n == 0))
                        continue;
                if (!line) {
                        line = to = piece;
                        *ret_number = l->taken;
                }
                memmove(to, piece, n + 1);
                to += n;
                if (!*l->rest || !unit_line_goes_on(line))
                        break;
                to[-1] = ' ';
        }
        return line ? unit_strip(line) : NULL;
}
