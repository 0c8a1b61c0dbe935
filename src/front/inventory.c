/* Which containers there are, from directories alone. */
#include "front/inventory.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "model/names.h"
#include "state/confs.h"
#include "state/store.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX           ".nspawn"
#define PATH_DECLARATIVE "/etc/nixos-nspawn/declarative.d"

static const char *const origin_names[] = {
        [ORIGIN_IMPERATIVE] = "imperative",
        [ORIGIN_DECLARATIVE] = "declarative",
        [ORIGIN_UNMANAGED] = "unmanaged",
};

const char *origin_name(enum origin o) {
        return origin_names[o];
}

int origin_parse(const char *s, enum origin *ret) {
        for (enum origin o = 0; o < ELEMENTS_OF(origin_names); o++)
                if (string_equal(s, origin_names[o])) {
                        *ret = o;
                        return 0;
                }
        return -EINVAL;
}

void inventory_clear(struct inventory *i) {
        for (size_t n = 0; n < i->n; n++) {
                free(i->entries[n].name);
                free(i->entries[n].unit_file);
        }
        free(i->entries);
        *i = INVENTORY_INIT;
}

/* Takes file over, also on failure. */
static int inventory_add(struct inventory *i, char *file, const char *name, enum origin origin,
                         enum container_kind kind) {
        struct entry *entries = reallocarray(i->entries, i->n + 1, sizeof(*entries)), entry;

        if (!entries) {
                free(file);
                return -ENOMEM;
        }
        i->entries = entries;
        entry = (struct entry){strdup(name), file, origin, kind};
        if (!entry.name || !entry.unit_file) {
                free(entry.name);
                free(entry.unit_file);
                return -ENOMEM;
        }
        i->entries[i->n++] = entry;
        return 0;
}

/* There is no folder where nothing is declared, and then nothing to look for in it. */
static bool is_declarative(const struct inventory *i, const char *name) {
        _cleanup_(freep) char *path = i->has_declared ? format(PATH_DECLARATIVE "/%s.json", name) : NULL;

        return path && access(path, F_OK) == 0;
}

/* Whoever declares it keeps it where nothing is changed by hand, as in the Nix store. */
static bool is_declared_conf(const char *path) {
        struct stat st;

        return lstat(path, &st) < 0 || S_ISLNK(st.st_mode) || (st.st_mode & 0222) == 0;
}

static bool contains(char *const *sorted, const char *name) {
        for (; *sorted; sorted++)
                if (strcmp(*sorted, name) >= 0)
                        return strcmp(*sorted, name) == 0;
        return false;
}

/* What has no conf is ours. */
static int add_own(struct inventory *i, const char *unit_directory, const char *name, bool has_conf) {
        _cleanup_(freep) char *conf = NULL;
        enum container_kind kind = CONTAINER_NSPAWN;
        enum origin origin;

        if (has_conf && store_kind(name, &kind) < 0)
                return 0; /* removed just now */
        if (kind == CONTAINER_NSPAWN)
                return inventory_add(i, format("%s/%s" SUFFIX, unit_directory, name), name,
                                     is_declarative(i, name) ? ORIGIN_DECLARATIVE : ORIGIN_IMPERATIVE, kind);
        if (confs_find(name, &conf, NULL) < 0)
                return 0;
        origin = is_declared_conf(conf) ? ORIGIN_DECLARATIVE : ORIGIN_IMPERATIVE;
        return inventory_add(i, steal_ptr(conf), name, origin, kind);
}

