/* What the files of the tree providers share. */
#pragma once

#include "config/guest.h"
#include "tree.h"

/* tree_build.c: runs mmdebstrap into target, which is an empty directory. lock: held by the process as long as it
 * lives, so that one that outlives this command keeps others away. */
struct tree_recipe {
        const char *suite;
        const char *mirror;   /* NULL: mmdebstrap's own */
        const char *packages; /* "a,b,c" */
};
int tree_build(const struct tree_recipe *recipe, const char *target, const char *log, int lock,
               runtime_progress_t progress, void *userdata, struct error *e);

/* tree_finish.c: makes a fresh Debian tree a good guest. */
int tree_finish(const char *path, struct error *e);

/* tree_debian.c: what tree_prepare() calls. */
int tree_prepare_debian(const json_t *spec, runtime_progress_t progress, void *userdata, struct tree *ret,
                        struct error *e);

/* tree_idmap.c: whether a mount of path can be ID-mapped. */
bool tree_can_idmap(const char *path);

/* tree_manifest.c: what an update must know of the one before: which tree the root came from, which files were
 * written, which folders were made for them. Kept in the root, so it goes and moves with it; the guest can change it,
 * and harms only itself. */
struct manifest {
        char *tree;   /* base name of the tree, or NULL */
        char **paths; /* sorted; a folder ends in '/' */
        size_t n;
};
void manifest_clear(struct manifest *m);
int manifest_read(int root, struct manifest *ret);
int manifest_write(int root, const struct manifest *m, uid_t shift);
int manifest_add(struct manifest *m, const char *path);
bool manifest_has(const struct manifest *m, const char *path);

/* tree_accounts.c: adds users and groups of the tree that an existing root does not have. */
int tree_merge_accounts(const char *tree, int root, uid_t shift);
/* The number of a user or group, by guest_file's rules, in the root's own passwd or group. -ENOENT. */
int tree_find_account(int root, const char *file, const char *text, uid_t *ret);

/* tree_bind.c: host directories of bind mounts, made where absent. */
int tree_make_bind_sources(const json_t *spec, struct error *e);
