/* The hosts: line is edited in place, as people keep comments and columns in that file. The word goes in as " nspawn"
 * behind `files`, or "nspawn " before the first service, so that taking the word and that one blank out again gives the
 * bytes that were there. */
#include "nsswitch.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <string.h>

#define SERVICE "nspawn"
#define BLANKS  " \t\r"
/* glibc's own choice when there is no hosts: line, and the line that we add then. */
#define ADDED_LINE "hosts: files " SERVICE " dns\n"

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

/* Where the word goes on this line, and what is written there. */
static size_t place(const char *text, const struct span *line, const char **ret_word) {
        struct span word, next;
        size_t at = 0;

        while (next_word(line, &at, &word)) {
                if (!word_is(&word, "files"))
                        continue;
                /* An action belongs to the service before it. */
                while (next_word(line, &at, &next) && next.start[0] == '[')
                        word = next;
                *ret_word = " " SERVICE;
                return (size_t) (word.start + word.length - text);
        }
        at = 0;
        if (next_word(line, &at, &word)) {
                *ret_word = SERVICE " ";
                return (size_t) (word.start - text);
        }
        *ret_word = " " SERVICE;
        return (size_t) (line->start - text);
}

int nsswitch_add(const char *text, char **ret) {
        const char *rest = text, *word, *newline;
        struct span line;
        size_t at;

        if (nsswitch_has(text)) {
                *ret = strdup(text);
                return *ret ? 0 : -ENOMEM;
        }
        if (next_hosts_line(&rest, &line)) {
                at = place(text, &line, &word);
                *ret = replace(text, at, 0, word);
        } else {
                /* A last line without an end: end it after ours instead, so that it can be told from one that had. */
                newline = *text && text[strlen(text) - 1] != '\n' ? "\n" : "";
                *ret = *newline ? format("%s\nhosts: files " SERVICE " dns", text) : format("%s" ADDED_LINE, text);
        }
        return *ret ? 1 : -ENOMEM;
}

/* The line that nsswitch_add() made is the file's last one. */
static char *remove_added_line(const char *text) {
        size_t length = strlen(text), added = strlen(ADDED_LINE);

        if (length >= added && strcmp(text + length - added, ADDED_LINE) == 0 &&
            (length == added || text[length - added - 1] == '\n'))
                return strndup(text, length - added);
        /* "\nhosts: files nspawn dns": as long as the line with its end. */
        if (length > added && text[length - added] == '\n' &&
            strncmp(text + length - added + 1, ADDED_LINE, added - 1) == 0)
                return strndup(text, length - added);
        return NULL;
}

/* The word with the blank that came with it, and, when somebody gave it one, its action. */
static struct span with_blank(const struct span *line, const struct span *word) {
        size_t at = (size_t) (word->start + word->length - line->start);
        const char *start = word->start, *end = word->start + word->length;
        struct span next;
        bool first = true;

        for (const char *p = line->start; p < start; p++)
                if (!strchr(BLANKS, *p))
                        first = false;
        while (next_word(line, &at, &next) && next.start[0] == '[')
                end = next.start + next.length;
        if (first && end < line->start + line->length && strchr(BLANKS, *end))
                end++;
        else if (start > line->start && strchr(BLANKS, start[-1]))
                start--;
        return (struct span){start, (size_t) (end - start)};
}

int nsswitch_remove(const char *text, char **ret) {
        _cleanup_(freep) char *result = remove_added_line(text);
        struct span line, word;
        const char *rest;
        int removed = result != NULL;

        if (!result)
                result = strdup(text);
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
