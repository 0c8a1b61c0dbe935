/* passwd(5) and group(5), which the guest wrote: each field is checked, what does not fit is no user. */
#include "enter.h"

#include "base/file.h"
#include "base/parse.h"

#include <errno.h>
#include <string.h>

#define FILE_MAX (4 * 1024 * 1024)

/* Splits a line at colons; returns how many fields there are, at most max. */
static size_t split(char *line, char *fields[], size_t max) {
        size_t n = 0;

        while (line && n < max) {
                fields[n++] = line;
                line = strchr(line, ':');
                if (line)
                        *line++ = '\0';
        }
        return n;
}

static char *next_line(char **rest) {
        char *line = *rest, *end;

        if (!line || !*line)
                return NULL;
        end = strchr(line, '\n');
        *rest = end ? end + 1 : NULL;
        if (end)
                *end = '\0';
        return line;
}

static int parse_id(const char *s, uint32_t *ret) {
        uint64_t n;
        int r = parse_unsigned(s, 0, UINT32_MAX - 1, &n);

        if (r >= 0)
                *ret = (uint32_t) n;
        return r;
}

static bool copy_field(char *to, size_t size, const char *from) {
        if (strlen(from) >= size)
                return false;
        strcpy(to, from);
        return true;
}

static int find_groups(const char *prefix, struct guest_user *u) {
        _cleanup_(freep) char *path = format("%s/etc/group", prefix), *text = NULL;
        char *rest, *line;

        if (!path)
                return -ENOMEM;
        u->groups[u->n_groups++] = u->gid;
        if (file_read(path, FILE_MAX, &text, NULL) < 0)
                return 0;
        rest = text;
        while ((line = next_line(&rest)) && u->n_groups < ELEMENTS_OF(u->groups)) {
                char *fields[4], *members;
                gid_t gid;

                if (split(line, fields, 4) != 4 || parse_id(fields[2], &gid) < 0)
                        continue;
                members = fields[3];
                for (char *member; (member = strsep(&members, ","));)
                        if (!strcmp(member, u->name) && gid != u->gid) {
                                u->groups[u->n_groups++] = gid;
                                break;
                        }
        }
        return 0;
}

int guest_user_find(const char *prefix, const char *name, struct guest_user *ret) {
        _cleanup_(freep) char *path = format("%s/etc/passwd", prefix), *text = NULL;
        char *rest, *line;
        uint32_t number = UINT32_MAX;
        int r;

        if (!path)
                return -ENOMEM;
        r = file_read(path, FILE_MAX, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        (void) parse_id(name, &number);
        rest = text;
        while ((line = next_line(&rest))) {
                struct guest_user u = {.uid = 0};
                char *fields[7];

                if (split(line, fields, 7) != 7 || parse_id(fields[2], &u.uid) < 0 || parse_id(fields[3], &u.gid) < 0)
                        continue;
                if (strcmp(fields[0], name) != 0 && u.uid != number)
                        continue;
                if (!copy_field(u.name, sizeof u.name, fields[0]) || !copy_field(u.home, sizeof u.home, fields[5]) ||
                    !copy_field(u.shell, sizeof u.shell, fields[6]))
                        continue;
                r = find_groups(prefix, &u);
                if (r >= 0)
                        *ret = u;
                return r;
        }
        return -ESRCH;
}
