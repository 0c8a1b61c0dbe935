/* Looking for files as systemd does: by name, whatever the folder; the same name in an earlier folder hides later ones.
 */
#include "hand_networks.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "base/string-list.h"
#include "config/link_settings.h"
#include "model/names.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define NETWORKD_FOLDER "/run/systemd/netif" /* networkd's own, from when it first runs */
#define FILE_MAX        (256 << 10)
#define LAST_OF_OURS    "20-ve-\x7f" /* comes behind 20-ve-NAME.network of all names */

static const char *const folders[] = {PATH_NETWORKS, "/run/systemd/network", "/usr/local/lib/systemd/network",
                                      "/usr/lib/systemd/network"};

/* A folder that was looked at; any name that comes or goes changes its ctime, which nobody can set. */
struct look {
        uint64_t device, inode; /* 0: it is not there */
        int64_t seconds, nanoseconds;
};

/* The daemon asks at every attach, and mostly there are no files that could be meant at all: the folders as they were
 * when that was found. */
static struct look nothing_in[ELEMENTS_OF(folders)];
static bool nothing;

/* true: all of them have been as they are now for longer than the file system's clock is coarse. */
static bool look_at(struct look ret[ELEMENTS_OF(folders)]) {
        bool settled = true;
        time_t now = time(NULL);
        struct stat st;

        memset(ret, 0, sizeof(*ret) * ELEMENTS_OF(folders));
        for (size_t i = 0; i < ELEMENTS_OF(folders); i++) {
                if (stat(folders[i], &st) < 0)
                        continue;
                ret[i] = (struct look){st.st_dev, st.st_ino, st.st_ctim.tv_sec, st.st_ctim.tv_nsec};
                settled = settled && st.st_ctim.tv_sec + 1 < now;
        }
        return settled;
}

/* Names that come before `limit`. */
static int collect(const char *folder, const char *limit, char ***names, size_t *n) {
        DIR *directory = opendir(folder);
        const struct dirent *d;
        int r = 0;

        if (!directory)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        while (r >= 0 && (d = readdir(directory))) {
                const char *end = strrchr(d->d_name, '.');

                if (d->d_name[0] != '.' && string_equal(end, ".network") && strcmp(d->d_name, limit) < 0)
                        r = strings_append(names, n, d->d_name);
        }
        closedir(directory);
        return r;
}

/* Of the first folder that has it. NULL: it is hidden, or not a file. */
static int read_first(const char *name, char **ret_path, char **ret_text) {
        for (size_t i = 0; i < ELEMENTS_OF(folders); i++) {
                _cleanup_(freep) char *path = format("%s/%s", folders[i], name);
                struct stat st;
                int r;

                if (!path)
                        return -ENOMEM;
                if (stat(path, &st) < 0)
                        continue;
                if (!S_ISREG(st.st_mode) || st.st_size == 0)
                        return 0;
                r = file_read(path, FILE_MAX, ret_text, NULL);
                *ret_path = r < 0 ? NULL : steal_ptr(path);
                return r;
        }
        return 0;
}

/* Patterns with blanks between them; one that is for every kind of link ("*", "en*") does not mean containers'. */
static bool name_matches(const char *value, const char *link, const char *full) {
        while (*value) {
                char pattern[64];
                size_t n = strcspn(value, " \t");

                if (n > 0 && n < sizeof(pattern)) {
                        memcpy(pattern, value, n);
                        pattern[n] = '\0';
                        if (string_starts_with(pattern, "ve-") &&
                            (fnmatch(pattern, link, 0) == 0 || fnmatch(pattern, full, 0) == 0))
                                return true;
                }
                value += n;
                value += strspn(value, " \t");
        }
        return false;
}

static bool is_for(const char *text, const char *link, const char *full) {
        bool in_match = false;

        while (*text) {
                char line[256];
                size_t n = strcspn(text, "\n"), k;

                (void) snprintf(line, sizeof(line), "%.*s", (int) (n < sizeof(line) ? n : 0), text);
                text += n + (text[n] == '\n');
                for (k = strlen(line); k > 0 && strchr(" \t\r", line[k - 1]); k--)
                        line[k - 1] = '\0';
                if (line[0] == '[')
                        in_match = string_equal(line, "[Match]");
                else if (in_match && string_starts_with(line, "Name=") && name_matches(line + 5, link, full))
                        return true;
        }
        return false;
}

static int take(struct container *c, const char *path, const char *text, const char *link, struct error *e) {
        _cleanup_(link_settings_clear) struct link_settings s = LINK_SETTINGS_INIT;
        int r = link_settings_from_file(text, path, LINK_SIDE_HOST, &s, e);

        if (r >= 0)
                r = link_settings_refuse_foreign(&s, link, e);
        if (r < 0)
                return error_prefix(e, r, "container '%s'", c->name);
        link_settings_clear(&c->host_settings);
        c->host_settings = s;
        s = LINK_SETTINGS_INIT;
        return 0;
}

int hand_networks_apply(struct container *c, struct error *e) {
        _cleanup_(strings_freep) char **names = NULL;
        _cleanup_(freep) char *ours = format("20-ve-%s.network", c->name), *full = format("ve-%s", c->name);
        struct look now[ELEMENTS_OF(folders)];
        char link[IFNAMSIZ];
        bool settled;
        size_t n = 0;
        int r = ours && full ? 0 : -ENOMEM;

        if (c->kind != CONTAINER_NSPAWN || c->mode != NETWORK_VETH || access(NETWORKD_FOLDER, F_OK) == 0)
                return 0;
        settled = look_at(now);
        if (nothing && memcmp(now, nothing_in, sizeof(now)) == 0)
                return 0;
        (void) link_name(LINK_VE, c->name, link);
        for (size_t i = 0; i < ELEMENTS_OF(folders) && r >= 0; i++)
                r = collect(folders[i], LAST_OF_OURS, &names, &n);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot look for .network files of container '%s'", c->name);
        nothing = settled && n == 0;
        memcpy(nothing_in, now, sizeof(now));
        if (n > 0)
                strings_sort_unique(names, n);
        for (size_t i = 0; n > 0 && names[i] && strcmp(names[i], ours) < 0; i++) {
                _cleanup_(freep) char *path = NULL, *text = NULL;

                r = read_first(names[i], &path, &text);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot read %s", names[i]);
                if (text && is_for(text, link, full))
                        return take(c, path, text, link, e);
        }
        return 0;
}
