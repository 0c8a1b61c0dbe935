/* Files below a folder that a guest owns: whatever symlinks the guest has put there, nothing outside is touched.
 *
 * Paths are absolute in the guest's eyes ("/etc/hosts"). Symlinks in their folders are followed as in the guest, with
 * the root as "/"; the last part is never followed: it is replaced, or removed. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens the root, which must be a directory and no symlink. Returns a descriptor or -errno. */
int beneath_open(const char *root);

/* Opens the folder that path is in; *ret_name points to path's last part. Folders that are absent are made, with mode
 * 0755 and owner shift:shift, when made is given, which is then called with the path of each. -ENOENT otherwise. */
typedef void (*beneath_made_t)(const char *path, void *userdata);
int beneath_parent(int root, const char *path, uid_t shift, beneath_made_t made, void *userdata, const char **ret_name);

/* What to write: a file, or a symlink when target is given. */
struct beneath_entry {
        const void *data;
        size_t size;
        const char *target;
        mode_t mode;
        uid_t uid;
        gid_t gid;
};

/* Puts it at NAME in the folder, whole or not at all. -EISDIR when a directory is there. */
int beneath_put(int folder, const char *name, const struct beneath_entry *entry);

/* Reads a regular file of at most max bytes; malloc'd, NUL-terminated. */
int beneath_read(int root, const char *path, size_t max, char **ret, size_t *ret_size);

/* Removes a file or symlink (-EISDIR for a directory), or, directory = true, an empty directory (-ENOTEMPTY, -ENOTDIR).
 * Absent is fine. */
int beneath_remove(int root, const char *path, bool directory);
