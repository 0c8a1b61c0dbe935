/* Finds members by their first and last byte, so that only these are made objects: listing many containers would
 * otherwise be parsing, for the most part, of what nobody asked for. */
#include "spec_text.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/parse.h"

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

static bool is_blank(char c) {
        return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void skip_blanks(struct scanner *s) {
        while (s->p < s->end && is_blank(*s->p))
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
        const char *quote = s->p;

        for (;;) {
                size_t backslashes = 0;

                quote = memchr(quote + 1, '"', (size_t) (s->end - quote - 1));
                if (!quote)
                        return false;
                while (quote[-1 - (ptrdiff_t) backslashes] == '\\')
                        backslashes++;
                if (backslashes % 2 == 0)
                        break;
        }
        s->p = quote + 1;
        return true;
}

/* Brackets have their counterparts and strings their ends; what is between them is not judged. */
static bool skip_value(struct scanner *s, struct span *ret) {
        static const bool special[UINT8_MAX + 1] = {
                ['"'] = true, [','] = true, ['['] = true, [']'] = true, ['{'] = true, ['}'] = true,
        };
        char closing[DEPTH_MAX];
        size_t depth = 0;

        skip_blanks(s);
        ret->start = s->p;
        for (; s->p < s->end; s->p++) {
                char c = *s->p;

                if (!special[(uint8_t) c])
                        continue;
                if (c == '"') {
                        if (!skip_string(s))
                                return false;
                        s->p--;
                } else if (c == '{' || c == '[') {
                        if (depth == DEPTH_MAX)
                                return false;
                        closing[depth++] = c == '{' ? '}' : ']';
                } else if (depth == 0) {
                        break;
                } else if (c != ',' && closing[--depth] != c) {
                        return false;
                }
        }
        ret->size = (size_t) (s->p - ret->start);
        while (ret->size > 0 && is_blank(ret->start[ret->size - 1]))
                ret->size--;
        return depth == 0 && ret->size > 0;
}

/* key: with its quotes. false: the text is not one to take the short way with. */
typedef bool (*member_t)(const struct span *key, const struct span *value, void *userdata);

/* The members of the object that is all of `text`. */
static bool each_member(const struct span *text, member_t member, void *userdata) {
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
                        if (memchr(key.start, '\\', key.size) || !take(&s, ':') || !skip_value(&s, &value) ||
                            !member(&key, &value, userdata))
                                return false;
                } while (take(&s, ','));
                if (!take(&s, '}'))
                        return false;
        }
        skip_blanks(&s);
        return s.p == s.end;
}

static bool is_text(const struct span *span, const char *text) {
        return span->size == strlen(text) && memcmp(span->start, text, span->size) == 0;
}

/* The values of these two; those that are not there stay empty. */
struct found {
        const char *names[2]; /* quoted */
        struct span values[2];
};

static bool find_member(const struct span *key, const struct span *value, void *userdata) {
        struct found *f = userdata;

        for (size_t i = 0; i < ELEMENTS_OF(f->names) && f->names[i]; i++) {
                if (!is_text(key, f->names[i]))
                        continue;
                if (f->values[i].start)
                        return false;
                f->values[i] = *value;
        }
        return true;
}

/* What an option says without being there, as we write it. Most options of most containers are so. */
static const struct {
        const char *name, *value;
} defaults[] = {
        {"\"activation\"", "{\"autoStart\":true,\"reloadScript\":null,\"strategy\":\"restart\"}"},
        {"\"bindMounts\"", "[]"},
        {"\"bridge\"", "null"},
        {"\"containerNetworkConfig\"", "null"},
        {"\"credentials\"", "[]"},
        {"\"declarative\"", "false"},
        {"\"ephemeral\"", "false"},
        {"\"extraVeths\"", "{}"},
        {"\"hostNetworkConfig\"", "null"},
        {"\"mountDaemonSocket\"", "false"},
        {"\"outsideAccess\"", "\"global\""},
        {"\"sharedNix\"", "true"},
        {"\"systemCallFilter\"", "null"},
        {"\"timeoutStartSec\"", "\"90s\""},
        {"\"userNamespacing\"", "true"},
        {"\"zone\"", "null"},
};

struct kept {
        struct buffer text, value; /* value: the one being looked at */
        bool seen[ELEMENTS_OF(defaults)];
};

/* Blanks between words are a third of what there would be to parse. */
static bool append_compact(struct buffer *b, const struct span *value) {
        struct scanner s = {value->start, value->start + value->size};

        while (s.p < s.end) {
                const char *start = s.p;

                if (*s.p == '"' && !skip_string(&s))
                        return false;
                while (s.p < s.end && *s.p != '"' && !is_blank(*s.p))
                        s.p++;
                buffer_append(b, start, (size_t) (s.p - start));
                /* What only a blank keeps apart is no JSON, and must not become any. */
                start = s.p;
                skip_blanks(&s);
                if (s.p > start && s.p < s.end && !strchr("{}[],:", start[-1]) && !strchr("{}[],:", *s.p))
                        return false;
        }
        return true;
}

static bool keep_option(const struct span *key, const struct span *value, void *userdata) {
        struct kept *k = userdata;

        buffer_consume(&k->value, k->value.size);
        if (!append_compact(&k->value, value))
                return false;
        for (size_t i = 0; i < ELEMENTS_OF(defaults); i++) {
                if (!is_text(key, defaults[i].name))
                        continue;
                if (k->seen[i])
                        return false;
                k->seen[i] = true;
                if (string_equal(buffer_text(&k->value), defaults[i].value))
                        return true;
        }
        buffer_append(&k->text, key->start, key->size);
        buffer_append(&k->text, ":", 1);
        buffer_append(&k->text, k->value.data, k->value.size);
        buffer_append(&k->text, ",", 1);
        return true;
}

/* nspawn: empty where there is none. */
static json_t *parse(const struct span *version, struct kept *kept, const struct span *nspawn) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;

        buffer_append_string(&b, "{\"version\":");
        buffer_append(&b, version->start, version->size);
        buffer_append_string(&b, ",\"config\":{\"nixosContainer\":{");
        /* Without the last comma. */
        buffer_append(&b, buffer_text(&kept->text), kept->text.size - (kept->text.size > 0));
        if (nspawn->start && !is_text(nspawn, "{}")) {
                buffer_append_string(&b, "},\"systemd\":{\"nspawn\":");
                buffer_append(&b, nspawn->start, nspawn->size);
        }
        buffer_append_string(&b, "}}}");
        if (buffer_error(&b) < 0 || buffer_error(&kept->text) < 0 || buffer_error(&kept->value) < 0)
                return NULL;
        return json_loadb(b.data, b.size, JSON_REJECT_DUPLICATES, NULL);
}

int spec_text_options(const char *text, size_t size, json_t **ret) {
        const struct span all = {text, size};
        struct found members = {.names = {"\"version\"", "\"config\""}},
                     config = {.names = {"\"nixosContainer\"", "\"systemd\""}}, systemd = {.names = {"\"nspawn\""}};
        struct kept kept = {.text = BUFFER_INIT, .value = BUFFER_INIT};

        *ret = NULL;
        if (each_member(&all, find_member, &members) && members.values[0].start && members.values[1].start &&
            each_member(&members.values[1], find_member, &config) && config.values[0].start &&
            (!config.values[1].start || each_member(&config.values[1], find_member, &systemd)) &&
            each_member(&config.values[0], keep_option, &kept))
                *ret = parse(&members.values[0], &kept, &systemd.values[0]);
        buffer_clear(&kept.text);
        buffer_clear(&kept.value);
        return *ret ? 0 : -EBADMSG;
}
