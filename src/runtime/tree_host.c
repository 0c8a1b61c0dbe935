/* The host's own /usr as the container's, with an /etc and a /var that hold nothing of the host but its system users
 * (files in /usr belong to some) and what its libraries and programs cannot do without. Nothing is downloaded. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/siphash.h"
#include "tree_copy.h"
#include "tree_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define RECIPE         "1"
#define NEEDED_MIB     32
#define ACCOUNTS_MAX   (1024 * 1024)
#define SYSTEM_UID_MAX 999
#define NOBODY         65534

static const uint8_t hash_key[16] = {0x6e, 0x73, 0x70, 0x61, 0x77, 0x6e, 0x2d, 0x68,
                                     0x6f, 0x73, 0x74, 0x2d, 0x75, 0x73, 0x72, 0x31};

/* Copied as they are. No secrets among them. */
static const char *const copied[] = {
        "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "protocols", "services", "ssl/certs",
};

static const struct {
        const char *path;
        mode_t mode;
} folders[] = {
        {"boot", 0755},      {"dev", 0755},       {"etc", 0755},     {"etc/ssl", 0755}, {"home", 0755},
        {"media", 0755},     {"mnt", 0755},       {"opt", 0755},     {"proc", 0755},    {"root", 0700},
        {"run", 0755},       {"srv", 0755},       {"sys", 0755},     {"tmp", 01777},    {"usr", 0755},
        {"var", 0755},       {"var/cache", 0755}, {"var/lib", 0755}, {"var/log", 0755}, {"var/log/journal", 0755},
        {"var/spool", 0755}, {"var/tmp", 01777},
};

static const char *const merged[] = {"bin", "lib", "lib32", "lib64", "libx32", "sbin"};

static int make_folders(int root) {
        for (size_t i = 0; i < ELEMENTS_OF(folders); i++) {
                if (mkdirat(root, folders[i].path, folders[i].mode) < 0)
                        return -errno;
                if (fchmodat(root, folders[i].path, folders[i].mode, 0) < 0)
                        return -errno;
        }
        return 0;
}

