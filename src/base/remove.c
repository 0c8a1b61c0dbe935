/* rm -rf for trees that a guest wrote: any depth, any names, links and mounts in between.
 *
 * Everything goes through descriptors of directories, opened without following links or crossing mounts. Beyond a
 * certain depth a directory is moved up to the top and removed from there, so neither descriptors nor the stack
 * run out. */
#include "file.h"
#include "string-list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <mntent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define DEPTH_MAX 64

struct removal {
        int top;        /* descriptor of the tree's root */
        unsigned moved; /* directories moved up to it */
        bool again;     /* ... since the last pass over the root */
        int error;      /* the first one */
};

static void note(struct removal *removal, int error) {
        if (removal->error == 0)
                removal->error = error;
}

static int open_beneath(int directory, const char *name, uint64_t flags) {
        struct open_how how = {
                .flags = flags | O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
        };
        long fd = syscall(SYS_openat2, directory, name, &how, sizeof how);

        return fd < 0 ? -errno : (int) fd;
}

/* Takes the flags away that forbid removal even to root. Filesystems without them are fine. */
static void flags_clear(int fd) {
        int flags;

        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
                return;
        flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
        (void) ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* Unlinks what is not a directory. -EISDIR when it is one. */
static int remove_file(int directory, const char *name) {
        _cleanup_(fd_closep) int fd = -1;
        struct stat st;
        int r;

        if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
                return 0;
        r = -errno;
        if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        /* Only a regular file is opened: opening a device or FIFO may have effects. */
        if (r != -EPERM || !S_ISREG(st.st_mode))
                return r;
        fd = open_beneath(directory, name, 0);
        if (fd < 0)
                return fd;
        flags_clear(fd);
        return unlinkat(directory, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Moves a deep directory up. A place may be taken by what the guest called so: try the next number. */
static int move_up(struct removal *removal, int directory, const char *name) {
        for (;;) {
                char moved[64];

                (void) snprintf(moved, sizeof moved, ".removed-%u", removal->moved++);
                if (renameat2(directory, name, removal->top, moved, RENAME_NOREPLACE) == 0) {
                        removal->again = true;
                        return 0;
                }
                if (errno != EEXIST)
                        return -errno;
        }
}

static void remove_entries(struct removal *removal, int *fd, unsigned depth);

static void remove_directory(struct removal *removal, int parent, const char *name, unsigned depth) {
        int fd = -1, r;

        if (depth < DEPTH_MAX) {
                fd = open_beneath(parent, name, O_DIRECTORY);
                if (fd == -ENOENT)
                        return;
                /* A mount point: what is mounted there is not ours to remove. */
                if (fd < 0)
                        return note(removal, fd == -EXDEV ? -EBUSY : fd);
                remove_entries(removal, &fd, depth);
                if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                        note(removal, -errno);
                return;
        }
        r = move_up(removal, parent, name);
        if (r < 0)
                note(removal, r);
}

/* Takes *fd over. */
static void remove_entries(struct removal *removal, int *fd, unsigned depth) {
        _cleanup_(directory_closep) DIR *d = NULL;
        struct dirent *entry;

        flags_clear(*fd);
        d = fdopendir(*fd);
        if (!d) {
                note(removal, -errno);
                fd_closep(fd);
                return;
        }
        *fd = -1;
        while ((errno = 0, entry = readdir(d))) {
                int r;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                r = remove_file(dirfd(d), entry->d_name);
                if (r == -EISDIR)
                        remove_directory(removal, dirfd(d), entry->d_name, depth + 1);
                else if (r < 0)
                        note(removal, r);
        }
        if (errno)
                note(removal, -errno);
}

int tree_remove(const char *path) {
        struct removal removal = {.top = -1};
        _cleanup_(fd_closep) int top = -1;

        top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (top < 0) {
                if (errno == ENOENT)
                        return 0;
                /* A link or file in the tree's place is removed itself. */
                return errno == ENOTDIR || errno == ELOOP ? file_remove(path) : -errno;
        }
        removal.top = top;
        do {
                int pass = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                if (pass < 0)
                        return -errno;
                removal.again = false;
                remove_entries(&removal, &pass, 0);
        } while (removal.again);
        if (rmdir(path) < 0 && errno != ENOENT)
                note(&removal, -errno);
        return removal.error;
}

int tree_unmount(const char *path) {
        _cleanup_(freep) char *folder = realpath(path, NULL);
        _cleanup_(strings_freep) char **list = NULL;
        size_t n = 0, length;
        FILE *mounts;
        int r = 0;

        if (!folder)
                return errno == ENOENT ? 0 : -errno;
        mounts = setmntent("/proc/self/mounts", "re");
        if (!mounts)
                return -errno;
        length = strlen(folder);
        for (const struct mntent *m; r >= 0 && (m = getmntent(mounts));)
                if (strncmp(m->mnt_dir, folder, length) == 0 && m->mnt_dir[length] == '/')
                        r = strings_append(&list, &n, m->mnt_dir);
        (void) endmntent(mounts);
        while (n-- > 0)
                if (umount2(list[n], MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && r >= 0)
                        r = -errno;
        return r;
}
