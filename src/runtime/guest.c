/* The folder that is bound into the container with the first process and its instructions, and /etc/resolv.conf. */
#include "guest.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "config/guest.h"
#include "runtime/beneath.h"
#include "runtime/record.h"
#include "state/applied.h"
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

/* How long the first process waits for the host's side of the link. */
#define CARRIER_DEADLINE_MS 5000

#define DECLARATION     "guest/20-host0.network"
#define DECLARATION_MAX 65536

#define RESOLVER        "/etc/resolv.conf"
#define RESOLVER_MAX    65536
#define RESOLVER_MARKER "# Written by nixos-nspawn at each start, as long as this line is here.\n"

static int copy_program(const char *from, const char *to) {
        _cleanup_(fd_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
        _cleanup_(fd_closep) int out = -1;
        struct stat st;

        if (in < 0)
                return -errno;
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0755);
        if (out < 0 || fstat(in, &st) < 0)
                return -errno;
        for (off_t left = st.st_size; left > 0;) {
                ssize_t n = sendfile(out, in, NULL, (size_t) left);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
                left -= n;
        }
        return fchmod(out, 0755) < 0 ? -errno : 0;
}

static int guest_text_write(const char *name, const char *file, const char *text, struct error *e) {
        _cleanup_(freep) char *path = supervisor_path(name, file);
        int r = path && text ? file_write_atomic(path, text, strlen(text), 0644, false) : -ENOMEM;

        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot write " PATH_CONTAINERS "/%s/%s", name, file) : 0;
}

/* Whose definition it is that the container runs with: an update compares with that one. */
static int generation_write(const char *name, struct error *e) {
        char text[16];
        unsigned number;

        if (store_current_generation(name, &number) < 0)
                return 0;
        (void) snprintf(text, sizeof text, "%u\n", number);
        return guest_text_write(name, "guest/generation", text, e);
}

int guest_generation(const char *name, unsigned *ret) {
        _cleanup_(freep) char *path = supervisor_path(name, "guest/generation"), *text = NULL;
        uint64_t number;
        int r = path ? file_read(path, 16, &text, NULL) : -ENOMEM;

        if (r < 0)
                return r;
        text[strcspn(text, "\n")] = '\0';
        r = parse_unsigned(text, 1, INT_MAX, &number);
        if (r >= 0)
                *ret = (unsigned) number;
        return r;
}

int guest_folder_follow(const struct container *c, const struct network *n, struct error *e) {
        _cleanup_(freep) char *network = guest_first_file(n, CARRIER_DEADLINE_MS), *before = NULL;
        _cleanup_(freep) char *path = supervisor_path(n->name, DECLARATION), *declaration = NULL;
        char suffix[NAME_SUFFIX_MAX + 1];
        int r = applied_suffix(suffix, e);

        if (r < 0)
                return r;
        declaration = guest_network_file(c, n, suffix);
        r = guest_text_write(n->name, "guest/network", network, e);
        if (r >= 0)
                r = generation_write(n->name, e);
        /* A guest that is given no address may want to ask for one. */
        if (r < 0 || !container_has_link(c) ||
            (n->kind == CONTAINER_NIXOS && n->container_v4.address.family == AF_UNSPEC &&
             n->container_v6.address.family == AF_UNSPEC))
                return r;
        if (path && declaration && file_read(path, DECLARATION_MAX, &before, NULL) >= 0 &&
            strcmp(before, declaration) == 0)
                return 0;
        r = guest_text_write(n->name, DECLARATION, declaration, e);
        return r < 0 ? r : 1;
}

int guest_folder_make(const struct container *c, const struct network *n, struct error *e) {
        _cleanup_(freep) char *folder = supervisor_path(n->name, "guest");
        _cleanup_(freep) char *first = supervisor_path(n->name, "guest/first");
        int r;

        if (!folder || !first)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot prepare the first process of %s", n->name);
        r = directory_make(folder, 0755);
        if (r >= 0)
                r = copy_program(LIBEXECDIR "/nspawn-first", first);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot copy " LIBEXECDIR "/nspawn-first to %s", first);
        r = guest_folder_follow(c, n, e);
        return r < 0 ? r : 0;
}

int guest_folder_remove(const char *name) {
        _cleanup_(freep) char *folder = supervisor_path(name, "guest");

        return folder ? tree_remove(folder) : -ENOMEM;
}

/* Only one that is absent, empty or ours is written; 1: it may be. A symlink, also one that leads nowhere yet, is how
 * the guest's own resolver is named. */
