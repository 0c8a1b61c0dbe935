/* The hosts: line is edited in place, as people keep comments and columns in that file. The word goes in as " nspawn"
 * behind `files`, or "nspawn " before the first service, so that taking the word and that one blank out again gives the
 * bytes that were there. */
#include "nsswitch.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define SERVICE "nspawn"
#define BLANKS  " \t\r"
/* glibc's own choice when there is no hosts: line, and the line that we add then: marked, so that nobody else's line,
 * whatever it says, is taken for it. */
#define ADDED      "hosts: files " SERVICE " dns # added by nixos-nspawn"
#define ADDED_LINE ADDED "\n"

/* A run of text: from inside the file, length bytes. */
struct span {
        const char *start;
        size_t length;
};

/* The services of the next hosts: line at or after *text, without comment; *text moves behind the line. */
static bool next_hosts_line(const char **text, struct span *ret) {
        while (**text) {
                const char *line = *text, *end = line + strcspn(line, "\n"), *p = line + strspn(line, BLANKS);

                *text = *end ? end + 1 : end;
                if (strncmp(p, "hosts", 5) != 0)
                        continue;
                p += 5;
                p += strspn(p, BLANKS);
                if (*p != ':')
                        continue;
                p++;
                *ret = (struct span){p, strcspn(p, "#\n")};
                return true;
        }
        return false;
}

/* The next word in the span after *at (an offset); "[NOTFOUND=return]" is one word, blanks inside or not. */
static bool next_word(const struct span *line, size_t *at, struct span *ret) {
        const char *p = line->start + *at, *end = line->start + line->length, *start;

        while (p < end && strchr(BLANKS, *p))
                p++;
        if (p == end)
                return false;
        start = p;
        if (*p == '[') {
                while (p < end && *p != ']')
                        p++;
                if (p < end)
                        p++;
        } else
                while (p < end && !strchr(BLANKS "[", *p))
                        p++;
        *ret = (struct span){start, (size_t) (p - start)};
        *at = (size_t) (p - line->start);
        return true;
}

static bool word_is(const struct span *w, const char *s) {
        return w->length == strlen(s) && memcmp(w->start, s, w->length) == 0;
}

static bool find_word(const struct span *line, const char *word, struct span *ret) {
        size_t at = 0;

        while (next_word(line, &at, ret))
                if (word_is(ret, word))
                        return true;
        return false;
}

bool nsswitch_has(const char *text) {
        struct span line, word;

        while (next_hosts_line(&text, &line))
                if (find_word(&line, SERVICE, &word))
                        return true;
        return false;
}

/* text with `length` bytes at `at` replaced by s. */
static char *replace(const char *text, size_t at, size_t length, const char *s) {
        return format("%.*s%s%s", (int) at, text, s, text + at + length);
}

/* A service with its action, if it has one. */
struct service {
        struct span name;
        struct span action; /* length 0: none */
};

static bool is_action(const struct span *word) {
        return word->start[0] == '[' && word->start[word->length - 1] == ']';
}

/* Actions at *at; *ret stays as it was when there is none. */
static void next_actions(const struct span *line, size_t *at, struct span *ret) {
        struct span word;

        for (size_t ahead = *at; next_word(line, &ahead, &word) && is_action(&word); *at = ahead)
                *ret = word;
}

static bool next_service(const struct span *line, size_t *at, struct service *ret) {
        *ret = (struct service){0};
        if (!next_word(line, at, &ret->name))
                return false;
        next_actions(line, at, &ret->action);
        return true;
}

static const char *service_end(const struct service *s) {
        return s->action.length > 0 ? s->action.start + s->action.length : s->name.start + s->name.length;
}

/* Whether services behind this one may go unasked although it found nothing: by its action, or because it answers for
 * all names there are. */
static bool is_last_word(const struct service *s) {
        static const char *const all_names[] = {"resolve", "dns"};
        _cleanup_(freep) char *action = strndup(s->action.start ?: "", s->action.length);
        const char *stop = action;

        if (s->name.start[0] == '[') /* it has no end: nothing behind it is read */
                return true;
        for (size_t i = 0; i < ELEMENTS_OF(all_names); i++)
                if (word_is(&s->name, all_names[i]))
                        return true;
        while (stop && (stop = strcasestr(stop, "=return"))) {
                if (stop - action < 7 || strncasecmp(stop - 7, "success", 7) != 0)
                        return true;
                stop++;
        }
        return false;
}

