/* Strict parsing: the whole string or nothing, no sign, no blanks, no octal, no locale. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal number in min..max. -EINVAL when it is not a number, -ERANGE when it is out of bounds. */
int parse_unsigned(const char *s, uint64_t min, uint64_t max, uint64_t *ret);

/* Port 1..65535. */
int parse_port(const char *s, uint16_t *ret);

/* yes/no/true/false/on/off/1/0, as systemd.syntax(7) has it. */
int parse_boolean(const char *s, bool *ret);

/* Time span of systemd.time(7): "90s", "1min 30s", "5m", "infinity", plain number = seconds. In microseconds;
 * UINT64_MAX for infinity. */
int parse_timespan(const char *s, uint64_t *ret_usec);

bool string_starts_with(const char *s, const char *prefix);
bool string_equal(const char *a, const char *b); /* NULL equals only NULL */
/* Safe in a file, a log and a terminal: no control characters, valid UTF-8. */
bool string_is_clean(const char *s);
