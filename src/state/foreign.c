#include "foreign.h"

#include "base/file.h"
#include "base/paths.h"
#include "base/string-list.h"
#include "config/nspawn_file.h"
#include "model/names.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX   ".nspawn"
#define FILE_MAX 1048576

static const char *const folders[] = {PATH_UNITS, PATH_RUNTIME_UNITS};

/* Where the name is cut off, or 0. */
static size_t name_size(const char *file) {
        size_t size = strlen(file);

        return size > strlen(SUFFIX) && strcmp(file + size - strlen(SUFFIX), SUFFIX) == 0 ? size - strlen(SUFFIX) : 0;
}

static bool is_own(char *const *own, const char *name) {
        for (; *own; own++)
                if (strcmp(*own, name) >= 0)
                        return strcmp(*own, name) == 0;
        return false;
}

static int list_folder(const char *path, char *const *own, char ***list, size_t *n) {
        _cleanup_(directory_closep) DIR *d = opendir(path);
        struct dirent *entry;
        int r = 0;

        if (!d)
                return errno == ENOENT ? 0 : -errno;
        while (r >= 0 && (errno = 0, entry = readdir(d))) {
                size_t size = name_size(entry->d_name);

                if (size == 0)
                        continue;
                entry->d_name[size] = '\0';
                if (!container_name_problem(entry->d_name) && !is_own(own, entry->d_name))
                        r = strings_append(list, n, entry->d_name);
        }
        return r < 0 ? r : -errno;
}

int foreign_list(char *const *own, char ***ret) {
        _cleanup_(strings_freep) char **list = calloc(1, sizeof *list);
        size_t n = 0;
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTS_OF(folders) && r >= 0; i++)
                r = list_folder(folders[i], own, &list, &n);
        if (r < 0)
                return r;
        strings_sort_unique(list, n);
        *ret = steal_ptr(list);
        return 0;
}

int foreign_find(const char *name, char **ret) {
        for (size_t i = 0; i < ELEMENTS_OF(folders); i++) {
                _cleanup_(freep) char *path = format("%s/%s" SUFFIX, folders[i], name);

                if (!path)
                        return -ENOMEM;
                if (access(path, F_OK) < 0)
                        continue;
                *ret = steal_ptr(path);
                return 0;
        }
        return -ENOENT;
}

int foreign_load(const char *name, struct container *ret, struct error *e) {
        _cleanup_(freep) char *path = NULL, *text = NULL;
        size_t size;
        int r = foreign_find(name, &path);

        if (r == -ENOENT)
                return error_set(e, r, EXIT_USAGE, "Container %s does not exist!", name);
        if (r >= 0)
                r = file_read(path, FILE_MAX, &text, &size);
        if (r < 0)
                return error_errno(e, r, EXIT_CONTAINER, "cannot read '%s'", path ?: name);
        if (memchr(text, '\0', size))
                return error_set(e, EINVAL, EXIT_CONTAINER, "'%s' is not text", path);
        return nspawn_file_to_container(text, name, path, ret, e);
}
