/* openat2(RESOLVE_IN_ROOT) finds folders, all else is done with names in them: see beneath.h. */
#include "beneath.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int open_in_root(int root, const char *path, uint64_t flags) {
        struct open_how how = {
                .flags = flags | O_CLOEXEC | O_NOCTTY,
                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
        };
        long fd;

        /* -EAGAIN: something was renamed while the kernel looked, so that it could not be sure. */
        for (unsigned attempt = 0; attempt < 64; attempt++) {
                fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
                if (fd >= 0)
                        return (int) fd;
                if (errno != EAGAIN && errno != EINTR)
                        break;
        }
        return -errno;
}

int beneath_open(const char *root) {
        int fd = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

/* Opens the folder at path (not "/"), making it and those above when made is given. */
static int open_folder(int root, const char *path, uid_t shift, beneath_made_t made, void *userdata) {
        _cleanup_(fd_closep) int parent = -1;
        const char *name;
        int fd;

        fd = open_in_root(root, path, O_RDONLY | O_DIRECTORY);
        if (fd != -ENOENT || !made)
                return fd;
        parent = beneath_parent(root, path, shift, made, userdata, &name);
        if (parent < 0)
                return parent;
        if (mkdirat(parent, name, 0755) < 0)
                return -errno;
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fchmod(fd, 0755) < 0 || fchown(fd, shift, shift) < 0) {
                int r = -errno;

                (void) fd_close(fd);
                return r;
        }
        made(path, userdata);
        return fd;
}

int beneath_parent(int root, const char *path, uid_t shift, beneath_made_t made, void *userdata,
                   const char **ret_name) {
        const char *slash = strrchr(path, '/');
        _cleanup_(freep) char *folder = NULL;

        if (path[0] != '/' || !slash[1] || strcmp(slash, "/.") == 0 || strcmp(slash, "/..") == 0)
                return -EINVAL;
        *ret_name = slash + 1;
        if (slash == path)
                return open_in_root(root, "/", O_RDONLY | O_DIRECTORY);
        folder = strndup(path, (size_t) (slash - path));
        return folder ? open_folder(root, folder, shift, made, userdata) : -ENOMEM;
}

static int put_temporary(int folder, const char *name, const struct beneath_entry *entry) {
        _cleanup_(fd_closep) int fd = -1;
        int r;

        if (entry->target) {
                if (symlinkat(entry->target, folder, name) < 0)
                        return -errno;
                return fchownat(folder, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
        }
        fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = file_write_all(fd, entry->data, entry->size);
        if (r < 0)
                return r;
        /* The owner first: changing it takes set-ID bits away. */
        return fchown(fd, entry->uid, entry->gid) < 0 || fchmod(fd, entry->mode) < 0 ? -errno : 0;
}

int beneath_put(int folder, const char *name, const struct beneath_entry *entry) {
        char temporary[64];
        uint64_t number;
        int r;

        if (getrandom(&number, sizeof(number), 0) != sizeof(number))
                return -errno;
        (void) snprintf(temporary, sizeof(temporary), ".nixos-nspawn-%016llx", (unsigned long long) number);
        r = put_temporary(folder, temporary, entry);
        if (r == -EEXIST)
                return r;
        if (r == 0 && renameat(folder, temporary, folder, name) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(folder, temporary, 0);
        return r;
}

int beneath_read(int root, const char *path, size_t max, char **ret, size_t *ret_size) {
        _cleanup_(fd_closep) int fd = -1;
        _cleanup_(freep) char *data = NULL;
        struct stat st;
        size_t size = 0;

        fd = open_in_root(root, path, O_RDONLY | O_NONBLOCK);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        if ((uint64_t) st.st_size > max)
                return -EFBIG;
        data = malloc((size_t) st.st_size + 1);
        if (!data)
                return -ENOMEM;
        while (size < (size_t) st.st_size) {
                ssize_t n = read(fd, data + size, (size_t) st.st_size - size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
        }
        data[size] = '\0';
        *ret = steal_ptr(data);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int beneath_remove(int root, const char *path, bool directory) {
        _cleanup_(fd_closep) int folder = -1;
        const char *name;

        folder = beneath_parent(root, path, 0, NULL, NULL, &name);
        if (folder < 0)
                return folder == -ENOENT || folder == -ENOTDIR ? 0 : folder;
        return unlinkat(folder, name, directory ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT ? -errno : 0;
}
