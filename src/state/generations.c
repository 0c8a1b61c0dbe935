/* Generations: made beside, synced, renamed into place, and then one symlink is switched. A crash leaves the old state
 * or the new one, and perhaps a hidden folder that the next change sweeps away. */
#include "store.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "model/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LINK "system"

static char *profile_folder(const char *name) {
        return container_name_problem(name) ? NULL : format("%s/%s", PATH_PROFILES, name);
}

/* "system-12" -> 12 */
static int generation_parse(const char *s, unsigned *ret) {
        uint64_t number;

        if (!string_starts_with(s, LINK "-") || parse_unsigned(s + strlen(LINK "-"), 1, INT_MAX, &number) < 0)
                return -EINVAL;
        *ret = (unsigned) number;
        return 0;
}

static int current_in(const char *folder, unsigned *ret) {
        _cleanup_(freep) char *path = format("%s/" LINK, folder);
        char target[64];
        ssize_t n;

        if (!path)
                return -ENOMEM;
        n = readlink(path, target, sizeof target - 1);
        if (n < 0)
                return -errno;
        target[n] = '\0';
        return generation_parse(target, ret) < 0 ? -ENOENT : 0;
}

int store_current_generation(const char *name, unsigned *ret) {
        _cleanup_(freep) char *folder = profile_folder(name);

        return folder ? current_in(folder, ret) : -ENOENT;
}

static int number_compare(const void *a, const void *b) {
        unsigned x = *(const unsigned *) a, y = *(const unsigned *) b;

        return x < y ? -1 : x > y;
}

static int generations_in(const char *folder, unsigned **ret, size_t *ret_n) {
        _cleanup_(directory_closep) DIR *d = opendir(folder);
        _cleanup_(freep) unsigned *numbers = NULL;
        struct dirent *entry;
        size_t n = 0;

        if (!d)
                return -errno;
        while ((errno = 0, entry = readdir(d))) {
                unsigned number, *grown;

                if (generation_parse(entry->d_name, &number) < 0)
                        continue;
                grown = reallocarray(numbers, n + 1, sizeof *numbers);
                if (!grown)
                        return -ENOMEM;
                numbers = grown;
                numbers[n++] = number;
        }
        if (errno)
                return -errno;
        if (n > 0)
                qsort(numbers, n, sizeof *numbers, number_compare);
        *ret = steal_ptr(numbers);
        *ret_n = n;
        return 0;
}

int store_generations(const char *name, unsigned **ret, size_t *ret_n) {
        _cleanup_(freep) char *folder = profile_folder(name);

        return folder ? generations_in(folder, ret, ret_n) : -ENOENT;
}

int store_previous_generation(const char *name, unsigned *ret) {
        _cleanup_(freep) unsigned *numbers = NULL;
        unsigned current;
        size_t n;
        int r;

        r = store_current_generation(name, &current);
        if (r < 0)
                return r;
        r = store_generations(name, &numbers, &n);
        if (r < 0)
                return r;
        while (n > 0)
                if (numbers[--n] < current) {
                        *ret = numbers[n];
                        return 0;
                }
        return -ENOENT;
}