static int resolver_is_ours(int root, int etc, const char *name) {
        _cleanup_(freep) char *text = NULL;
        struct stat st;
        int r;

        if (fstatat(etc, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 1 : -errno;
        if (!S_ISREG(st.st_mode) || st.st_size > RESOLVER_MAX)
                return 0;
        r = beneath_read(root, RESOLVER, RESOLVER_MAX, &text, NULL);
        if (r < 0)
                return r;
        return !*text || string_starts_with(text, RESOLVER_MARKER);
}

static char *resolver_text(const struct network *n, const char *suffix) {
        const struct address *servers[] = {&n->host_v4.address, &n->host_v6.address};
        char text[ADDRESS_TEXT_MAX];
        struct buffer b = BUFFER_INIT;

        buffer_append_string(&b, RESOLVER_MARKER);
        for (size_t i = 0; i < ELEMENTS_OF(servers); i++)
                if (servers[i]->family != AF_UNSPEC)
                        buffer_append_format(&b, "nameserver %s\n", address_format(servers[i], text));
        buffer_append_format(&b, "search %s\n", suffix);
        return buffer_steal(&b);
}

/* It belongs to whom /etc belongs to, also where nspawn has shifted the owners on disk. */
static int resolver_put(int etc, const char *name, const char *text) {
        struct stat st;

        if (fstat(etc, &st) < 0)
                return -errno;
        return beneath_put(
                etc, name,
                &(struct beneath_entry){
                        .data = text, .size = strlen(text), .mode = 0644, .uid = st.st_uid, .gid = st.st_gid});
}

/* The host's, or, where that names only a resolver of the host's own loopback, what systemd-resolved asks. */
static int resolver_copy(char **ret) {
        int r = file_read(RESOLVER, RESOLVER_MAX, ret, NULL);

        if (r >= 0 && strstr(*ret, "nameserver 127.0.0.53")) {
                char *upstream;

                if (file_read("/run/systemd/resolve/resolv.conf", RESOLVER_MAX, &upstream, NULL) >= 0) {
                        free(*ret);
                        *ret = upstream;
                }
        }
        return r;
}

/* Of a bridge's network: what the definition says; NULL where it says nothing, and the guest learns it there. */
static char *resolver_of_bridge(const struct container *c) {
        struct buffer b = BUFFER_INIT;
        bool any = false;

        buffer_append_string(&b, RESOLVER_MARKER);
        for (size_t i = 0; i < c->container_settings.n_settings; i++) {
                const struct link_setting *s = &c->container_settings.settings[i];
                struct address a;

                if (!string_equal(s->section, "Network") || !string_equal(s->key, "DNS") ||
                    address_parse(s->value, &a) < 0)
                        continue;
                buffer_append_format(&b, "nameserver %s\n", s->value);
                any = true;
        }
        if (any)
                return buffer_steal(&b);
        buffer_clear(&b);
        return NULL;
}

static int resolver_copy_marked(char **ret) {
        _cleanup_(freep) char *text = NULL;
        int r = resolver_copy(&text);

        if (r < 0)
                return r;
        *ret = format("%s%s", RESOLVER_MARKER, text);
        return *ret ? 0 : -ENOMEM;
}

/* *ret NULL: there is nothing to say. */
static int resolver_choose(const struct container *c, const struct network *n, const char *suffix, char **ret) {
        int r;

        *ret = NULL;
        if (c->kind == CONTAINER_NIXOS) {
                r = c->copy_resolver ? resolver_copy(ret) : 0;
                return r == -ENOENT ? 0 : r;
        }
        if (c->hand && n->mode != NETWORK_VETH && n->mode != NETWORK_ZONE)
                return 0;
        if (n->mode == NETWORK_HOST) {
                r = resolver_copy_marked(ret);
                return r == -ENOENT ? 0 : r;
        }
        if (n->mode == NETWORK_BRIDGE) {
                *ret = resolver_of_bridge(c);
                return 0;
        }
        if (!n->responders)
                return 0;
        *ret = resolver_text(n, suffix);
        return *ret ? 0 : -ENOMEM;
}

/* Where there is nothing to say now, what we said before goes. */
static int resolver_follow(int root, int etc, const char *name, const struct container *c, const char *text) {
        int r = c->kind == CONTAINER_NIXOS ? text != NULL : resolver_is_ours(root, etc, name);

        if (r <= 0)
                return r;
        if (text)
                return resolver_put(etc, name, text);
        return unlinkat(etc, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int guest_resolver_write(const struct container *c, const struct network *n, struct error *e) {
        _cleanup_(freep) char *path = container_root(c), *text = NULL;
        _cleanup_(fd_closep) int root = -1, etc = -1;
        char suffix[NAME_SUFFIX_MAX + 1];
        const char *name;
        int r;

        r = applied_suffix(suffix, e);
        if (r < 0)
                return r;
        r = path ? resolver_choose(c, n, suffix, &text) : -ENOMEM;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot write the resolv.conf of %s", n->name);
        if (!text && c->kind == CONTAINER_NIXOS)
                return 0;
        root = beneath_open(path);
        if (root < 0)
                return error_errno(e, root, EXIT_CONTAINER, "Cannot open the root folder %s", path);
        etc = beneath_parent(root, RESOLVER, 0, NULL, NULL, &name);
        if (etc == -ENOENT)
                return 0; /* a system without /etc has no such file either */
        r = etc < 0 ? etc : resolver_follow(root, etc, name, c, text);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot write " RESOLVER " of %s", n->name) : 0;
}

int guest_names_follow(const char *name, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(freep) char *path = supervisor_path(name, "guest/20-host0.network"), *text = NULL;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        char suffix[NAME_SUFFIX_MAX + 1];
        int r;

        if (!path)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot tell %s of the domain of names", name);
        if (access(path, F_OK) < 0)
                return 0;
        r = store_load_network(name, &c, &n, e);
        if (r >= 0)
                r = applied_suffix(suffix, e);
        if (r < 0)
                return r;
        text = guest_network_file(&c, &n, suffix);
        r = guest_text_write(name, "guest/20-host0.network", text, e);
        return r < 0 ? r : guest_resolver_write(&c, &n, e);
}
