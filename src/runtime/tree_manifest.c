/* "/var/lib/nixos-nspawn/files" in a container's root: "tree NAME", then a path a line. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "beneath.h"
#include "tree_private.h"

#include <errno.h>
#include <string.h>

#define MANIFEST     "/var/lib/nixos-nspawn/files"
#define MANIFEST_MAX (1024 * 1024)

void manifest_clear(struct manifest *m) {
        for (size_t i = 0; i < m->n; i++)
                free(m->paths[i]);
        free(m->paths);
        free(m->tree);
        *m = (struct manifest){0};
}

/* Where path is, or would be. */
static size_t find(const struct manifest *m, const char *path, bool *ret_there) {
        size_t low = 0, high = m->n;

        while (low < high) {
                size_t middle = (low + high) / 2;
                int c = strcmp(m->paths[middle], path);

                if (c == 0) {
                        *ret_there = true;
                        return middle;
                }
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        *ret_there = false;
        return low;
}

bool manifest_has(const struct manifest *m, const char *path) {
        bool there;

        (void) find(m, path, &there);
        return there;
}

int manifest_add(struct manifest *m, const char *path) {
        bool there;
        size_t at = find(m, path, &there);
        char **paths, *copy;

        if (there)
                return 0;
        copy = strdup(path);
        paths = reallocarray(m->paths, m->n + 1, sizeof(*paths));
        if (paths)
                m->paths = paths;
        if (!copy || !paths) {
                free(copy);
                return -ENOMEM;
        }
        memmove(paths + at + 1, paths + at, (m->n - at) * sizeof(*paths));
        paths[at] = copy;
        m->n++;
        return 0;
}

/* A guest may have written this: what is no path of ours is passed by. */
static int take_line(struct manifest *m, const char *line) {
        if (string_starts_with(line, "tree ") && !m->tree) {
                m->tree = strdup(line + 5);
                return m->tree ? 0 : -ENOMEM;
        }
        return string_starts_with(line, "/etc/") && string_is_clean(line) ? manifest_add(m, line) : 0;
}

int manifest_read(int root, struct manifest *ret) {
        _cleanup_(manifest_clear) struct manifest m = {0};
        _cleanup_(freep) char *text = NULL;
        char *line, *rest;
        int r;

        *ret = m;
        r = beneath_read(root, MANIFEST, MANIFEST_MAX, &text, NULL);
        /* Gone, or replaced by something else: a guest could as well have emptied it. The next one takes its place. */
        if (r == -ENOENT || r == -ENOTDIR || r == -EINVAL || r == -EFBIG || r == -ELOOP)
                return 0;
        if (r < 0)
                return r;
        for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                r = take_line(&m, line);
                if (r < 0)
                        return r;
        }
        *ret = m;
        m = (struct manifest){0};
        return 0;
}

static void ignore_made(const char *path, void *userdata) {
}

int manifest_write(int root, const struct manifest *m, uid_t shift) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        _cleanup_(fd_closep) int folder = -1;
        struct beneath_entry entry = {.mode = 0600, .uid = shift, .gid = shift};
        const char *name;

        if (m->tree)
                buffer_append_format(&b, "tree %s\n", m->tree);
        for (size_t i = 0; i < m->n; i++)
                buffer_append_format(&b, "%s\n", m->paths[i]);
        if (buffer_error(&b) < 0)
                return -ENOMEM;
        folder = beneath_parent(root, MANIFEST, shift, ignore_made, NULL, &name);
        if (folder < 0)
                return folder;
        entry.data = buffer_text(&b);
        entry.size = b.size;
        return beneath_put(folder, name, &entry);
}
