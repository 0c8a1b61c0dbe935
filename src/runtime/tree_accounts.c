/* passwd, group and their shadows of a root: a tree with another service brings another user.
 *
 * An account that the root has, by name, stays as it is. */
#include "base/buffer.h"
#include "base/parse.h"
#include "beneath.h"
#include "tree_private.h"

#include <errno.h>
#include <string.h>

#define ACCOUNTS_MAX (1024 * 1024)

static const struct {
        const char *path;
        mode_t mode;
        bool shadow; /* of group shadow, which is 42 in every Debian */
} files[] = {
        {"/etc/passwd", 0644, false},
        {"/etc/group", 0644, false},
        {"/etc/shadow", 0640, true},
        {"/etc/gshadow", 0640, true},
};

/* The line of text whose first field is the name; NULL: none. */
static const char *find_line(const char *text, const char *name, size_t n) {
        for (const char *line = text; *line;) {
                size_t length = strcspn(line, "\n");

                if (length > n && strncmp(line, name, n) == 0 && line[n] == ':')
                        return line;
                line += length + (line[length] == '\n');
        }
        return NULL;
}

static int merge_file(int tree, int root, size_t i, uid_t shift) {
        const gid_t group = files[i].shadow ? 42 : 0;
        struct beneath_entry entry = {.mode = files[i].mode, .uid = shift, .gid = group + shift};
        _cleanup_(freep) char *theirs = NULL, *ours = NULL;
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        _cleanup_(fd_closep) int folder = -1;
        const char *name;
        size_t before;
        int r;

        r = beneath_read(tree, files[i].path, ACCOUNTS_MAX, &theirs, NULL);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = beneath_read(root, files[i].path, ACCOUNTS_MAX, &ours, NULL);
        /* A folder, or more than any host has: the guest's own affair. */
        if (r == -EISDIR || r == -EFBIG)
                return 0;
        if (r < 0 && r != -EINVAL && r != -ELOOP)
                return r == -ENOENT ? 0 : r; /* then it is copied whole */
        /* What is no file at all (a pipe, on which every program that looks would wait) is replaced by the tree's. */
        if (r < 0 && !(ours = strdup("")))
                return -ENOMEM;
        buffer_append_string(&b, ours);
        if (b.size > 0 && ours[b.size - 1] != '\n')
                buffer_append_byte(&b, '\n');
        before = b.size;
        for (const char *line = theirs; *line;) {
                size_t length = strcspn(line, "\n"), n = strcspn(line, ":\n");

                if (n > 0 && n < length && !find_line(ours, line, n))
                        buffer_append_format(&b, "%.*s\n", (int) length, line);
                line += length + (line[length] == '\n');
        }
        if (b.size == before)
                return buffer_error(&b);
        folder = beneath_parent(root, files[i].path, shift, NULL, NULL, &name);
        if (folder < 0)
                return folder;
        entry.data = b.data;
        entry.size = b.size;
        return buffer_error(&b) < 0 ? -ENOMEM : beneath_put(folder, name, &entry);
}

int tree_merge_accounts(int tree, int root, uid_t shift) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < ELEMENTS_OF(files); i++)
                r = merge_file(tree, root, i, shift);
        return r;
}

int tree_find_account(int root, const char *file, const char *text, uid_t *ret) {
        _cleanup_(freep) char *accounts = NULL, *number = NULL;
        const char *line;
        uint64_t n;
        int r;

        if (text[0] == '+' || parse_unsigned(text, 0, 65535, &n) == 0) {
                r = parse_unsigned(text + (text[0] == '+'), 0, 65535, &n);
                *ret = (uid_t) n;
                return r;
        }
        r = beneath_read(root, file, ACCOUNTS_MAX, &accounts, NULL);
        if (r < 0)
                return r;
        line = find_line(accounts, text, strlen(text));
        line = line ? strchr(line + strlen(text) + 1, ':') : NULL; /* NAME:PASSWORD:NUMBER: */
        if (!line)
                return -ENOENT;
        number = strndup(line + 1, strcspn(line + 1, ":\n"));
        if (!number)
                return -ENOMEM;
        r = parse_unsigned(number, 0, 65535, &n);
        *ret = (uid_t) n;
        return r;
}
