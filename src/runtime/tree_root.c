/* A container's own root: what a tree has beside /usr, and what the spec asks for.
 *
 * A new one is made under a hidden name and renamed. An existing one is changed file by file, each whole; the manifest
 * lists old and new files while that goes on, so that an interrupted update is completed by the next. */
#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "beneath.h"
#include "tree_copy.h"
#include "tree_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

struct root {
        const struct tree *tree;
        const char *path; /* as messages name it */
        const struct guest_files *files;
        struct manifest old, new;
        struct error *e;
        uid_t shift; /* the user namespace's base, where nspawn had to change the owners of files */
        int fd;      /* of the root */
        int from;    /* of the tree */
        int made_error;
};

static void root_clear(struct root *r) {
        manifest_clear(&r->old);
        manifest_clear(&r->new);
        fd_closep(&r->fd);
        fd_closep(&r->from);
}

static int fail(struct root *r, int error, const char *what, const char *path) {
        return error_errno(r->e, error, EXIT_CONTAINER, "%s %s%s", what, r->path, path);
}

/* Folders whose content is mounted, or another boot's. */
static bool is_empty_folder(const char *name) {
        static const char *const names[] = {"usr", "proc", "sys", "dev", "run", "tmp", "mnt", "media", "boot"};

        for (size_t i = 0; i < ELEMENTS_OF(names); i++)
                if (string_equal(name, names[i]))
                        return true;
        return false;
}

