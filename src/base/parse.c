/* strtoul(3) and friends accept blanks, signs and trailing text; these do not. */
#include "parse.h"

#include "cleanup.h"

#include <errno.h>
#include <string.h>

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

int parse_unsigned(const char *s, uint64_t min, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;
        bool overflow = false;

        if (!s || !*s)
                return -EINVAL;
        /* No leading zero: "010" is 8 to some and 10 to others. */
        if (s[0] == '0' && s[1])
                return -EINVAL;
        for (; *s; s++) {
                if (!is_digit(*s))
                        return -EINVAL;
                if (__builtin_mul_overflow(value, (uint64_t) 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (*s - '0'), &value))
                        overflow = true;
        }
        if (overflow || value < min || value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}

int parse_port(const char *s, uint16_t *ret) {
        uint64_t value;
        int r = parse_unsigned(s, 1, UINT16_MAX, &value);

        if (r < 0)
                return r;
        *ret = (uint16_t) value;
        return 0;
}

int parse_boolean(const char *s, bool *ret) {
        static const char *const yes[] = {"1", "yes", "y", "true", "t", "on"};
        static const char *const no[] = {"0", "no", "n", "false", "f", "off"};

        if (!s)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTS_OF(yes); i++) {
                if (strcasecmp(s, yes[i]) == 0)
                        return *ret = true, 0;
                if (strcasecmp(s, no[i]) == 0)
                        return *ret = false, 0;
        }
        return -EINVAL;
}

#define USEC_PER_SEC UINT64_C(1000000)

static const struct time_unit {
        const char *name;
        uint64_t usec;
} time_units[] = {
        {"usec", 1},
        {"us", 1},
        {"µs", 1},
        {"msec", 1000},
        {"ms", 1000},
        {"seconds", USEC_PER_SEC},
        {"second", USEC_PER_SEC},
        {"sec", USEC_PER_SEC},
        {"s", USEC_PER_SEC},
        {"", USEC_PER_SEC},
        {"minutes", 60 * USEC_PER_SEC},
        {"minute", 60 * USEC_PER_SEC},
        {"min", 60 * USEC_PER_SEC},
        {"m", 60 * USEC_PER_SEC},
        {"hours", 3600 * USEC_PER_SEC},
        {"hour", 3600 * USEC_PER_SEC},
        {"hr", 3600 * USEC_PER_SEC},
        {"h", 3600 * USEC_PER_SEC},
        {"days", 86400 * USEC_PER_SEC},
        {"day", 86400 * USEC_PER_SEC},
        {"d", 86400 * USEC_PER_SEC},
        {"weeks", 7 * 86400 * USEC_PER_SEC},
        {"week", 7 * 86400 * USEC_PER_SEC},
        {"w", 7 * 86400 * USEC_PER_SEC},
        {"months", 2629800 * USEC_PER_SEC},
        {"month", 2629800 * USEC_PER_SEC},
        {"M", 2629800 * USEC_PER_SEC},
        {"years", 31557600 * USEC_PER_SEC},
        {"year", 31557600 * USEC_PER_SEC},
        {"y", 31557600 * USEC_PER_SEC},
};

static const struct time_unit *time_unit_find(const char *name, size_t length) {
        for (size_t i = 0; i < ELEMENTS_OF(time_units); i++)
                if (strlen(time_units[i].name) == length && memcmp(time_units[i].name, name, length) == 0)
                        return &time_units[i];
        return NULL;
}

/* Digits at *s, which moves behind them. */
static int parse_digits(const char **s, uint64_t *ret) {
        const char *p = *s;
        uint64_t value = 0;

        if (!is_digit(*p))
                return -EINVAL;
        for (; is_digit(*p); p++)
                if (__builtin_mul_overflow(value, (uint64_t) 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (*p - '0'), &value))
                        return -ERANGE;
        *s = p;
        *ret = value;
        return 0;
}

/* One "NUMBER[.FRACTION][ ]UNIT" at *s, which moves behind it. */
static int parse_timespan_part(const char **s, uint64_t *ret) {
        uint64_t whole, usec, fraction, scale = 1;
        const struct time_unit *unit;
        const char *p = *s, *digits = NULL;
        size_t n_digits = 0, length;
        int r;

        r = parse_digits(&p, &whole);
        if (r < 0)
                return r;
        if (*p == '.') {
                digits = ++p;
                n_digits = strspn(p, "0123456789");
                if (n_digits == 0)
                        return -EINVAL;
                p += n_digits;
        }
        p += strspn(p, " ");
        length = strcspn(p, " 0123456789.");
        unit = time_unit_find(p, length);
        if (!unit)
                return -EINVAL;
        p += length;
        if (__builtin_mul_overflow(whole, unit->usec, &usec))
                return -ERANGE;
        for (size_t i = 0; i < n_digits; i++) {
                /* Stop below a microsecond. */
                if (__builtin_mul_overflow(scale, (uint64_t) 10, &scale) || scale > unit->usec)
                        break;
                fraction = unit->usec / scale * (uint64_t) (digits[i] - '0');
                if (__builtin_add_overflow(usec, fraction, &usec))
                        return -ERANGE;
        }
        *s = p;
        *ret = usec;
        return 0;
}

int parse_timespan(const char *s, uint64_t *ret_usec) {
        uint64_t total = 0, part;
        int r;

        if (!s)
                return -EINVAL;
        s += strspn(s, " ");
        if (!*s)
                return -EINVAL;
        if (strcmp(s, "infinity") == 0) {
                *ret_usec = UINT64_MAX;
                return 0;
        }
        while (*s) {
                r = parse_timespan_part(&s, &part);
                if (r < 0)
                        return r;
                if (__builtin_add_overflow(total, part, &total) || total == UINT64_MAX)
                        return -ERANGE;
                s += strspn(s, " ");
        }
        *ret_usec = total;
        return 0;
}

bool string_starts_with(const char *s, const char *prefix) {
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool string_equal(const char *a, const char *b) {
        if (!a || !b)
                return a == b;
        return strcmp(a, b) == 0;
}

/* Length of the UTF-8 sequence at s that stands for a printable character, 0 when there is none. */
static size_t utf8_sequence(const uint8_t *s) {
        uint32_t code;
        size_t length;

        if (s[0] < 0x80)
                return s[0] >= 0x20 && s[0] != 0x7f ? 1 : 0;
        if (s[0] >= 0xc2 && s[0] <= 0xdf)
                length = 2, code = s[0] & 0x1fu;
        else if (s[0] >= 0xe0 && s[0] <= 0xef)
                length = 3, code = s[0] & 0x0fu;
        else if (s[0] >= 0xf0 && s[0] <= 0xf4)
                length = 4, code = s[0] & 0x07u;
        else
                return 0;
        for (size_t i = 1; i < length; i++) {
                if ((s[i] & 0xc0) != 0x80) /* the NUL at the end is one of these */
                        return 0;
                code = code << 6 | (s[i] & 0x3fu);
        }
        if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000) || code > 0x10ffff ||
            (code >= 0xd800 && code <= 0xdfff))
                return 0;
        /* C1 controls, and the characters that turn the direction of text around on a terminal. */
        if (code < 0xa0 || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
                return 0;
        return length;
}

bool string_is_clean(const char *s) {
        const uint8_t *p = (const uint8_t *) s;

        while (*p) {
                size_t n = utf8_sequence(p);

                if (n == 0)
                        return false;
                p += n;
        }
        return true;
}
