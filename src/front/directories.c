/* Folders on the host: those that bind mounts name, and the container's own. */
#include "front/directories.h"

#include "base/file.h"
#include "base/paths.h"
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

static int append(char ***list, const char *s) {
        size_t n = 0;
        char **longer, *copy;

        for (char **p = *list; p && *p; p++)
                n++;
        copy = strdup(s);
        longer = copy ? reallocarray(*list, n + 2, sizeof(*longer)) : NULL;
        if (!longer) {
                free(copy);
                return -ENOMEM;
        }
        longer[n] = copy;
        longer[n + 1] = NULL;
        *list = longer;
        return 0;
}

/* mkdir -p that remembers what it made. path is scratch memory. */
static int make_folders(char *path, char ***made) {
        for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
                if (slash)
                        *slash = '\0';
                if (mkdir(path, 0755) == 0) {
                        if (append(made, path) < 0) {
                                (void) rmdir(path);
                                return -ENOMEM;
                        }
                } else if (errno != EEXIST)
                        return -errno;
                if (!slash)
                        return 0;
                *slash = '/';
        }
}

int directories_make_bind_sources(char *const *bind_mounts, char ***ret_made, struct error *e) {
        for (; bind_mounts && *bind_mounts; bind_mounts++) {
                const char *source = *bind_mounts;
                _cleanup_(freep) char *path = NULL;
                int r;

                /* systemd-nspawn(1): '+' takes the path from the container's own tree. */
                if (source[0] == '+' || source[0] == ':')
                        continue;
                path = strndup(source, strcspn(source, ":"));
                if (path && path[0] == '/' && access(path, F_OK) == 0)
                        continue;
                r = !path ? -ENOMEM : path[0] != '/' ? -EINVAL : make_folders(path, ret_made);
                if (r < 0)
                        return error_errno(e, r, EXIT_CONTAINER, "cannot make the host's side of the bind mount '%s'",
                                           source);
        }
        return 0;
}

void directories_remove(char **made) {
        size_t n = 0;

        for (char **p = made; p && *p; p++)
                n++;
        while (n-- > 0)
                (void) rmdir(made[n]);
}
