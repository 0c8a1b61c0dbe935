/* Wanted and found, one file after the other. */
#include "host.h"

#include "base/file.h"
#include "base/paths.h"
#include "config/host.h"
#include "model/names.h"
#include "state/store.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SYSTEM             "/etc/systemd/system"
#define UNIT_TEMPLATE           "/usr/lib/systemd/system/systemd-nspawn@.service"
#define UNIT_TEMPLATE_CONTAINER UNITDIR "/container@.service"
#define FILE_SIZE_MAX           65536

char *host_file_path(enum host_file f, const char *name) {
        switch (f) {
        case HOST_DROP_IN:
                return format(PATH_SYSTEM "/systemd-nspawn@%s.service.d/50-nixos-nspawn.conf", name);
        case HOST_NETWORK:
                return format(PATH_NETWORKS "/20-ve-%s.network", name);
        case HOST_AUTOSTART:
                return format(PATH_SYSTEM "/machines.target.wants/systemd-nspawn@%s.service", name);
        case HOST_CONTAINER_DROP_IN:
                return format(PATH_SYSTEM "/container@%s.service.d/50-nixos-nspawn.conf", name);
        case HOST_CONTAINER_AUTOSTART:
                return format(PATH_SYSTEM "/machines.target.wants/container@%s.service", name);
        default:
                return NULL;
        }
}

/* Which unit a link is to lead to; NULL: it is a file. */
static const char *link_target(enum host_file f) {
        return f == HOST_AUTOSTART ? UNIT_TEMPLATE : f == HOST_CONTAINER_AUTOSTART ? UNIT_TEMPLATE_CONTAINER : NULL;
}

/* 1: it is ours, *ret its text (a link's: where it leads); 0: there is none; -EEXIST: somebody else's. template: of a
 * link, else NULL. */
static int read_own(const char *path, const char *template, char **ret) {
        char target[PATH_MAX];
        struct stat st;
        int r;

        if (lstat(path, &st) < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        if (template) {
                ssize_t n = S_ISLNK(st.st_mode) ? readlink(path, target, sizeof target - 1) : -1;
                const char *base;

                if (n < 0)
                        return -EEXIST;
                target[n] = '\0';
                base = strrchr(target, '/');
                /* However it leads to the template, that is what enabling the unit makes. */
                if (strcmp(base ? base + 1 : target, strrchr(template, '/') + 1) != 0)
                        return -EEXIST;
                *ret = strdup(target);
                return *ret ? 1 : -ENOMEM;
        }
        if (!S_ISREG(st.st_mode))
                return -EEXIST;
        r = file_read(path, FILE_SIZE_MAX, ret, NULL);
        if (r == -EFBIG)
                return -EEXIST;
        if (r < 0)
                return r;
        return strncmp(*ret, HOST_FILE_MARKER, strlen(HOST_FILE_MARKER)) == 0 ? 1 : -EEXIST;
}

bool host_file_exists(enum host_file f, const char *name) {
        _cleanup_(freep) char *path = host_file_path(f, name), *text = NULL;

        return path && read_own(path, link_target(f), &text) > 0;
}

static char *folder_of(const char *path) {
        return strndup(path, (size_t) (strrchr(path, '/') - path));
}

static int put(const char *path, bool is_link, const char *wanted) {
        _cleanup_(freep) char *folder = folder_of(path);
        int r = folder ? directory_make(folder, 0755) : -ENOMEM;

        if (r < 0)
                return r;
        return is_link ? symlink_atomic(wanted, path) : file_write_atomic(path, wanted, strlen(wanted), 0644, true);
}

/* Its folder too, when it was the only one in it: other drop-ins keep it. */
static int take_away(const char *path, bool folder_is_ours) {
        _cleanup_(freep) char *folder = folder_of(path);
        int r = folder ? file_remove(path) : -ENOMEM;

        if (r >= 0 && folder_is_ours)
                (void) rmdir(folder);
        return r;
}

/* wanted: its text, NULL: it is not to be there. 1: changed. */
static int follow_one(enum host_file f, const char *name, const char *wanted, struct error *e) {
        _cleanup_(freep) char *path = host_file_path(f, name), *found = NULL;
        bool is_link = link_target(f);
        int r = path ? read_own(path, link_target(f), &found) : -ENOMEM;

        if (r == -EEXIST && !wanted)
                return 0;
        if (r == -EEXIST)
                return error_set(e, r, EXIT_CONTAINER,
                                 "'%s' exists and is not of this program; move it away or choose another name", path);
        if (r == 0 && !wanted)
                return 0;
        /* A link that leads there another way will do. */
        if (r > 0 && wanted && (is_link || strcmp(found, wanted) == 0))
                return 0;
        if (r >= 0)
                r = wanted ? put(path, is_link, wanted) : take_away(path, f != HOST_NETWORK);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot %s '%s'", wanted ? "write" : "remove",
                                   path ? path : name);
        return 1;
}

static int texts_make(const char *name, char *texts[_HOST_FILE_MAX], struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        int r = store_load_network(name, &c, &n, e);

        if (r < 0)
                return r;
        bool nixos = c.kind == CONTAINER_NIXOS;
        enum host_file drop_in = nixos ? HOST_CONTAINER_DROP_IN : HOST_DROP_IN;
        enum host_file autostart = nixos ? HOST_CONTAINER_AUTOSTART : HOST_AUTOSTART;

        texts[drop_in] = host_drop_in(&c, LIBEXECDIR "/nspawn-unit");
        if (c.mode == NETWORK_VETH)
                texts[HOST_NETWORK] = host_network_file(&c, &n);
        if (c.auto_start)
                texts[autostart] = strdup(link_target(autostart));
        if (!texts[drop_in] || (c.mode == NETWORK_VETH && !texts[HOST_NETWORK]) || (c.auto_start && !texts[autostart]))
                r = error_errno(e, ENOMEM, EXIT_FAILED, "cannot write the unit of %s", name);
        return r < 0 ? r : 0;
}

int host_files_follow(const char *name, bool changed[_HOST_FILE_MAX], struct error *e) {
        char *texts[_HOST_FILE_MAX] = {NULL};
        int r = 0;

        if (container_name_problem(name))
                return error_set(e, EINVAL, EXIT_FAILED, "'%s' is no name of a container", name);
        if (store_exists(name))
                r = texts_make(name, texts, e);
        for (enum host_file f = 0; f < _HOST_FILE_MAX && r >= 0; f++) {
                r = follow_one(f, name, texts[f], e);
                if (r > 0)
                        changed[f] = true;
        }
        for (enum host_file f = 0; f < _HOST_FILE_MAX; f++)
                free(texts[f]);
        return r < 0 ? r : 0;
}

int host_network_follow(const char *name, struct error *e) {
        char *texts[_HOST_FILE_MAX] = {NULL};
        int r = texts_make(name, texts, e);

        if (r >= 0)
                r = follow_one(HOST_NETWORK, name, texts[HOST_NETWORK], e);
        for (enum host_file f = 0; f < _HOST_FILE_MAX; f++)
                free(texts[f]);
        return r;
}
