/* Names are published address first, name last, and taken back the other way round: a reverse lookup never finds a
 * name that does not resolve. */
#include "publish.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/paths.h"
#include "nscd.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

/* PATH_NAMES/name in lower case, as host names have no case. */
static int name_path(const char *name, char ret[sizeof PATH_NAMES + CONTAINER_NAME_MAX + 1]) {
        char *p = ret + sizeof PATH_NAMES;

        if (container_name_problem(name))
                return -EINVAL;
        (void) sprintf(ret, "%s/%s", PATH_NAMES, name);
        for (; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p - 'A' + 'a');
        return 0;
}

#define ADDRESS_PATH_MAX (sizeof PATH_NAMES_BY_ADDRESS + ADDRESS_TEXT_MAX)

static void address_path(const char *address, char ret[ADDRESS_PATH_MAX]) {
        (void) snprintf(ret, ADDRESS_PATH_MAX, "%s/%s", PATH_NAMES_BY_ADDRESS, address);
}

/* Removes the links of the addresses in `old` that are not in `kept` (NULL: none is) and still lead to base. */
static int remove_address_links(char *old, const char *kept, const char *base) {
        int result = 0;

        for (char *rest = old, *line; (line = strsep(&rest, "\n"));) {
                char path[ADDRESS_PATH_MAX], target[CONTAINER_NAME_MAX + 2];
                struct address a;
                ssize_t n;
                int r;

                if (address_parse(line, &a) < 0)
                        continue;
                if (kept) {
                        const char *found = strstr(kept, line);

                        if (found && (found == kept || found[-1] == '\n') && found[strlen(line)] == '\n')
                                continue;
                }
                address_path(line, path);
                n = readlink(path, target, sizeof target - 1);
                if (n < 0)
                        continue;
                target[n] = '\0';
                r = strcmp(target, base) == 0 ? file_remove(path) : 0;
                if (r < 0 && result == 0)
                        result = r;
        }
        return result;
}

static void append_address(struct buffer *b, const struct address *a) {
        char text[ADDRESS_TEXT_MAX];

        if (a->family != AF_UNSPEC)
                buffer_append_format(b, "%s\n", address_format(a, text));
}

static int add_address_link(const struct address *a, const char *base) {
        char text[ADDRESS_TEXT_MAX], path[ADDRESS_PATH_MAX];

        if (a->family == AF_UNSPEC)
                return 0;
        address_path(address_format(a, text), path);
        /* Mostly there is none yet, and this is one system call. */
        if (symlink(base, path) == 0)
                return 0;
        return errno == EEXIST ? symlink_atomic(base, path) : -errno;
}

static int publish(const struct network *n, const char *path, const struct buffer *text) {
        const char *base = strrchr(path, '/') + 1;
        _cleanup_(freep) char *old = NULL;
        const struct prefix *p;
        int r = 0;

        if (access(PATH_NAMES_BY_ADDRESS, F_OK) < 0) {
                r = directory_make(PATH_NAMES_BY_ADDRESS, 0755);
                if (r < 0)
                        return r;
        }
        if (file_read(path, NAMES_FILE_MAX, &old, NULL) == 0)
                (void) remove_address_links(old, text->data, base);
        for (size_t i = 0; r == 0 && (p = network_container_address(n, i)); i++)
                r = add_address_link(&p->address, base);
        return r < 0 ? r : file_write_atomic(path, text->data, text->size, 0644, false);
}

int names_publish(const struct network *n, int ifindex) {
        char path[sizeof PATH_NAMES + CONTAINER_NAME_MAX + 1], link_local[ADDRESS_TEXT_MAX];
        struct buffer b = BUFFER_INIT;
        const struct prefix *p;
        int r;

        r = name_path(n->name, path);
        if (r < 0)
                return r;
        for (size_t i = 0; (p = network_container_address(n, i)); i++)
                append_address(&b, &p->address);
        /* Of a member of a zone, ifindex is that of the bridge. */
        if ((n->mode == NETWORK_VETH || n->mode == NETWORK_ZONE) && n->container_v6.address.family == AF_UNSPEC &&
            n->container_link_local.family != AF_UNSPEC)
                buffer_append_format(&b, "%s%%%d\n", address_format(&n->container_link_local, link_local), ifindex);
        r = b.size == 0 ? names_withdraw(n->name) : buffer_error(&b);
        if (r == 0 && b.size > 0)
                r = publish(n, path, &b);
        buffer_clear(&b);
        nscd_forget_hosts();
        return r;
}

static bool has_address_link(const struct address *a, const char *base) {
        char text[ADDRESS_TEXT_MAX], path[ADDRESS_PATH_MAX], target[CONTAINER_NAME_MAX + 2];
        ssize_t n;

        if (a->family == AF_UNSPEC)
                return true;
        address_path(address_format(a, text), path);
        n = readlink(path, target, sizeof target);
        return n >= 0 && (size_t) n == strlen(base) && memcmp(target, base, (size_t) n) == 0;
}

bool names_are_published(const struct network *n) {
        char path[sizeof PATH_NAMES + CONTAINER_NAME_MAX + 1];
        const char *base;

        if (name_path(n->name, path) < 0)
                return false;
        base = strrchr(path, '/') + 1;
        return access(path, F_OK) == 0 && has_address_link(&n->container_v4.address, base) &&
               has_address_link(&n->container_v6.address, base);
}

int names_withdraw(const char *name) {
        char path[sizeof PATH_NAMES + CONTAINER_NAME_MAX + 1];
        _cleanup_(freep) char *old = NULL;
        int r, q;

        r = name_path(name, path);
        if (r < 0)
                return r;
        if (file_read(path, NAMES_FILE_MAX, &old, NULL) < 0)
                return file_remove(path);
        r = remove_address_links(old, NULL, strrchr(path, '/') + 1);
        q = file_remove(path);
        nscd_forget_hosts();
        return r < 0 ? r : q;
}

int names_publish_suffix(const char *suffix) {
        char target[NAME_SUFFIX_MAX + 2];
        ssize_t n = readlink(PATH_NAMES_SUFFIX, target, sizeof target - 1);
        bool is_default = strcmp(suffix, NAME_SUFFIX_DEFAULT) == 0;
        int r;

        target[n > 0 ? n : 0] = '\0';
        if (is_default ? n < 0 && errno == ENOENT : strcmp(target, suffix) == 0)
                return 0;
        if (is_default)
                r = file_remove(PATH_NAMES_SUFFIX);
        else {
                r = directory_make(PATH_NAMES, 0755);
                if (r >= 0)
                        r = symlink_atomic(suffix, PATH_NAMES_SUFFIX);
        }
        nscd_forget_hosts();
        return r;
}
