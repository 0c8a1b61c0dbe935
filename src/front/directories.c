/* Folders on the host: those that bind mounts name, and the container's own. */
#include "front/directories.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "base/string-list.h"
#include "state/confs.h"
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

const char *directories_folder(const char *name) {
        _cleanup_(freep) char *conf = NULL;
        enum container_kind kind;
        bool old;

        if (store_kind(name, &kind) < 0 || kind != CONTAINER_NIXOS || confs_find(name, &conf, &old) < 0)
                return PATH_MACHINES;
        return old ? PATH_STATES_OLD : PATH_STATES;
}

char *directories_root(const char *name) {
        return format("%s/%s", directories_folder(name), name);
}

bool directories_is_tree(const char *path) {
        _cleanup_(freep) char *usr = format("%s/usr", path);

        return usr && access(usr, F_OK) == 0;
}

/* A link into the store may lead nowhere from here. */
bool directories_is_built(const char *path) {
        _cleanup_(freep) char *init = format("%s/init", path);

        return init && faccessat(AT_FDCWD, init, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int directories_remove_nix(const char *name, struct error *e) {
        static const char *const folders[] = {PATH_NIX_PROFILES, PATH_NIX_GCROOTS};
        _cleanup_(freep) char *configuration = format(PATH_CONFIGURATIONS "/%s.nix", name);

        if (configuration)
                (void) file_remove(configuration);
        for (size_t i = 0; i < ELEMENTS_OF(folders); i++) {
                _cleanup_(freep) char *own = format("%s" PATH_NIX_OWN "/%s", folders[i], name);
                int r = own ? tree_remove(own) : -ENOMEM;

                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot delete all of %s", own ?: folders[i]);
        }
        return 0;
}

bool directories_has_root(const char *name) {
        _cleanup_(freep) char *path = directories_root(name);

        return path && access(path, F_OK) == 0;
}

int directories_make_root(const char *name, struct error *e) {
        _cleanup_(freep) char *root = directories_root(name);
        int r = root ? directory_make(PATH_STATES, 0700) : -ENOMEM;

        if (r >= 0)
                r = directory_make(root, 0755);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot make the files of %s", name) : 0;
}

/* Whether the folder is to be made; what is in the list is made by then. */
static bool is_missing(const char *path, char *const *folders) {
        for (; folders && *folders; folders++)
                if (string_equal(*folders, path))
                        return false;
        return access(path, F_OK) < 0;
}

/* path is scratch memory. */
static int append_missing(char *path, char ***folders, size_t *n) {
        for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
                int r;

                if (slash)
                        *slash = '\0';
                r = is_missing(path, *folders) ? strings_append(folders, n, path) : 0;
                if (r < 0 || !slash)
                        return r;
                *slash = '/';
        }
}

int directories_missing(char *const *bind_mounts, char ***ret, struct error *e) {
        _cleanup_(strings_freep) char **folders = NULL;
        size_t n = 0;

        for (; bind_mounts && *bind_mounts; bind_mounts++) {
                const char *source = *bind_mounts;
                _cleanup_(freep) char *path = NULL;
                int r;

                /* systemd-nspawn(1): '+' takes the path from the container's own tree. */
                if (source[0] == '+' || source[0] == ':')
                        continue;
                path = strndup(source, strcspn(source, ":"));
                r = !path ? -ENOMEM : path[0] != '/' ? -EINVAL : append_missing(path, &folders, &n);
                if (r < 0)
                        return error_errno(e, r, EXIT_CONTAINER, "cannot make the host's side of the bind mount '%s'",
                                           source);
        }
        *ret = steal_ptr(folders);
        return 0;
}

int directories_make(char *const *folders, struct error *e) {
        for (; folders && *folders; folders++)
                if (mkdir(*folders, 0755) < 0 && errno != EEXIST)
                        return error_errno(e, errno, EXIT_CONTAINER, "cannot make %s, the host's side of a bind mount",
                                           *folders);
        return 0;
}

void directories_remove(char *const *made) {
        size_t n = 0;

        for (char *const *p = made; p && *p; p++)
                n++;
        while (n-- > 0)
                (void) rmdir(made[n]);
}
