/* What the files of the tree providers share. */
#pragma once

#include "config/guest.h"
#include "tree.h"

/* Where systemd is in every distribution whose /usr is whole. */
#define TREE_INIT_PROGRAM "/usr/lib/systemd/systemd"

/* tree_cache.c: one tree in PATH_TREES, found or made. */
struct tree_job {
        const char *target; /* a new, empty directory, 0755 */
        const char *log;    /* for what programs say */
        int lock;           /* programs inherit it, so that one that outlives this command keeps others away */
        runtime_progress_t progress;
        void *userdata;
};
struct tree_entry {
        const char *name;         /* in PATH_TREES */
        const char *probe;        /* "/etc/passwd": there when the tree is whole */
        unsigned needed_mib;      /* free room for making it */
        const char *announcement; /* NULL: made too quickly for words */
        int (*make)(const struct tree_job *job, const void *context, struct error *e);
        const void *context;
};
int tree_cache_get(const struct tree_entry *entry, runtime_progress_t progress, void *userdata, char **ret_path,
                   struct error *e);

/* tree_program.c: runs a program to its end. take gets each line that it prints, control characters made blank; the
 * line is in the job's log already. *ret_status is that of waitpid(2). -ENOENT (e unset): there is no such program. */
int tree_program(const struct tree_job *job, char *const argv[], void (*take)(const char *line, void *context),
                 void *context, int *ret_status, struct error *e);

/* tree_build.c: runs mmdebstrap. */
struct tree_recipe {
        const char *suite;
        const char *mirror;   /* NULL: mmdebstrap's own */
        const char *packages; /* "a,b,c" */
};
int tree_build(const struct tree_job *job, const struct tree_recipe *recipe, struct error *e);

/* tree_finish.c: makes a fresh tree a good guest. host: its /usr is the host's, whose packages have units and
 * generators that are not a guest's business. */
int tree_finish(const char *path, bool host, struct error *e);

/* tree_debian.c, tree_host.c, tree_image.c: each fills path and usr of an empty tree. */
int tree_prepare_debian(const json_t *spec, runtime_progress_t progress, void *userdata, struct tree *ret,
                        struct error *e);
int tree_prepare_host(const json_t *spec, runtime_progress_t progress, void *userdata, struct tree *ret,
                      struct error *e);
int tree_prepare_image(const char *image, runtime_progress_t progress, void *userdata, struct tree *ret,
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
int tree_merge_accounts(int tree, int root, uid_t shift);
/* The number of a user or group, by guest_file's rules, in the root's own passwd or group. -ENOENT. */
int tree_find_account(int root, const char *file, const char *text, uid_t *ret);

/* tree_bind.c: host directories of bind mounts, made where absent. */
int tree_make_bind_sources(const json_t *spec, struct error *e);
