/* The lines of a file in the syntax of systemd.syntax(7). */
#pragma once

#include <stdbool.h>

/* rest: what is still to be read, NUL-terminated, which is changed in place; taken: how many of its lines were. */
struct unit_lines {
        char *rest;
        unsigned taken;
};

/* The next line that says something, without blanks around it, joined with those in which it goes on; comments, also
 * those in the midst of it, are left out. ret_number: where it begins, from 1. NULL at the end. */
char *unit_lines_next(struct unit_lines *l, unsigned *ret_number);

/* Without the blanks on both sides, in place. */
char *unit_strip(char *s);

/* A line that ends like this takes in the next one. As the last line of a file, or as a value to be written, that is a
 * mistake. */
bool unit_line_goes_on(const char *line);
