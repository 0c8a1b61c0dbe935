/* A system of the user's own: a directory, used as it is, or a tar archive, unpacked once into the cache. */
#include "base/file.h"
#include "base/parse.h"
#include "base/siphash.h"
#include "tree_private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* An archive may be compressed tenfold; tar says so itself when it is not enough. */
#define GROWTH 4

static const uint8_t hash_key[16] = {0x6e, 0x73, 0x70, 0x61, 0x77, 0x6e, 0x2d, 0x69,
                                     0x6d, 0x61, 0x67, 0x65, 0x2d, 0x74, 0x61, 0x72};

struct unpacking {
        const char *archive;
        char *last; /* line that tar said */
};

static void take_line(const char *line, void *context) {
        struct unpacking *u = context;

        free(u->last);
        u->last = strdup(line);
}

static int check_system(const char *path, const char *image, struct error *e) {
        _cleanup_(freep) char *init = format("%s" TREE_INIT_PROGRAM, path), *bin = format("%s/bin", path);
        _cleanup_(freep) char *usr = format("%s/usr", path);
        struct stat st;

        if (!init || !bin || !usr)
                return error_errno(e, ENOMEM, EXIT_FAILED, "looking at %s", image);
        if (lstat(usr, &st) == 0 && S_ISLNK(st.st_mode)) /* it would be the host's, of the image's choice */
                return error_set(e, EINVAL, EXIT_CONTAINER, "--image %s: its /usr is a symlink, not a directory",
                                 image);
        if (lstat(init, &st) < 0)
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "--image %s: it is not a whole system: " TREE_INIT_PROGRAM " is not in it", image);
        if (lstat(bin, &st) < 0 || !S_ISLNK(st.st_mode))
                return error_set(
                        e, EINVAL, EXIT_CONTAINER,
                        "--image %s: its /bin does not lead into /usr; only systems whose programs are all in /usr "
                        "(Debian 12 and newer, Fedora, Arch) can be shared",
                        image);
        return 0;
}

static int unpack(const struct tree_job *job, const void *context, struct error *e) {
        struct unpacking u = {.archive = context};
        char *argv[] = {
                (char *) "tar",
                (char *) "--extract",
                (char *) "--file",
                (char *) context,
                (char *) "--directory",
                (char *) job->target,
                (char *) "--numeric-owner",
                (char *) "--xattrs",
                (char *) "--xattrs-include=*",
                (char *) "--same-permissions",
                (char *) "--exclude=./dev/*",
                NULL,
        };
        _cleanup_(freep) char *last = NULL;
        int status, r;

        r = tree_program(job, argv, take_line, &u, &status, e);
        last = u.last;
        if (r == -ENOENT)
                return error_set(e, ENOENT, EXIT_COMMAND,
                                 "tar, which unpacks %s, is not installed: apt-get install tar", u.archive);
        if (r < 0)
                return r;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return error_set(e, EIO, EXIT_COMMAND, "tar could not unpack %s: %s; its log is %s", u.archive,
                                 last ? last : "it was ended by a signal", job->log);
        return check_system(job->target, u.archive, e);
}

static int unpack_cached(const char *archive, const struct stat *st, runtime_progress_t progress, void *userdata,
                         char **ret_path, struct error *e) {
        _cleanup_(freep) char *key = format("%s\n%lld.%09ld\n%lld", archive, (long long) st->st_mtim.tv_sec,
                                            st->st_mtim.tv_nsec, (long long) st->st_size);
        _cleanup_(freep) char *name = NULL;
        struct tree_entry entry = {
                .probe = TREE_INIT_PROGRAM,
                .needed_mib = (unsigned) (st->st_size / (1024 * 1024) * GROWTH + 32),
                .announcement = "unpacking the image",
                .make = unpack,
                .context = archive,
        };

        name = key ? format("image-%016llx", (unsigned long long) siphash24(key, strlen(key), hash_key)) : NULL;
        if (!name)
                return error_errno(e, ENOMEM, EXIT_FAILED, "unpacking %s", archive);
        entry.name = name;
        return tree_cache_get(&entry, progress, userdata, ret_path, e);
}

int tree_prepare_image(const char *image, runtime_progress_t progress, void *userdata, struct tree *ret,
                       struct error *e) {
        _cleanup_(freep) char *path = realpath(image, NULL);
        struct stat st;
        int r = 0;

        if (!path || stat(path, &st) < 0)
                return error_errno(e, errno, EXIT_CONTAINER, "--image %s", image);
        if (string_equal(path, "/"))
                return error_set(e, EINVAL, EXIT_CONTAINER, "--image /: for the host's own /usr, use --system host");
        if (S_ISDIR(st.st_mode))
                ret->path = steal_ptr(path);
        else if (S_ISREG(st.st_mode))
                r = unpack_cached(path, &st, progress, userdata, &ret->path, e);
        else
                return error_set(e, EINVAL, EXIT_CONTAINER, "--image %s: neither a directory nor a tar archive", image);
        if (r == 0)
                r = check_system(ret->path, image, e);
        if (r < 0)
                return r;
        ret->usr = format("%s/usr", ret->path);
        return ret->usr ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "using %s", image);
}