/* Links into /usr, as on the host. */
static int copy_links(int root) {
        _cleanup_(fd_closep) int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = top < 0 ? -errno : 0;

        for (size_t i = 0; r == 0 && i < ELEMENTS_OF(merged); i++)
                if (faccessat(top, merged[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        r = tree_copy(top, root, merged[i], 0);
        return r;
}

static int copy_one(int from, int to, const char *path) {
        const char *slash = strchr(path, '/');
        _cleanup_(freep) char *folder = slash ? strndup(path, (size_t) (slash - path)) : NULL;
        _cleanup_(fd_closep) int in = -1, out = -1;

        if (faccessat(from, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        if (!slash)
                return tree_copy(from, to, path, 0);
        in = folder ? openat(from, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        out = folder ? openat(to, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        return in < 0 || out < 0 ? -errno : tree_copy(in, out, slash + 1, 0);
}

static int copy_settings(int root) {
        _cleanup_(fd_closep) int from = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(fd_closep) int to = openat(root, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = from < 0 || to < 0 ? -errno : 0;

        for (size_t i = 0; r == 0 && i < ELEMENTS_OF(copied); i++)
                r = copy_one(from, to, copied[i]);
        return r;
}

/* NAME:PASSWORD:NUMBER:... of a system account. */
static bool is_system_account(const char *line, size_t length) {
        const char *number = memchr(line, ':', length);
        char text[16];
        size_t n;
        uint64_t id;

        number = number ? memchr(number + 1, ':', length - (size_t) (number + 1 - line)) : NULL;
        if (!number)
                return false;
        n = strcspn(++number, ":\n");
        if (n >= sizeof(text))
                return false;
        memcpy(text, number, n);
        text[n] = '\0';
        return parse_unsigned(text, 0, NOBODY, &id) == 0 && (id <= SYSTEM_UID_MAX || id == NOBODY);
}

/* Without passwords, whatever the host's files say; group members are the host's business. */
static int copy_accounts(const char *target, const char *file, const char *shadow, bool users) {
        _cleanup_(buffer_clear) struct buffer accounts = BUFFER_INIT, shadows = BUFFER_INIT;
        _cleanup_(freep) char *from = format("/etc/%s", file), *to = format("%s/etc/%s", target, file);
        _cleanup_(freep) char *to_shadow = format("%s/etc/%s", target, shadow), *text = NULL;
        int r = from && to && to_shadow ? file_read(from, ACCOUNTS_MAX, &text, NULL) : -ENOMEM;

        if (r < 0)
                return r;
        for (const char *line = text; *line;) {
                size_t length = strcspn(line, "\n"), name = strcspn(line, ":\n");

                if (is_system_account(line, length)) {
                        const char *rest = memchr(line + name + 1, ':', length - name - 1);
                        size_t size = length - (size_t) (rest - line);

                        if (!users) { /* NAME:x:NUMBER: */
                                const char *end = memchr(rest + 1, ':', size - 1);

                                size = end ? (size_t) (end - rest) + 1 : size;
                        }
                        buffer_append_format(&accounts, "%.*s:x%.*s\n", (int) name, line, (int) size, rest);
                        buffer_append_format(&shadows, users ? "%.*s:*:1::::::\n" : "%.*s:*::\n", (int) name, line);
                }
                line += length + (line[length] == '\n');
        }
        if (buffer_error(&accounts) < 0 || buffer_error(&shadows) < 0)
                return -ENOMEM;
        r = file_write_atomic(to, accounts.data, accounts.size, 0644, false);
        return r < 0 ? r : file_write_atomic(to_shadow, shadows.data, shadows.size, 0600, false);
}

static int write_rest(const char *target, int root) {
        static const char nsswitch[] = "passwd: files\ngroup: files\nshadow: files\ngshadow: files\nhosts: files dns\n"
                                       "networks: files\nprotocols: files\nservices: files\n";
        _cleanup_(freep) char *path = format("%s/etc/nsswitch.conf", target);
        int r = path ? file_write_atomic(path, nsswitch, strlen(nsswitch), 0644, false) : -ENOMEM;

        return r < 0 || symlinkat("../usr/lib/os-release", root, "etc/os-release") == 0 ? r : -errno;
}

static int make_tree(const struct tree_job *job, const void *context, struct error *e) {
        _cleanup_(fd_closep) int root = open(job->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = root < 0 ? -errno : make_folders(root);

        if (r == 0)
                r = copy_links(root);
        if (r == 0)
                r = copy_settings(root);
        if (r == 0)
                r = copy_accounts(job->target, "passwd", "shadow", true);
        if (r == 0)
                r = copy_accounts(job->target, "group", "gshadow", false);
        if (r == 0)
                r = write_rest(job->target, root);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "making an /etc for containers in %s", job->target);
        return tree_finish(job->target, true, e);
}

/* What of the host the tree was made from: another tree when it changes. */
static char *make_name(void) {
        static const char *const files[] = {"/usr/lib/os-release", "/etc/passwd",       "/etc/group",
                                            "/etc/ld.so.cache",    "/etc/alternatives", "/usr/lib/systemd/system"};
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        struct stat st;

        buffer_append_string(&b, RECIPE);
        for (size_t i = 0; i < ELEMENTS_OF(files); i++)
                if (stat(files[i], &st) == 0)
                        buffer_append_format(&b, "\n%s %lld.%09ld", files[i], (long long) st.st_mtim.tv_sec,
                                             st.st_mtim.tv_nsec);
        if (buffer_error(&b) < 0)
                return NULL;
        return format("host-%016llx", (unsigned long long) siphash24(b.data, b.size, hash_key));
}

static int check_host(const json_t *spec, struct error *e) {
        const json_t *networking = json_object_get(json_object_get(spec, "config"), "networking");
        const json_t *firewall = json_object_get(json_object_get(networking, "firewall"), "enable");
        _cleanup_(freep) char *package = NULL;
        char **packages;
        struct stat st;
        int r;

        r = tree_packages(spec, &packages);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "choosing the container's system");
        package = packages[0];
        for (size_t i = 0; packages[i]; i++)
                if (i > 0)
                        free(packages[i]);
        free(packages);
        if (package)
                return error_set(
                        e, EINVAL, EXIT_CONTAINER,
                        "--system host: this config needs %s, and services never come from the host's own /usr; "
                        "use --system debian",
                        package);
        if (lstat("/bin", &st) < 0 || !S_ISLNK(st.st_mode) || access(TREE_INIT_PROGRAM, X_OK) < 0)
                return error_set(e, EOPNOTSUPP, EXIT_CONTAINER,
                                 "--system host: this machine's /usr does not hold a whole system (" TREE_INIT_PROGRAM
                                 ", and /bin leading into /usr); use --system debian");
        if (!json_is_false(firewall) && access("/usr/sbin/nft", X_OK) < 0)
                return error_set(
                        e, ENOENT, EXIT_CONTAINER,
                        "--system host: networking.firewall needs /usr/sbin/nft, which this machine does not have: "
                        "apt-get install nftables, or use --system debian");
        return 0;
}

int tree_prepare_host(const json_t *spec, runtime_progress_t progress, void *userdata, struct tree *ret,
                      struct error *e) {
        _cleanup_(freep) char *name = make_name();
        struct tree_entry entry = {
                .name = name,
                .probe = "/etc/nsswitch.conf",
                .needed_mib = NEEDED_MIB,
                .make = make_tree,
        };
        int r = check_host(spec, e);

        if (r < 0)
                return r;
        ret->usr = strdup("/usr");
        if (!name || !ret->usr)
                return error_errno(e, ENOMEM, EXIT_FAILED, "choosing the container's system");
        return tree_cache_get(&entry, progress, userdata, &ret->path, e);
}
