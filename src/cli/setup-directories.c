/* Folders that containers need. */
#include "cli/setup.h"

#include "base/file.h"
#include "base/paths.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
        const char *path;
        mode_t mode;
} directories[] = {
        {PATH_LIB, 0755},   {PATH_PROFILES, 0755}, {PATH_TREES, 0755},    {PATH_LOGS, 0755},
        {PATH_UNITS, 0755}, {PATH_NETWORKS, 0755}, {PATH_MACHINES, 0700},
};

/* mkdir -p, with each folder that is made on record. path is scratch memory. */
static int make(struct setup *s, char *path, mode_t mode, struct error *e) {
        for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
                if (slash)
                        *slash = '\0';
                if (access(path, F_OK) < 0) {
                        if (!s->dry_run && mkdir(path, slash ? 0755 : mode) < 0)
                                return error_errno(e, errno, EXIT_FAILED, "cannot make %s", path);
                        setup_say(s, "make %s", path);
                        if (json_array_append_new(json_object_get(s->record, "directories"), json_string(path)) < 0)
                                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot make %s", path);
                }
                if (!slash)
                        return 0;
                *slash = '/';
        }
}

int setup_directories(struct setup *s, struct error *e) {
        for (size_t n = 0; n < ELEMENTS_OF(directories); n++) {
                _cleanup_(freep) char *path = strdup(directories[n].path);
                int r = path ? make(s, path, directories[n].mode, e) : -ENOMEM;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Those that were made and are empty, the last one first. What holds something stays, with its record. */
int setup_directories_undo(struct setup *s, struct error *e) {
        json_t *made = json_object_get(s->record, "directories");

        for (size_t n = json_array_size(made); n-- > 0;) {
                const char *path = json_string_value(json_array_get(made, n));

                if (!path)
                        continue;
                if (s->dry_run)
                        setup_say(s, "remove %s, if it is empty", path);
                else if (rmdir(path) == 0)
                        setup_say(s, "remove %s", path);
                else if (errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY) {
                        setup_say(s, "keep %s, which is not empty", path);
                        continue;
                } else if (errno != ENOENT)
                        return error_errno(e, errno, EXIT_FAILED, "cannot remove %s", path);
                if (!s->dry_run)
                        (void) json_array_remove(made, n);
        }
        return 0;
}
