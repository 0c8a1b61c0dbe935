/* The syntax of EnvironmentFile= (systemd.exec(5)), as a walk over the text that never looks back. */
#include "conf.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

void conf_clear(struct conf *c) {
        for (size_t i = 0; i < c->n; i++) {
                free(c->lines[i].text);
                free(c->lines[i].key);
                free(c->lines[i].value);
        }
        free(c->lines);
        *c = CONF_INIT;
}

/* Takes text, key and value over, also on failure. */
static int conf_append(struct conf *c, char *text, char *key, char *value, unsigned number) {
        struct conf_line *lines = reallocarray(c->lines, c->n + 1, sizeof *lines);

        if (lines)
                c->lines = lines;
        if (!lines || !text || (key && !value)) {
                free(text);
                free(key);
                free(value);
                return -ENOMEM;
        }
        lines[c->n++] = (struct conf_line){.text = text, .key = key, .value = value, .number = number};
        return 0;
}

static bool is_key(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!(isalpha((unsigned char) s[i]) || s[i] == '_' || (i > 0 && isdigit((unsigned char) s[i]))))
                        return false;
        return n > 0;
}

/* Between two single quotes everything is meant as it stands. Returns what follows them, NULL: they do not end. */
static const char *read_single(const char *p, struct buffer *b) {
        for (p++; *p && *p != '\''; p++)
                buffer_append_byte(b, (uint8_t) *p);
        return *p ? p + 1 : NULL;
}

/* Between double quotes a backslash protects what a shell would look at, joins lines, and is itself otherwise. */
static const char *read_double(const char *p, struct buffer *b) {
        for (p++; *p && *p != '"'; p++) {
                if (*p != '\\') {
                        buffer_append_byte(b, (uint8_t) *p);
                        continue;
                }
                p++;
                if (!*p)
                        return NULL;
                if (*p == '\n')
                        continue;
                if (!strchr("\"\\`$", *p))
                        buffer_append_byte(b, '\\');
                buffer_append_byte(b, (uint8_t) *p);
        }
        return *p ? p + 1 : NULL;
}

/* Outside quotes: to the end of the line, without the blanks there. A quote is one only where a part begins. */
static const char *read_bare(const char *p, struct buffer *b) {
        size_t end = b->size;

        for (; *p && *p != '\n'; p++) {
                if (*p == '\\') {
                        p++;
                        if (!*p)
                                break;
                        if (*p == '\n')
                                continue;
                        buffer_append_byte(b, (uint8_t) *p);
                        end = b->size;
                        continue;
                }
                buffer_append_byte(b, (uint8_t) *p);
                if (*p != ' ' && *p != '\t')
                        end = b->size;
        }
        if (!buffer_error(b) && b->size > end) {
                b->size = end;
                b->data[end] = '\0';
        }
        return p;
}

/* p: behind the "=". Returns the end of the line (its '\n' or the text's end), NULL with *problem. */
static const char *read_value(const char *p, struct buffer *b, const char **problem) {
        for (;;) {
                while (*p == ' ' || *p == '\t')
                        p++;
                if (!*p || *p == '\n')
                        return p;
                if (*p != '\'' && *p != '"')
                        return read_bare(p, b);
                p = *p == '\'' ? read_single(p, b) : read_double(p, b);
                if (!p) {
                        *problem = "a quote that begins here does not end";
                        return NULL;
                }
        }
}

/* A comment goes on over a backslash at the end of a line, as in systemd. */
static const char *skip_comment(const char *p) {
        for (; *p && *p != '\n'; p++)
                if (*p == '\\' && p[1])
                        p++;
        return p;
}

/* One line, which may be several in the file. *p: moved behind it. */
static int parse_line(const char **p, unsigned number, struct conf *c, const char **problem) {
        const char *start = *p, *s = start, *end;
        _cleanup_(buffer_clear) struct buffer value = BUFFER_INIT;
        char *key = NULL;

        while (*s == ' ' || *s == '\t')
                s++;
        if (*s == '#' || *s == ';')
                end = skip_comment(s);
        else if (!*s || *s == '\n')
                end = s;
        else {
                size_t n = strcspn(s, "=\n"), size = n;

                while (size > 0 && (s[size - 1] == ' ' || s[size - 1] == '\t'))
                        size--;
                if (s[n] != '=' || !is_key(s, size)) {
                        *problem = s[n] == '='
                                           ? "what stands before '=' is no name of a variable (letters, digits, '_')"
                                           : "expected KEY=VALUE, a comment or an empty line";
                        return -EINVAL;
                }
                end = read_value(s + n + 1, &value, problem);
                if (!end)
                        return -EINVAL;
                key = strndup(s, size);
                if (!key || buffer_error(&value)) {
                        free(key);
                        return -ENOMEM;
                }
        }
        bool open = !*end;
        int r;

        if (!open)
                end++;
        *p = end;
        r = conf_append(c, strndup(start, (size_t) (end - start)), key, key ? strdup(buffer_text(&value)) : NULL,
                        number);
        if (r >= 0)
                c->lines[c->n - 1].open = open;
        return r;
}

