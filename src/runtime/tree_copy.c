/* A file appears whole: it is written without a name, and gets it last. */
#include "tree_copy.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define XATTR_MAX 65536

/* Shared blocks where the filesystem can, else the kernel's copy, else ours. */
static int copy_content(int from, int to, off_t size) {
        char buffer[65536];
        ssize_t n;

        if (size > (off_t) sizeof(buffer)) {
                if (ioctl(to, FICLONE, from) == 0)
                        return 0;
                while ((n = copy_file_range(from, NULL, to, NULL, SSIZE_MAX & ~4095L, 0)) > 0)
                        ;
                if (n == 0)
                        return 0;
                if (lseek(from, 0, SEEK_SET) < 0 || lseek(to, 0, SEEK_SET) < 0 || ftruncate(to, 0) < 0)
                        return -errno;
        }
        while ((n = read(from, buffer, sizeof(buffer))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                for (ssize_t done = 0; done < n;) {
                        ssize_t w = write(to, buffer + done, (size_t) (n - done));

                        if (w < 0 && errno != EINTR)
                                return -errno;
                        done += w > 0 ? w : 0;
                }
        }
        return 0;
}

/* Access control lists name users by number, so they do not survive a shift. */
static int copy_attributes(int from, int to, uid_t shift) {
        _cleanup_(freep) char *names = NULL, *value = NULL;
        ssize_t size = flistxattr(from, NULL, 0);

        if (size <= 0)
                return size < 0 && errno != EOPNOTSUPP ? -errno : 0;
        names = malloc((size_t) size);
        value = malloc(XATTR_MAX);
        if (!names || !value)
                return -ENOMEM;
        size = flistxattr(from, names, (size_t) size);
        if (size < 0)
                return -errno;
        for (const char *name = names; name < names + size; name += strlen(name) + 1) {
                ssize_t n;

                if (shift > 0 && strncmp(name, "system.posix_acl", 16) == 0)
                        continue;
                n = fgetxattr(from, name, value, XATTR_MAX);
                if (n < 0)
                        return -errno;
                if (fsetxattr(to, name, value, (size_t) n, 0) < 0 && errno != EOPNOTSUPP && errno != EPERM)
                        return -errno;
        }
        return 0;
}

/* The owner before the mode: changing it takes set-ID bits away. The times last. */
static int copy_metadata(int from, int to, const struct stat *st, uid_t shift) {
        const struct timespec times[2] = {st->st_atim, st->st_mtim};
        int r;

        if (fchown(to, st->st_uid + shift, st->st_gid + shift) < 0)
                return -errno;
        r = copy_attributes(from, to, shift);
        if (r < 0)
                return r;
        return fchmod(to, st->st_mode & 07777) < 0 || futimens(to, times) < 0 ? -errno : 0;
}

/* A new nameless file in the folder, or, where there are none, one that has its name at once. */
static int create_file(int folder, const char *name, bool *ret_named) {
        int fd = openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

        *ret_named = false;
        if (fd >= 0)
                return fd;
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
                return -errno;
        *ret_named = true;
        fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : fd;
}

static int copy_file(int from, int to, const char *name, uid_t shift) {
        _cleanup_(fd_closep) int in = -1, out = -1;
        struct stat st;
        bool named;
        int r;

        in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (in < 0 || fstat(in, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return 0;
        out = create_file(to, name, &named);
        if (out < 0)
                return out;
        r = copy_content(in, out, st.st_size);
        if (r == 0)
                r = copy_metadata(in, out, &st, shift);
        if (r == 0 && !named && linkat(out, "", to, name, AT_EMPTY_PATH) < 0)
                r = -errno;
        if (r < 0 && named)
                (void) unlinkat(to, name, 0);
        return r;
}

static int copy_symlink(int from, int to, const char *name, const struct stat *st, uid_t shift) {
        char target[PATH_MAX];
        ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        target[n] = '\0';
        if (symlinkat(target, to, name) < 0)
                return -errno;
        return fchownat(to, name, st->st_uid + shift, st->st_gid + shift, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_folder(int from, int to, const char *name, uid_t shift) {
        _cleanup_(fd_closep) int in = -1, out = -1;
        _cleanup_(directory_closep) DIR *d = NULL;
        struct dirent *entry;
        struct stat st;
        bool made;
        int r = 0;

        in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (in < 0 || fstat(in, &st) < 0)
                return -errno;
        made = mkdirat(to, name, 0700) == 0;
        if (!made && errno != EEXIST)
                return -errno;
        out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (out < 0) /* something else of that name is there, and stays */
                return !made && (errno == ENOTDIR || errno == ELOOP) ? 0 : -errno;
        d = fdopendir(in);
        if (!d)
                return -errno;
        (void) steal_fd(&in);
        while (r == 0 && (errno = 0, entry = readdir(d)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        r = tree_copy(dirfd(d), out, entry->d_name, shift);
        if (r == 0 && errno)
                r = -errno;
        return r == 0 && made ? copy_metadata(dirfd(d), out, &st, shift) : r;
}

int tree_copy(int from, int to, const char *name, uid_t shift) {
        struct stat st, there;

        if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return copy_folder(from, to, name, shift);
        if (fstatat(to, name, &there, AT_SYMLINK_NOFOLLOW) == 0)
                return 0;
        if (S_ISLNK(st.st_mode))
                return copy_symlink(from, to, name, &st, shift);
        return S_ISREG(st.st_mode) ? copy_file(from, to, name, shift) : 0;
}
