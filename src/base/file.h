/* Files that are either whole or absent, and directories that are made and removed carefully. */
#pragma once

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads a regular file of at most max bytes; *ret is malloc'd and NUL-terminated, *ret_size may be NULL.
 * -EFBIG when larger. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_size);

/* The file is there whole, in place of an earlier one, or not at all. sync: fsync the file before and its directory
 * after. Whoever is killed meanwhile leaves nothing, but, between two system calls, a hidden name where an earlier file
 * was. */
int file_write_atomic(const char *path, const void *data, size_t size, mode_t mode, bool sync);

/* The same, synced, for a file that is somebody else's: mode and owner stay, and a symlink leads on to the file. One
 * that is not there gets the mode `absent`. -EROFS: it is in the Nix store. */
int file_replace(const char *path, const void *data, size_t size, mode_t absent);

/* Writes all of it, however often the kernel takes only a part. */
int file_write_all(int fd, const char *data, size_t size);

/* ln -sfn, atomically. */
int symlink_atomic(const char *target, const char *path);

/* mkdir -p; directories made get mode. Existing ones stay as they are; a non-directory is -ENOTDIR. */
int directory_make(const char *path, mode_t mode);

/* rm -rf. Follows no symlink, crosses no mount point, clears the immutable flag where it is set (var/empty).
 * Absent is fine. Returns the first error but goes on. */
int tree_remove(const char *path);

/* Unmounts whatever is mounted beneath that folder, the innermost first. Absent is fine. Returns the first error but
 * goes on. */
int tree_unmount(const char *path);

/* unlink; absent is fine. */
int file_remove(const char *path);

/* Takes an exclusive flock on path (made if absent, mode 0600), waiting at most timeout_ms (-1: for ever).
 * Returns the descriptor, whose closing releases the lock; -EAGAIN when the wait was over. */
int lock_take(const char *path, int timeout_ms);

/* Says in a lock that was taken which process has it: this one. */
int lock_sign(int fd);

/* A pidfd of the process that has the lock and signed it, readable once it has ended. -ESRCH: nobody has it. */
int lock_holder_open(const char *path);

/* Whether somebody has it. Holders see nothing of the question, takers wait for it at most. */
bool lock_is_held(const char *path);

/* asprintf that returns NULL on failure. */
char *format(const char *fmt, ...) _printf_(1, 2);