static unsigned lines_in(const char *text) {
        unsigned n = 0;

        for (; *text; text++)
                n += *text == '\n';
        return n;
}

static int refuse_controls(const char *text, const char *shown, struct error *e) {
        unsigned line = 1;

        for (const char *p = text; *p; line += *p == '\n', p++)
                if (((unsigned char) *p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f)
                        return error_set(e, EINVAL, EXIT_CONTAINER, "%s:%u: a control character (0x%02x)", shown, line,
                                         (unsigned char) *p);
        return 0;
}

int conf_parse(const char *text, const char *shown, struct conf *ret, struct error *e) {
        _cleanup_(conf_clear) struct conf c = CONF_INIT;
        unsigned number = 1;
        int r = refuse_controls(text, shown, e);

        if (r < 0)
                return r;
        for (const char *p = text; *p;) {
                const char *problem = NULL;

                r = parse_line(&p, number, &c, &problem);
                if (problem)
                        return error_set(e, EINVAL, EXIT_CONTAINER, "%s:%u: %s", shown, number, problem);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot read %s", shown);
                number += lines_in(c.lines[c.n - 1].text);
        }
        *ret = c;
        c = CONF_INIT;
        return 0;
}

static struct conf_line *find_last(const struct conf *c, const char *key) {
        for (size_t i = c->n; i-- > 0;)
                if (string_equal(c->lines[i].key, key))
                        return &c->lines[i];
        return NULL;
}

const char *conf_get(const struct conf *c, const char *key) {
        const struct conf_line *l = find_last(c, key);

        return l ? l->value : NULL;
}

static void remove_line(struct conf *c, size_t i) {
        free(c->lines[i].text);
        free(c->lines[i].key);
        free(c->lines[i].value);
        memmove(c->lines + i, c->lines + i + 1, (c->n - i - 1) * sizeof *c->lines);
        c->n--;
}

/* Bare where that means the same to every reader of such files, nixos-container's patterns included. */
static char *line_text(const char *key, const char *value) {
        struct buffer b = BUFFER_INIT;
        bool bare = true;

        for (const char *p = value; *p; p++)
                bare = bare && (isalnum((unsigned char) *p) || strchr("_./:,@%+=-", *p));
        buffer_append_format(&b, bare ? "%s=%s" : "%s=\"", key, bare ? value : "");
        for (const char *p = value; *p && !bare; p++) {
                if (strchr("\"\\`$", *p))
                        buffer_append_byte(&b, '\\');
                buffer_append_byte(&b, (uint8_t) *p);
        }
        buffer_append_string(&b, bare ? "\n" : "\"\n");
        return buffer_steal(&b);
}

/* A last line without its end gets one; after a backslash, which would join them, two. */
static int line_end(struct conf_line *l) {
        size_t size = strlen(l->text);
        char *whole = format(size > 0 && l->text[size - 1] == '\\' ? "%s\n\n" : "%s\n", l->text);

        if (!whole)
                return -ENOMEM;
        free(l->text);
        l->text = whole;
        l->open = false;
        return 0;
}

int conf_set(struct conf *c, const char *key, const char *value) {
        struct conf_line *last = find_last(c, key);
        _cleanup_(freep) char *text = NULL, *copy = NULL, *name = NULL;

        if (!is_key(key, strlen(key)) || (value && !string_is_clean(value)))
                return -EINVAL;
        if (value) {
                text = line_text(key, value);
                copy = strdup(value);
                name = strdup(key);
                if (!text || !copy || !name)
                        return -ENOMEM;
        }
        for (size_t i = c->n; i-- > 0;)
                if (string_equal(c->lines[i].key, key) && (!value || &c->lines[i] != last)) {
                        remove_line(c, i);
                        last = value ? find_last(c, key) : NULL;
                }
        if (!value)
                return 0;
        if (last) {
                if (string_equal(last->value, value))
                        return 0;
                free(last->text);
                free(last->value);
                last->text = steal_ptr(text);
                last->value = steal_ptr(copy);
                last->open = false;
                return 0;
        }
        if (c->n > 0 && c->lines[c->n - 1].open && line_end(&c->lines[c->n - 1]) < 0)
                return -ENOMEM;
        return conf_append(c, steal_ptr(text), steal_ptr(name), steal_ptr(copy), 0);
}

bool conf_is_declared(const struct conf *c) {
        return c->n > 0 && strcmp(c->lines[0].text, CONF_DECLARED) == 0;
}

char *conf_text(const struct conf *c) {
        struct buffer b = BUFFER_INIT;

        for (size_t i = 0; i < c->n; i++)
                buffer_append_string(&b, c->lines[i].text);
        return buffer_steal(&b);
}