/* Unit files that no profile of ours goes with. */
static int add_foreign(struct inventory *i, const char *unit_directory, char *const *own) {
        _cleanup_(directory_closep) DIR *d = opendir(unit_directory);

        if (!d)
                return errno == ENOENT ? 0 : -errno;
        for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
                size_t size = strlen(entry->d_name);
                int r;

                if (size <= strlen(SUFFIX) || entry->d_name[0] == '.' ||
                    strcmp(entry->d_name + size - strlen(SUFFIX), SUFFIX) != 0 || !string_is_clean(entry->d_name))
                        continue;
                entry->d_name[size - strlen(SUFFIX)] = '\0';
                if (contains(own, entry->d_name) || inventory_find(i, entry->d_name))
                        continue;
                r = inventory_add(i, format("%s/%s" SUFFIX, unit_directory, entry->d_name), entry->d_name,
                                  is_declarative(i, entry->d_name) ? ORIGIN_DECLARATIVE : ORIGIN_UNMANAGED,
                                  CONTAINER_NSPAWN);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const struct entry *) a)->name, ((const struct entry *) b)->name);
}

int inventory_load(const char *unit_directory, struct inventory *ret, struct error *e) {
        _cleanup_(inventory_clear) struct inventory i = {.has_declared = access(PATH_DECLARATIVE, F_OK) == 0};
        _cleanup_(strings_freep) char **own = NULL, **confs = NULL;
        int r;

        r = store_list(&own);
        if (r >= 0)
                r = confs_list(&confs);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read the containers in " PATH_PROFILES);
        for (char **name = own; *name && r >= 0; name++)
                r = add_own(&i, unit_directory, *name, contains(confs, *name));
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot list the containers");
        r = add_foreign(&i, unit_directory, own);
        if (r >= 0 && strcmp(unit_directory, PATH_UNITS) == 0)
                r = add_foreign(&i, PATH_RUNTIME_UNITS, own);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read the unit files in %s", unit_directory);
        if (i.n > 0)
                qsort(i.entries, i.n, sizeof(*i.entries), compare);
        *ret = i;
        i = INVENTORY_INIT;
        return 0;
}

const struct entry *inventory_find(const struct inventory *i, const char *name) {
        for (size_t n = 0; n < i->n; n++)
                if (strcmp(i->entries[n].name, name) == 0)
                        return &i->entries[n];
        return NULL;
}

static int refuse_declared(const char *name, const char *verb, struct error *e) {
        return error_set(e, EPERM, EXIT_CONTAINER,
                         "cannot %s %s: it is declared by this host's configuration, change it there", verb, name);
}

const struct entry *inventory_runnable(const struct inventory *i, const char *name, const char *verb, struct error *e) {
        const struct entry *entry = inventory_find(i, name);
        const char *problem = container_name_problem(name);

        if (problem)
                (void) error_set(e, EINVAL, EXIT_CONTAINER, "'%s' cannot be a container's name: %s", name, problem);
        else if (!entry)
                (void) error_set(e, ENOENT, EXIT_USAGE, "Container %s does not exist!", name);
        else if (entry->kind != CONTAINER_NIXOS && entry->origin == ORIGIN_DECLARATIVE)
                (void) refuse_declared(name, verb, e);
        else
                return entry;
        return NULL;
}

const struct entry *inventory_usable(const struct inventory *i, const char *name, const char *verb, struct error *e) {
        const struct entry *entry = inventory_runnable(i, name, verb, e);

        if (!entry || entry->kind == CONTAINER_NIXOS || entry->origin != ORIGIN_UNMANAGED)
                return entry;
        (void) error_set(e, EPERM, EXIT_CONTAINER,
                         "cannot %s %s: %s was not made by nixos-nspawn, which leaves it alone", verb, name,
                         entry->unit_file);
        return NULL;
}

const struct entry *inventory_own(const struct inventory *i, const char *name, const char *verb, const char *other,
                                  struct error *e) {
        const struct entry *entry = inventory_usable(i, name, verb, e);

        if (!entry || entry->kind == CONTAINER_NSPAWN)
                return entry;
        if (entry->origin == ORIGIN_DECLARATIVE) {
                (void) refuse_declared(name, verb, e);
                return NULL;
        }
        (void) error_set(e, EPERM, EXIT_CONTAINER, "cannot %s %s: it is a nixos-container; use '%s %s'", verb, name,
                         other, name);
        return NULL;
}
