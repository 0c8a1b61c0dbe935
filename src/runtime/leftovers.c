/* The places are those of systemd 247 to 257: src/nspawn/nspawn.c and src/shared/discover-image.c there. */
#include "leftovers.h"

#include "base/file.h"
#include "base/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define NSPAWN_RUN "/run/systemd/nspawn"

static void note(int *first, int r, struct error *e, const char *path) {
        if (r < 0 && *first == 0)
                *first = error_errno(e, r, EXIT_FAILED, "Cannot remove %s, which systemd-nspawn left", path);
}

/* Unlinks a lock file that nobody holds, the way systemd does: whoever waits for it looks whether it is still there. */
static int lock_file_remove(const char *path) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        _cleanup_(fd_closep) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
                return errno == EAGAIN || errno == EACCES ? 0 : -errno;
        return file_remove(path);
}

/* Of a root folder: one lock beside it, one by its inode. */
static void remove_root_locks(const char *folder, const char *entry, int *first, struct error *e) {
        _cleanup_(freep) char *beside = format("%s/.#%s.lck", folder, entry);
        _cleanup_(freep) char *root = format("%s/%s", folder, entry);
        struct stat st;

        if (!beside || !root) {
                note(first, -ENOMEM, e, "a lock file");
                return;
        }
        note(first, lock_file_remove(beside), e, beside);
        if (lstat(root, &st) >= 0) {
                _cleanup_(freep) char *inode =
                        format(NSPAWN_RUN "/locks/inode-%lu:%lu", (unsigned long) st.st_dev, (unsigned long) st.st_ino);

                if (inode)
                        note(first, lock_file_remove(inode), e, inode);
        }
}

/* One file a range of user ids in use: those that nobody holds belong to nobody. */
static void remove_user_id_locks(int *first, struct error *e) {
        _cleanup_(directory_closep) DIR *directory = opendir("/run/systemd/nspawn-uid");
        struct dirent *entry;

        while (directory && (entry = readdir(directory))) {
                _cleanup_(freep) char *path = format("/run/systemd/nspawn-uid/%s", entry->d_name);

                if (entry->d_type == DT_REG && path)
                        note(first, lock_file_remove(path), e, path);
        }
}

/* Throw-away roots: ".#machine.NAME" or ".#NAME", then 16 hexadecimal digits. */
static bool is_throw_away_root(const char *entry, const char *name) {
        size_t n = strlen(name);

        if (strncmp(entry, ".#", 2) != 0)
                return false;
        entry += 2;
        if (!strncmp(entry, "machine.", 8))
                entry += 8;
        return !strncmp(entry, name, n) && strlen(entry + n) == 16 && strspn(entry + n, "0123456789abcdef") == 16;
}

static void remove_throw_away_roots(const char *folder, const char *name, int *first, struct error *e) {
        _cleanup_(directory_closep) DIR *directory = opendir(folder);
        struct dirent *entry;

        while (directory && (entry = readdir(directory))) {
                _cleanup_(freep) char *path = NULL;

                if (!is_throw_away_root(entry->d_name, name))
                        continue;
                path = format("%s/%s", folder, entry->d_name);
                remove_root_locks(folder, entry->d_name, first, e);
                note(first, path ? tree_remove(path) : -ENOMEM, e, path ? path : entry->d_name);
        }
}

int leftovers_remove(const char *name, struct error *e) {
        static const char *const folders[] = {NSPAWN_RUN "/propagate", NSPAWN_RUN "/unix-export"};
        static const char *const roots[] = {PATH_MACHINES, PATH_STATES, PATH_STATES_OLD, PATH_STATES_EPHEMERAL};
        _cleanup_(freep) char *ephemeral = format(PATH_STATES_EPHEMERAL "/%s", name);
        int first = 0;

        for (size_t i = 0; i < ELEMENTS_OF(folders); i++) {
                _cleanup_(freep) char *path = format("%s/%s", folders[i], name);

                if (!path)
                        return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot look for what systemd-nspawn left");
                while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) >= 0)
                        ;
                note(&first, tree_remove(path), e, path);
        }
        for (size_t i = 0; i < ELEMENTS_OF(roots); i++) {
                remove_root_locks(roots[i], name, &first, e);
                remove_throw_away_roots(roots[i], name, &first, e);
        }
        remove_user_id_locks(&first, e);
        /* The root of an ephemeral nixos-container is there for one run. */
        note(&first, ephemeral ? tree_remove(ephemeral) : -ENOMEM, e, ephemeral ?: name);
        return first;
}

int leftovers_wait_link(const char *link, int timeout_ms) {
        for (int waited = 0; if_nametoindex(link) != 0; waited += 5) {
                if (waited >= timeout_ms)
                        return -ETIMEDOUT;
                (void) poll(NULL, 0, 5);
        }
        return 0;
}
