/* Host directories of bind mounts: made 0755 where nothing is, left alone where anything is. */
#include "base/file.h"
#include "tree_private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Bytes of path up to and with its first part that does not exist; 0 when all do. */
static size_t first_missing(const char *path) {
        _cleanup_(freep) char *part = strdup(path);
        struct stat st;

        for (size_t i = 1; part && path[i - 1]; i++) {
                if (path[i] != '/' && path[i])
                        continue;
                part[i] = '\0';
                if (lstat(part, &st) < 0)
                        return i;
                part[i] = path[i];
        }
        return 0;
}

static void unmake(char *path, size_t from) {
        for (;;) {
                if (rmdir(path) < 0 || strlen(path) <= from)
                        return;
                *strrchr(path, '/') = '\0';
        }
}

static int make_from(const json_t *list, size_t i, struct error *e) {
        const char *mount = json_string_value(json_array_get(list, i));
        _cleanup_(freep) char *path = mount ? strndup(mount, strcspn(mount, ":")) : NULL;
        size_t missing;
        int r;

        if (i >= json_array_size(list))
                return 0;
        if (!mount || mount[0] != '/' || !path)
                return error_set(e, EINVAL, EXIT_CONTAINER, "nixosContainer.bindMounts[%zu] is not an absolute path",
                                 i);
        missing = first_missing(path);
        r = missing > 0 ? directory_make(path, 0755) : 0;
        if (r < 0) {
                error_errno(e, r, EXIT_CONTAINER, "nixosContainer.bindMounts[%zu]: making the directory %s on the host",
                            i, path);
                unmake(path, missing);
                return r;
        }
        /* Those of the others: when one fails, this one goes as well. */
        r = make_from(list, i + 1, e);
        if (r < 0 && missing > 0)
                unmake(path, missing);
        return r;
}

int tree_make_bind_sources(const json_t *spec, struct error *e) {
        const json_t *options = json_object_get(json_object_get(spec, "config"), "nixosContainer");

        return make_from(json_object_get(options, "bindMounts"), 0, e);
}
