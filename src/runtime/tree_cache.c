/* PATH_TREES/NAME: systems made once and used by many containers.
 *
 * A tree is made under a hidden name and renamed, with a lock held by whoever makes it, programs that it runs included.
 * So what has the name is complete, two commands never make the same one, and what a killed one left is removed by the
 * next. */
#include "base/file.h"
#include "base/paths.h"
#include "tree_private.h"

#include <errno.h>
#include <glob.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static bool is_complete(const struct tree_entry *entry, const char *path) {
        _cleanup_(freep) char *probe = format("%s%s", path, entry->probe);
        struct stat st;

        return probe && lstat(probe, &st) == 0;
}

static int check_room(const struct tree_entry *entry, struct error *e) {
        struct statvfs s;
        uint64_t mib;

        if (statvfs(PATH_TREES, &s) < 0)
                return error_errno(e, errno, EXIT_FAILED, "looking for room in %s", PATH_TREES);
        mib = (uint64_t) s.f_bavail * s.f_frsize / (1024 * 1024);
        if (mib < entry->needed_mib)
                return error_set(
                        e, ENOSPC, EXIT_FAILED,
                        "no room to make the container's system: %s has %llu MiB free, %u MiB are needed; make "
                        "room there, or mount a larger disk on it",
                        PATH_TREES, (unsigned long long) mib, entry->needed_mib);
        return 0;
}

/* Under the lock nobody else makes this tree, so hidden ones of its name are of the dead. */
static void remove_leftovers(const struct tree_entry *entry) {
        _cleanup_(freep) char *pattern = format(PATH_TREES "/.%s.??????", entry->name);
        glob_t found = {0};

        if (pattern && glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
                for (size_t i = 0; i < found.gl_pathc; i++)
                        (void) tree_remove(found.gl_pathv[i]);
        globfree(&found);
}

static int make_tree(const struct tree_entry *entry, const char *path, struct tree_job *job, struct error *e) {
        _cleanup_(freep) char *log = format("%s.log", path);
        _cleanup_(freep) char *target = format(PATH_TREES "/.%s.XXXXXX", entry->name);
        int r;

        remove_leftovers(entry);
        r = check_room(entry, e);
        if (r < 0)
                return r;
        /* 0755: apt downloads as a user of its own, who must get there. */
        if (!target || !log || !mkdtemp(target) || chmod(target, 0755) < 0)
                return error_errno(e, target && log ? errno : ENOMEM, EXIT_FAILED, "making a directory in %s",
                                   PATH_TREES);
        job->target = target;
        job->log = log;
        r = entry->make(job, entry->context, e);
        if (r == 0)
                r = tree_remove(path); /* one that is not complete, damaged later */
        if (r == 0 && rename(target, path) < 0)
                r = error_errno(e, errno, EXIT_FAILED, "making %s", path);
        if (r < 0)
                (void) tree_remove(target);
        return r;
}

static int make_locked(const struct tree_entry *entry, const char *path, runtime_progress_t progress, void *userdata,
                       struct error *e) {
        _cleanup_(freep) char *lock_path = format("%s.lock", path);
        _cleanup_(fd_closep) int lock = -1;
        struct tree_job job = {.progress = progress, .userdata = userdata};
        int r;

        r = lock_path ? directory_make(PATH_TREES, 0755) : -ENOMEM;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "making %s", PATH_TREES);
        lock = lock_take(lock_path, 0);
        if (lock == -EAGAIN) {
                if (progress)
                        progress("waiting for another command that makes the same system", userdata);
                lock = lock_take(lock_path, -1);
        }
        if (lock < 0)
                return error_errno(e, lock, EXIT_FAILED, "taking the lock %s", lock_path);
        if (is_complete(entry, path))
                return 0;
        if (progress && entry->announcement)
                progress(entry->announcement, userdata);
        job.lock = lock;
        return make_tree(entry, path, &job, e);
}

int tree_cache_get(const struct tree_entry *entry, runtime_progress_t progress, void *userdata, char **ret_path,
                   struct error *e) {
        _cleanup_(freep) char *path = format(PATH_TREES "/%s", entry->name);
        int r;

        if (!path)
                return error_errno(e, ENOMEM, EXIT_FAILED, "choosing the container's system");
        r = is_complete(entry, path) ? 0 : make_locked(entry, path, progress, userdata, e);
        if (r == 0)
                *ret_path = steal_ptr(path);
        return r;
}
