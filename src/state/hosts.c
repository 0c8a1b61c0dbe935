/* A last line without an end keeps having none: ours, behind it, then have none either, which is how it is seen that
 * the end of line before them is ours, too. */
#include "hosts.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/string-list.h"

#include <errno.h>
#include <string.h>

#define MARK " # nixos-nspawn apply"

static bool is_ours(const char *line, size_t size) {
        return size > strlen(MARK) && memcmp(line + size - strlen(MARK), MARK, strlen(MARK)) == 0;
}

/* What is not ours, in order. *ret_place: how much of it comes before the first of ours; all of it when there is none.
 */
static void append_others(const char *text, struct buffer *b, size_t *ret_place) {
        bool seen = false;

        for (const char *line = text, *next; *line; line = next) {
                size_t size = strcspn(line, "\n");

                next = line + size + (line[size] == '\n');
                if (!is_ours(line, size)) {
                        buffer_append(b, line, (size_t) (next - line));
                        continue;
                }
                if (!seen)
                        *ret_place = b->size;
                seen = true;
                /* The end of the line before came with it. */
                if (!*next && line[size] != '\n' && b->size > 0 && *ret_place == b->size)
                        b->size--;
        }
        if (!seen || *ret_place > b->size)
                *ret_place = b->size;
}

int hosts_write(const char *text, char *const *lines, char **ret) {
        _cleanup_(buffer_clear) struct buffer others = BUFFER_INIT, b = BUFFER_INIT;
        const char *rest;
        size_t place = 0;
        bool open;

        append_others(text, &others, &place);
        if (buffer_error(&others) < 0)
                return -ENOMEM;
        rest = buffer_text(&others);
        open = place > 0 && rest[place - 1] != '\n';
        buffer_append(&b, rest, place);
        for (; lines && *lines; lines++)
                buffer_append_format(&b, open ? "\n%s" MARK : "%s" MARK "\n", *lines);
        buffer_append(&b, rest + place, others.size - place);
        *ret = buffer_error(&b) < 0 ? NULL : strdup(buffer_text(&b));
        if (!*ret)
                return -ENOMEM;
        return strcmp(*ret, text) != 0;
}

int hosts_read(const char *text, char ***ret) {
        _cleanup_(strings_freep) char **list = calloc(1, sizeof(*list));
        size_t n = 0;
        int r = list ? 0 : -ENOMEM;

        for (const char *line = text; *line && r >= 0;) {
                size_t size = strcspn(line, "\n");

                if (is_ours(line, size)) {
                        _cleanup_(freep) char *own = strndup(line, size - strlen(MARK));

                        r = own ? strings_append(&list, &n, own) : -ENOMEM;
                }
                line += size + (line[size] == '\n');
        }
        if (r < 0)
                return r;
        *ret = steal_ptr(list);
        return 0;
}