/* Where the word goes on this line, and what is written there: behind `files`, but before the first service that would
 * keep ours from being asked. */
static size_t place(const char *text, const struct span *line, const char **ret_word) {
        struct span stray = {0};
        const char *end = NULL; /* of what stands before the place */
        bool behind_action;
        struct service s;
        size_t at = 0;

        next_actions(line, &at, &stray); /* of no service: a mistake, which stays */
        if (stray.start)
                end = stray.start + stray.length;
        behind_action = end != NULL;
        for (size_t start = at; next_service(line, &at, &s); start = at) {
                bool files = word_is(&s.name, "files");

                if (is_last_word(&s)) {
                        at = start;
                        break;
                }
                end = service_end(&s);
                behind_action = s.action.length > 0;
                if (files)
                        break;
        }
        if (end) {
                /* A service may stand right behind an action. */
                bool open = end < line->start + line->length && !strchr(BLANKS, *end);

                *ret_word = open && behind_action ? SERVICE " " : " " SERVICE;
                return (size_t) (end - text);
        }
        if (next_word(line, &at, &s.name)) {
                *ret_word = SERVICE " ";
                return (size_t) (s.name.start - text);
        }
        *ret_word = " " SERVICE;
        return (size_t) (line->start + line->length - text);
}

/* Whether the file's last line is the one that nsswitch_add() makes; returns how much of the text it is, or 0. */
static size_t ends_in_added_line(const char *text) {
        size_t length = strlen(text), added = strlen(ADDED_LINE);

        if (length >= added && strcmp(text + length - added, ADDED_LINE) == 0 &&
            (length == added || text[length - added - 1] == '\n'))
                return added;
        /* With a newline before it instead of behind it. */
        if (length > added && text[length - added] == '\n' && strcmp(text + length - added + 1, ADDED) == 0)
                return added;
        return 0;
}

int nsswitch_add(const char *text, char **ret) {
        const char *rest = text, *word;
        struct span line;
        size_t at;

        if (nsswitch_has(text)) {
                *ret = strdup(text);
                return *ret ? 0 : -ENOMEM;
        }
        if (next_hosts_line(&rest, &line)) {
                at = place(text, &line, &word);
                *ret = replace(text, at, 0, word);
                if (*ret && ends_in_added_line(*ret)) /* somebody took the word out of our line: that is kept, too */
                        (*ret)[word[0] == ' ' ? at : at + strlen(SERVICE)] = '\t';
        } else {
                /* Behind a last line without an end ours has none either, so that taking it out knows that. */
                bool open = *text && text[strlen(text) - 1] != '\n';

                *ret = open ? format("%s\n" ADDED, text) : format("%s" ADDED_LINE, text);
        }
        return *ret ? 1 : -ENOMEM;
}

/* The word with the blank that came with it, and, when somebody gave it one, its action. */
static struct span with_blank(const struct span *line, const struct span *word) {
        size_t at = (size_t) (word->start + word->length - line->start);
        const char *start = word->start, *end = word->start + word->length;
        struct span action = {0};
        bool first = true, before, behind;

        for (const char *p = line->start; p < start; p++)
                if (!strchr(BLANKS, *p))
                        first = false;
        next_actions(line, &at, &action);
        if (action.start)
                end = action.start + action.length;
        before = start > line->start && strchr(BLANKS, start[-1]);
        behind = end < line->start + line->length && strchr(BLANKS, *end);
        if (before && !(first && behind))
                start--;
        else if (behind)
                end++;
        return (struct span){start, (size_t) (end - start)};
}

int nsswitch_remove(const char *text, char **ret) {
        size_t added = ends_in_added_line(text);
        _cleanup_(freep) char *result = strndup(text, strlen(text) - added);
        struct span line, word;
        const char *rest;
        int removed = added > 0;

        if (!result)
                return -ENOMEM;
        rest = result;
        while (next_hosts_line(&rest, &line)) {
                struct span gone;
                char *shorter;

                if (!find_word(&line, SERVICE, &word))
                        continue;
                gone = with_blank(&line, &word);
                shorter = replace(result, (size_t) (gone.start - result), gone.length, "");
                if (!shorter)
                        return -ENOMEM;
                free(result);
                rest = result = shorter;
                removed = 1;
        }
        *ret = steal_ptr(result);
        return removed;
}