static int folder_sync(const char *path) {
        _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int switch_in(const char *folder, unsigned number) {
        _cleanup_(freep) char *target = format(LINK "-%u", number), *path = format("%s/" LINK, folder);
        int r;

        if (!target || !path)
                return -ENOMEM;
        r = symlink_atomic(target, path);
        return r < 0 ? r : folder_sync(folder);
}

int store_switch_generation(const char *name, unsigned number, struct error *e) {
        _cleanup_(freep) char *folder = profile_folder(name), *path = NULL;
        struct stat st;
        int r;

        path = folder ? format("%s/" LINK "-%u", folder, number) : NULL;
        if (!path || stat(path, &st) < 0)
                return error_set(e, ENOENT, EXIT_NO_GENERATION, "container '%s' has no generation %u", name, number);
        r = switch_in(folder, number);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot switch container '%s' to generation %u", name, number);
        return 0;
}

/* Removes what crashes left: hidden entries in the folder. Nothing else is ever called so. */
static void sweep(const char *folder) {
        _cleanup_(directory_closep) DIR *d = opendir(folder);
        struct dirent *entry;

        while (d && (entry = readdir(d))) {
                _cleanup_(freep) char *path = NULL;

                if (entry->d_name[0] != '.' || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                path = format("%s/%s", folder, entry->d_name);
                if (path)
                        (void) tree_remove(path);
        }
}

/* data.json of SPEC A.1: the container's options, keys sorted, without timeoutStartSec. */
static char *data_text(const json_t *spec) {
        json_t *options = json_object_get(json_object_get(spec, "config"), "nixosContainer");
        json_t *data = json_is_object(options) ? json_copy(options) : json_object();
        char *text = NULL, *line;

        if (data && (!json_object_get(data, "timeoutStartSec") || json_object_del(data, "timeoutStartSec") == 0))
                text = json_dumps(data, JSON_SORT_KEYS);
        json_decref(data);
        line = text ? format("%s\n", text) : NULL;
        free(text);
        return line;
}

static char *spec_text(const json_t *spec) {
        char *text = json_dumps(spec, JSON_INDENT(2) | JSON_SORT_KEYS);
        char *lines = text ? format("%s\n", text) : NULL;

        free(text);
        return lines;
}

static int write_one(const char *folder, const char *name, const char *content) {
        _cleanup_(freep) char *path = content ? format("%s/%s", folder, name) : NULL;

        if (!path)
                return -ENOMEM;
        if (strchr(name, '/') || name[0] == '.')
                return -EINVAL;
        return file_write_atomic(path, content, strlen(content), 0644, true);
}

static int write_files(const char *folder, const json_t *spec, const struct store_file *files, size_t n_files) {
        _cleanup_(freep) char *inner = format("%s/nixos-nspawn", folder), *text = spec_text(spec),
                              *data = data_text(spec);
        int r;

        if (!inner)
                return -ENOMEM;
        r = directory_make(inner, 0755);
        if (r == 0)
                r = write_one(inner, "spec.json", text);
        if (r == 0)
                r = write_one(inner, "data.json", data);
        for (size_t i = 0; r == 0 && i < n_files; i++)
                r = write_one(inner, files[i].name, files[i].content);
        return r < 0 ? r : folder_sync(folder);
}

/* Everything up to the switch; harmless when it is left behind. */
static int make_generation(const char *folder, const json_t *spec, const struct store_file *files, size_t n_files,
                           unsigned number) {
        _cleanup_(freep) char *temporary = format("%s/.new", folder), *path = format("%s/" LINK "-%u", folder, number);
        int r;

        if (!temporary || !path)
                return -ENOMEM;
        r = directory_make(temporary, 0755);
        if (r == 0)
                r = write_files(temporary, spec, files, n_files);
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void) tree_remove(temporary);
        return r;
}

/* "Web" and "web" are one name to every resolver. */
static int check_new_name(const char *name, struct error *e) {
        _cleanup_(strings_freep) char **others = NULL;
        int r;

        r = store_list(&others);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot list '%s'", PATH_PROFILES);
        for (char **p = others; *p; p++)
                if (strcasecmp(*p, name) == 0 && strcmp(*p, name) != 0)
                        return error_set(
                                e, EEXIST, EXIT_CONTAINER,
                                "'%s' differs from container '%s' only by case, which host names ignore; choose "
                                "another name",
                                name, *p);
        return 0;
}

int store_save_generation(const char *name, const json_t *spec, const struct store_file *files, size_t n_files,
                          struct store_generation *ret, struct error *e) {
        const char *problem = container_name_problem(name);
        struct store_generation g = {0};
        _cleanup_(freep) unsigned *numbers = NULL;
        _cleanup_(freep) char *folder = NULL;
        size_t n = 0;
        int r;

        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "'%s' cannot be a container's name: %s", name, problem);
        if (store_current_generation(name, &g.previous) < 0) {
                g.previous = 0;
                r = check_new_name(name, e);
                if (r < 0)
                        return r;
        }
        folder = profile_folder(name);
        r = folder ? directory_make(folder, 0755) : -ENOMEM;
        if (r < 0)
                goto fail;
        sweep(folder);
        sweep(PATH_PROFILES);
        r = generations_in(folder, &numbers, &n);
        if (r < 0)
                goto fail;
        g.number = n > 0 ? numbers[n - 1] + 1 : 1;
        r = make_generation(folder, spec, files, n_files, g.number);
        if (r < 0)
                goto fail;
        r = switch_in(folder, g.number);
        if (r < 0)
                goto fail;
        if (g.previous == 0)
                (void) folder_sync(PATH_PROFILES);
        *ret = g;
        return 0;
fail:
        (void) error_errno(e, r, EXIT_FAILED, "cannot write the definition of container '%s' in '%s/%s'", name,
                           PATH_PROFILES, name);
        (void) store_drop_generation(name, &g, NULL);
        return r;
}

int store_drop_generation(const char *name, const struct store_generation *g, struct error *e) {
        _cleanup_(freep) char *folder = profile_folder(name), *path = NULL;
        unsigned current;
        int r = 0;

        if (!folder)
                return 0;
        if (g->previous == 0)
                return store_remove(name, e);
        if (g->number == 0)
                return 0;
        if (current_in(folder, &current) == 0 && current == g->number)
                r = switch_in(folder, g->previous);
        path = format("%s/" LINK "-%u", folder, g->number);
        if (r == 0)
                r = path ? tree_remove(path) : -ENOMEM;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot take generation %u of container '%s' back", g->number,
                                   name);
        return 0;
}

int store_remove(const char *name, struct error *e) {
        _cleanup_(freep) char *folder = profile_folder(name), *hidden = NULL;
        int r;

        if (!folder)
                return 0;
        hidden = format("%s/.removed-%s", PATH_PROFILES, name);
        r = hidden ? tree_remove(hidden) : -ENOMEM;
        if (r == 0 && rename(folder, hidden) < 0 && errno != ENOENT)
                r = -errno;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot remove '%s'", folder);
        r = tree_remove(hidden);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "container '%s' is removed, but not all of '%s'", name, hidden);
        (void) folder_sync(PATH_PROFILES);
        return 0;
}
