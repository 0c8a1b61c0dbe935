#include "confs.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "model/names.h"
#include "state/store.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define SUFFIX ".conf"

/* What other programs keep in PATH_CONFS_OLD. */
static bool is_foreign(const char *name) {
        static const char *const names[] = {"libpod", "containers", "registries", "storage", "mounts"};

        for (size_t i = 0; i < ELEMENTS_OF(names); i++)
                if (strcmp(name, names[i]) == 0)
                        return true;
        return false;
}

int confs_find(const char *name, char **ret_path, bool *ret_old) {
        static const char *const folders[] = {PATH_CONFS, PATH_CONFS_OLD};

        if (container_name_problem(name))
                return -ENOENT;
        for (size_t i = 0; i < ELEMENTS_OF(folders); i++) {
                _cleanup_(freep) char *path = format("%s/%s" SUFFIX, folders[i], name);

                if (!path)
                        return -ENOMEM;
                if ((i > 0 && is_foreign(name)) || access(path, F_OK) < 0)
                        continue;
                *ret_path = steal_ptr(path);
                if (ret_old)
                        *ret_old = i > 0;
                return 0;
        }
        return -ENOENT;
}

static int load_file(const char *path, struct conf *ret, struct error *e) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r = file_read(path, CONF_SIZE_MAX, &text, &size);

        if (r < 0)
                return error_errno(e, r, EXIT_CONTAINER, "cannot read '%s'", path);
        if (strlen(text) != size)
                return error_set(e, EINVAL, EXIT_CONTAINER, "%s is not text", path);
        return conf_parse(text, path, ret, e);
}

int confs_load(const char *name, struct conf *ret, char **ret_path, struct error *e) {
        _cleanup_(freep) char *path = NULL;
        int r = confs_find(name, &path, NULL);

        if (r < 0)
                return error_set(e, r, EXIT_USAGE, "container '%s' does not exist", name);
        r = load_file(path, ret, e);
        if (r >= 0 && ret_path)
                *ret_path = steal_ptr(path);
        return r;
}

int confs_save(const char *name, const struct conf *c, struct error *e) {
        _cleanup_(freep) char *path = NULL, *text = conf_text(c);
        int r = confs_find(name, &path, NULL);

        if (r == -ENOENT) {
                path = format(PATH_CONFS "/%s" SUFFIX, name);
                r = container_name_problem(name) ? -EINVAL : directory_make(PATH_CONFS, 0755);
        }
        if (r >= 0)
                r = path && text ? file_write_atomic(path, text, strlen(text), conf_is_declared(c) ? 0444 : 0644, true)
                                 : -ENOMEM;
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot write '%s'", path ?: name) : 0;
}

int confs_remove(const char *name, struct error *e) {
        _cleanup_(freep) char *path = NULL;
        int r = confs_find(name, &path, NULL);

        if (r == -ENOENT)
                return 0;
        r = r < 0 ? r : file_remove(path);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot remove '%s'", path ?: name) : 0;
}

/* Appends the names in one folder to a NULL-terminated list. */
static int list_folder(const char *folder, bool old, char ***list, size_t *n) {
        _cleanup_(directory_closep) DIR *d = opendir(folder);

        if (!d)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
                size_t size = strlen(entry->d_name);
                int r;

                if (size <= strlen(SUFFIX) || strcmp(entry->d_name + size - strlen(SUFFIX), SUFFIX) != 0)
                        continue;
                entry->d_name[size - strlen(SUFFIX)] = '\0';
                if (container_name_problem(entry->d_name) || (old && is_foreign(entry->d_name)))
                        continue;
                r = strings_append(list, n, entry->d_name);
                if (r < 0)
                        return r;
        }
        return 0;
}

int confs_list(char ***ret) {
        _cleanup_(strings_freep) char **list = calloc(1, sizeof *list);
        size_t n = 0;
        int r = list ? list_folder(PATH_CONFS, false, &list, &n) : -ENOMEM;

        if (r >= 0)
                r = list_folder(PATH_CONFS_OLD, true, &list, &n);
        if (r < 0)
                return r;
        strings_sort_unique(list, n);
        *ret = steal_ptr(list);
        return 0;
}

int confs_load_container(const char *name, struct container *ret, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(conf_clear) struct conf conf = CONF_INIT;
        _cleanup_(freep) char *path = NULL;
        bool old = false;
        int r = confs_find(name, &path, &old);

        if (r < 0)
                return error_set(e, r, EXIT_USAGE, "container '%s' does not exist", name);
        r = load_file(path, &conf, e);
        if (r >= 0)
                r = conf_to_container(&conf, name, path, &c, e);
        if (r < 0)
                return r;
        c.root = format("%s/%s", c.ephemeral ? PATH_STATES_EPHEMERAL : old ? PATH_STATES_OLD : PATH_STATES, name);
        if (!c.root)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read '%s'", path);
        *ret = c;
        c = CONTAINER_INIT;
        return 0;
}

int confs_append_addresses(const char *except, struct prefix **list, size_t *n, struct error *e) {
        _cleanup_(strings_freep) char **names = NULL;
        int r = confs_list(&names);

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read the containers in " PATH_CONFS);
        for (char **name = names; *name; name++) {
                _cleanup_(conf_clear) struct conf conf = CONF_INIT;
                _cleanup_(freep) struct prefix *own = NULL;
                struct prefix *grown;
                size_t n_own = 0;

                if (string_equal(*name, except))
                        continue;
                r = confs_load(*name, &conf, NULL, e);
                if (r < 0)
                        return r;
                r = conf_addresses(&conf, &own, &n_own);
                grown = r < 0 ? NULL : reallocarray(*list, *n + n_own + 1, sizeof *grown);
                if (!grown)
                        return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the addresses of '%s'", *name);
                *list = grown;
                for (size_t i = 0; i < n_own; i++)
                        grown[(*n)++] = prefix_of_address(&own[i].address);
        }
        return 0;
}

int confs_address_clash(const struct container *c, bool skip_declared, const char **ret_key, char **ret_other,
                        struct error *e) {
        _cleanup_(strings_freep) char **names = NULL;
        int r = confs_list(&names);

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read the containers in " PATH_CONFS);
        for (char **name = names; *name; name++) {
                _cleanup_(conf_clear) struct conf conf = CONF_INIT;

                if (strcmp(*name, c->name) == 0)
                        continue;
                r = confs_load(*name, &conf, NULL, e);
                if (r < 0)
                        return r;
                if (skip_declared && conf_is_declared(&conf))
                        continue;
                r = conf_address_clash(&conf, c, ret_key);
                if (r > 0)
                        *ret_other = strdup(*name);
                if (r < 0 || (r > 0 && !*ret_other))
                        return error_errno(e, ENOMEM, EXIT_FAILED, "reading the addresses of %s", *name);
                if (r > 0)
                        return 1;
        }
        return 0;
}