static int copy_top(struct root *r, const char *name) {
        struct stat st;

        if (!is_empty_folder(name))
                return tree_copy(r->from, r->fd, name, r->shift);
        if (fstatat(r->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return 0;
        if (mkdirat(r->fd, name, 0755) < 0)
                return errno == EEXIST ? 0 : -errno;
        if (fchmodat(r->fd, name, st.st_mode & 07777, 0) < 0)
                return -errno;
        return fchownat(r->fd, name, r->shift, r->shift, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_tree(struct root *r) {
        _cleanup_(directory_closep) DIR *d = opendir(r->tree->path);
        struct dirent *entry;
        int error;

        if (!d)
                return error_errno(r->e, errno, EXIT_FAILED, "reading the system in %s", r->tree->path);
        while ((errno = 0, entry = readdir(d))) {
                if (entry->d_name[0] == '.')
                        continue;
                error = copy_top(r, entry->d_name);
                if (error < 0)
                        return error_errno(r->e, error, EXIT_CONTAINER, "copying %s/%s into %s", r->tree->path,
                                           entry->d_name, r->path);
        }
        return errno ? error_errno(r->e, errno, EXIT_FAILED, "reading the system in %s", r->tree->path) : 0;
}

/* What the spec no longer asks for goes; what the tree has in its place comes back. */
static int drop_file(struct root *r, const char *path) {
        _cleanup_(fd_closep) int from = -1, to = -1;
        const char *name;
        int error = beneath_remove(r->fd, path, false);

        if (error < 0 && error != -EISDIR)
                return fail(r, error, "removing", path);
        from = beneath_parent(r->from, path, 0, NULL, NULL, &name);
        to = beneath_parent(r->fd, path, 0, NULL, NULL, &name);
        if (from < 0 || to < 0 || faccessat(from, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        error = tree_copy(from, to, name, r->shift);
        return error < 0 ? fail(r, error, "restoring", path) : 0;
}

static int drop_files(struct root *r) {
        int error = 0;

        /* From the last to the first: files before the folders that they are in. */
        for (size_t i = r->old.n; error == 0 && i-- > 0;) {
                _cleanup_(freep) char *path = NULL;
                const char *line = r->old.paths[i];
                size_t n = strlen(line);

                if (manifest_has(&r->new, line))
                        continue;
                if (line[n - 1] != '/') {
                        error = drop_file(r, line);
                        continue;
                }
                path = strndup(line, n - 1);
                if (!path)
                        return fail(r, -ENOMEM, "updating", "");
                if (beneath_remove(r->fd, path, true) < 0) /* in use, by us or by others: stays noted */
                        error = manifest_add(&r->new, line);
        }
        return error;
}

static void note_made(const char *path, void *userdata) {
        struct root *r = userdata;
        _cleanup_(freep) char *line = format("%s/", path);
        int error = line ? manifest_add(&r->new, line) : -ENOMEM;

        if (r->made_error == 0)
                r->made_error = error;
}

static int find_owner(struct root *r, const struct guest_file *f, const char *what, const char *accounts,
                      const char *text, uid_t *ret) {
        int error;

        *ret = 0;
        error = text ? tree_find_account(r->fd, accounts, text, ret) : 0;
        if (error < 0)
                return error_set(r->e, EINVAL, EXIT_CONTAINER,
                                 "%s: should belong to the %s '%s', which the container does not have in its %s",
                                 f->path, what, text, accounts);
        *ret += r->shift;
        return 0;
}

static int put_file(struct root *r, const struct guest_file *f) {
        struct beneath_entry entry = {
                .data = f->content,
                .size = f->content ? strlen(f->content) : 0,
                .target = f->target,
                .mode = f->mode,
        };
        _cleanup_(fd_closep) int folder = -1;
        const char *name;
        int error;

        error = find_owner(r, f, "user", "/etc/passwd", f->user, &entry.uid);
        if (error == 0)
                error = find_owner(r, f, "group", "/etc/group", f->group, &entry.gid);
        if (error < 0)
                return error;
        folder = beneath_parent(r->fd, f->path, r->shift, note_made, r, &name);
        if (folder < 0)
                return fail(r, folder, "making the folder of", f->path);
        error = beneath_put(folder, name, &entry);
        if (error == -EISDIR)
                return error_set(
                        r->e, EISDIR, EXIT_CONTAINER,
                        "writing %s%s: a directory is in its place; remove it, or take the file out of the config",
                        r->path, f->path);
        return error < 0 ? fail(r, error, "writing", f->path) : 0;
}

/* The container's own, kept for good: it names its journal, its DHCP leases, its hardware addresses' seeds. */
static int ensure_machine_id(struct root *r) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(fd_closep) int folder = -1;
        char id[34];
        struct beneath_entry entry = {.data = id, .size = 33, .mode = 0444, .uid = r->shift, .gid = r->shift};
        const char *name;
        uint8_t bytes[16];
        int error;

        error = beneath_read(r->fd, "/etc/machine-id", 64, &text, NULL);
        if (error == 0 && strspn(text, "0123456789abcdef") == 32 && string_equal(text + 32, "\n"))
                return 0;
        if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
                return fail(r, -errno, "making", "/etc/machine-id");
        bytes[6] = (bytes[6] & 0x0f) | 0x40; /* a version 4 UUID, as systemd makes them */
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        for (size_t i = 0; i < sizeof(bytes); i++)
                (void) snprintf(id + 2 * i, 3, "%02x", bytes[i]);
        id[32] = '\n';
        folder = beneath_parent(r->fd, "/etc/machine-id", r->shift, note_made, r, &name);
        error = folder < 0 ? folder : beneath_put(folder, name, &entry);
        return error < 0 ? fail(r, error, "making", "/etc/machine-id") : 0;
}

/* The manifest while the update goes on: both specs' files, still the old tree. */
static int write_union(struct root *r) {
        _cleanup_(manifest_clear) struct manifest both = {0};
        int error = 0;

        if (r->old.n == 0 && !r->old.tree)
                return 0;
        both.tree = r->old.tree ? strdup(r->old.tree) : NULL;
        for (size_t i = 0; error == 0 && i < r->old.n; i++)
                error = manifest_add(&both, r->old.paths[i]);
        for (size_t i = 0; error == 0 && i < r->new.n; i++)
                error = manifest_add(&both, r->new.paths[i]);
        return error < 0 ? error : manifest_write(r->fd, &both, r->shift);
}

static int fill_steps(struct root *r) {
        bool other_tree = !string_equal(r->old.tree, r->new.tree);
        int error;

        error = drop_files(r);
        if (error == 0) {
                error = tree_merge_accounts(r->from, r->fd, r->shift);
                error = error < 0 ? fail(r, error, "adding users to", "/etc/passwd") : 0;
        }
        if (error == 0 && other_tree)
                error = copy_tree(r);
        if (error == 0)
                error = ensure_machine_id(r);
        for (size_t i = 0; error == 0 && i < r->files->n; i++)
                error = put_file(r, r->files->files + i);
        if (error < 0)
                return error;
        error = r->made_error < 0 ? r->made_error : manifest_write(r->fd, &r->new, r->shift);
        return error < 0 ? fail(r, error, "noting the files in", "") : 0;
}

/* Opens what the steps need, and knows which files there were and will be. */
static int fill(const char *at, const char *path, const struct tree *t, const struct guest_files *files,
                struct error *e) {
        _cleanup_(root_clear) struct root r = {.tree = t, .path = path, .files = files, .e = e, .fd = -1, .from = -1};
        const char *base = strrchr(t->path, '/');
        struct stat st;
        int error;

        r.from = beneath_open(t->path);
        if (r.from < 0)
                return error_errno(e, r.from, EXIT_FAILED, "opening the system in %s", t->path);
        r.fd = beneath_open(at);
        if (r.fd < 0 || fstat(r.fd, &st) < 0)
                return fail(&r, r.fd < 0 ? r.fd : -errno, "opening", "");
        r.shift = st.st_uid & ~(uid_t) 0xffff;
        if (fstatat(r.fd, "bin", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
                return error_set(e, EEXIST, EXIT_CONTAINER,
                                 "%s holds a system of its own (its /bin is a directory); move it away first", path);
        error = manifest_read(r.fd, &r.old);
        r.new.tree = strdup(base ? base + 1 : t->path);
        if (error == 0 && !r.new.tree)
                error = -ENOMEM;
        for (size_t i = 0; error == 0 && i < files->n; i++)
                error = manifest_add(&r.new, files->files[i].path);
        if (error == 0)
                error = write_union(&r);
        return error < 0 ? fail(&r, error, "updating", "") : fill_steps(&r);
}

/* What an interrupted command left. Callers hold the lock of definitions. */
static void remove_leftovers(const char *folder, const char *name) {
        _cleanup_(freep) char *pattern = format("%s/.%s.??????", folder, name);
        glob_t found = {0};

        if (pattern && glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
                for (size_t i = 0; i < found.gl_pathc; i++)
                        (void) tree_remove(found.gl_pathv[i]);
        globfree(&found);
}

static int make_root(const char *folder, const char *path, const char *name, const struct tree *t,
                     const struct guest_files *files, struct error *e) {
        _cleanup_(freep) char *temporary = format("%s/.%s.XXXXXX", folder, name);
        int r;

        r = temporary ? directory_make(folder, 0700) : -ENOMEM;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "making %s", folder);
        remove_leftovers(folder, name);
        if (!mkdtemp(temporary) || chmod(temporary, 0755) < 0)
                return error_errno(e, errno, EXIT_FAILED, "making a directory in %s", folder);
        r = fill(temporary, path, t, files, e);
        if (r == 0 && renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
                r = error_errno(e, errno, EXIT_FAILED, "making %s", path);
        if (r < 0)
                (void) tree_remove(temporary);
        return r;
}

int tree_instantiate_in(const char *folder, const struct tree *t, const char *name, const json_t *spec,
                        struct error *e) {
        _cleanup_(guest_files_clear) struct guest_files files = {0};
        _cleanup_(freep) char *path = format("%s/%s", folder, name);
        struct stat st;
        bool new;
        int r;

        if (!path)
                return error_errno(e, ENOMEM, EXIT_FAILED, "making the root of '%s'", name);
        r = guest_files_make(spec, &files, e);
        if (r < 0)
                return r;
        new = lstat(path, &st) < 0 && errno == ENOENT;
        r = new ? make_root(folder, path, name, t, &files, e) : fill(path, path, t, &files, e);
        if (r < 0)
                return r;
        r = tree_make_bind_sources(spec, e);
        if (r < 0 && new)
                (void) tree_remove(path);
        return r < 0 ? r : new;
}

int tree_instantiate(const struct tree *t, const char *name, const json_t *spec, struct error *e) {
        return tree_instantiate_in(PATH_MACHINES, t, name, spec, e);
}

int tree_remove_root_in(const char *folder, const char *name, struct error *e) {
        _cleanup_(freep) char *path = format("%s/%s", folder, name);
        int r = path ? tree_remove(path) : -ENOMEM;

        remove_leftovers(folder, name);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "removing %s", path ? path : name) : 0;
}

int tree_remove_root(const char *name, struct error *e) {
        return tree_remove_root_in(PATH_MACHINES, name, e);
}
