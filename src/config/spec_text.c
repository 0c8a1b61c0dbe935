/* Finds members by their first and last byte, so that only these are made objects: listing many containers would
 * otherwise be parsing, for the most part, of what nobody asked for. */
#include "spec_text.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 32

struct scanner {
        const char *p, *end;
};

struct span {
        const char *start;
        size_t size;
};

static void skip_blanks(struct scanner *s) {
        while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
                s->p++;
}

static bool take(struct scanner *s, char c) {
        skip_blanks(s);
        if (s->p == s->end || *s->p != c)
                return false;
        s->p++;
        return true;
}

/* From the quote on. */
static bool skip_string(struct scanner *s) {
        for (s->p++; s->p < s->end; s->p++) {
                if (*s->p == '"') {
                        s->p++;
                        return true;
                }
                if (*s->p == '\\' && ++s->p == s->end)
                        return false;
        }
        return false;
}

/* Brackets have their counterparts and strings their ends; what is between them is not judged. */
static bool skip_value(struct scanner *s, struct span *ret) {
        char closing[DEPTH_MAX];
        size_t depth = 0;

        skip_blanks(s);
        ret->start = s->p;
        for (; s->p < s->end; s->p++) {
                char c = *s->p;

                if (c == '"') {
                        if (!skip_string(s))
                                return false;
                        s->p--;
                } else if (c == '{' || c == '[') {
                        if (depth == DEPTH_MAX)
                                return false;
                        closing[depth++] = c == '{' ? '}' : ']';
                } else if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
                        break;
                } else if (c == '}' || c == ']') {
                        if (closing[--depth] != c)
                                return false;
                }
        }
        ret->size = (size_t) (s->p - ret->start);
        return depth == 0 && ret->size > 0;
}

static bool is_named(const struct span *key, const char *name) {
        return key->size == strlen(name) + 2 && memcmp(key->start + 1, name, key->size - 2) == 0;
}

/* The values of the object that is all of `text`, by their names; those that are not there stay empty. */
static bool find_members(const struct span *text, const char *const *names, struct span *values, size_t n) {
        struct scanner s = {text->start, text->start + text->size};

        if (!take(&s, '{'))
                return false;
        if (!take(&s, '}')) {
                do {
                        struct span key, value;

                        skip_blanks(&s);
                        key.start = s.p;
                        if (s.p == s.end || *s.p != '"' || !skip_string(&s))
                                return false;
                        key.size = (size_t) (s.p - key.start);
                        /* An escaped name could be any. */
                        if (memchr(key.start, '\\', key.size) || !take(&s, ':') || !skip_value(&s, &value))
                                return false;
                        for (size_t i = 0; i < n; i++) {
                                if (!is_named(&key, names[i]))
                                        continue;
                                if (values[i].start)
                                        return false;
                                values[i] = value;
                        }
                } while (take(&s, ','));
                if (!take(&s, '}'))
                        return false;
        }
        skip_blanks(&s);
        return s.p == s.end;
}

int spec_text_options(const char *text, size_t size, json_t **ret) {
        static const char *const members[] = {"version", "config"}, *const options[] = {"nixosContainer"};
        const struct span all = {text, size};
        struct span found[2] = {0}, part = {0};
        json_t *version, *object, *spec;

        if (!find_members(&all, members, found, 2) || !found[0].start || !found[1].start ||
            !find_members(&found[1], options, &part, 1) || !part.start)
                return -EBADMSG;
        version = json_loadb(found[0].start, found[0].size, JSON_DECODE_ANY, NULL);
        object = json_loadb(part.start, part.size, JSON_REJECT_DUPLICATES, NULL);
        if (!version || !object) {
                json_decref(version);
                json_decref(object);
                return -EBADMSG;
        }
        spec = json_pack("{s:o, s:{s:o}}", "version", version, "config", "nixosContainer", object);
        if (!spec)
                return -ENOMEM;
        *ret = spec;
        return 0;
}
