/* The .nspawn link by which systemd finds a container. Only links that lead into our profiles are ours. */
#include "store.h"

#include "base/file.h"
#include "base/paths.h"
#include "model/names.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static int link_paths(const char *name, char **ret_path, char **ret_target) {
        if (container_name_problem(name))
                return -EINVAL;
        *ret_path = format("%s/%s.nspawn", PATH_UNITS, name);
        *ret_target = format("%s/%s/system/nixos-nspawn/%s.nspawn", PATH_PROFILES, name, name);
        return *ret_path && *ret_target ? 0 : -ENOMEM;
}

/* 1: it leads to target; 0: there is nothing; -EEXIST: something else. */
static int link_state(const char *path, const char *target) {
        char found[PATH_MAX];
        ssize_t n = readlink(path, found, sizeof found - 1);

        if (n < 0)
                return errno == ENOENT ? 0 : errno == EINVAL ? -EEXIST : -errno;
        found[n] = '\0';
        return strcmp(found, target) == 0 ? 1 : -EEXIST;
}

int store_link(const char *name, struct error *e) {
        _cleanup_(freep) char *path = NULL, *target = NULL;
        int r;

        r = link_paths(name, &path, &target);
        if (r == 0)
                r = link_state(path, target);
        if (r == -EEXIST)
                return error_set(e, r, EXIT_CONTAINER,
                                 "'%s' exists and is not of this program; move it away or choose another name", path);
        if (r > 0)
                return 0;
        if (r == 0)
                r = directory_make(PATH_UNITS, 0755);
        if (r == 0)
                r = symlink_atomic(target, path);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot link '%s/%s.nspawn'", PATH_UNITS, name);
        return 0;
}

int store_unlink(const char *name, struct error *e) {
        _cleanup_(freep) char *path = NULL, *target = NULL;
        int r;

        r = link_paths(name, &path, &target);
        if (r == -EINVAL)
                return 0;
        if (r == 0)
                r = link_state(path, target);
        if (r == 0 || r == -EEXIST)
                return 0;
        if (r > 0)
                r = file_remove(path);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot remove '%s/%s.nspawn'", PATH_UNITS, name);
        return 0;
}
