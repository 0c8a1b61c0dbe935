/* /proc/net says which ports, /proc/PID/fd whose sockets. */
#include "cli/listeners.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

enum {
        TCP_LISTENING = 0x0a,
        UDP_UNCONNECTED = 0x07,
};

void listeners_clear(struct listeners *l) {
        free(l->list);
        *l = LISTENERS_INIT;
}

static int add(struct listeners *l, const struct listener *one) {
        struct listener *list = reallocarray(l->list, l->n + 1, sizeof(*list));

        if (!list)
                return -ENOMEM;
        l->list = list;
        l->list[l->n++] = *one;
        return 0;
}

static int load(struct listeners *l, const char *path, bool udp) {
        _cleanup_(file_closep) FILE *f = fopen(path, "re");
        _cleanup_(freep) char *line = NULL;
        size_t capacity = 0;

        /* No IPv6 on this host: no such file. */
        if (!f)
                return errno == ENOENT ? 0 : -errno;
        while (getline(&line, &capacity, f) >= 0) {
                unsigned int port, state;
                uint64_t inode;
                int r;

                if (sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*u %*u %" SCNu64, &port, &state,
                           &inode) != 3 ||
                    port == 0 || port > UINT16_MAX || state != (udp ? UDP_UNCONNECTED : TCP_LISTENING))
                        continue;
                r = add(l, &(struct listener){udp, (uint16_t) port, inode});
                if (r < 0)
                        return r;
        }
        return 0;
}

int listeners_load(struct listeners *ret) {
        static const struct {
                const char *path;
                bool udp;
        } files[] = {
                {"/proc/net/tcp", false}, {"/proc/net/tcp6", false}, {"/proc/net/udp", true}, {"/proc/net/udp6", true}};
        int r = 0;

        for (size_t n = 0; n < ELEMENTS_OF(files) && r >= 0; n++)
                r = load(ret, files[n].path, files[n].udp);
        return r;
}

static bool is_wanted(const struct listeners *l, bool udp, json_int_t first, json_int_t last, uint64_t inode) {
        for (size_t n = 0; n < l->n; n++)
                if (l->list[n].udp == udp && l->list[n].port >= first && l->list[n].port <= last &&
                    (inode == 0 || l->list[n].inode == inode))
                        return true;
        return false;
}

/* Whether the process has one of the sockets; one that cannot be looked at has not. */
static bool process_has(const char *pid, const struct listeners *l, bool udp, json_int_t first, json_int_t last) {
        _cleanup_(freep) char *path = format("/proc/%s/fd", pid);
        _cleanup_(directory_closep) DIR *d = path ? opendir(path) : NULL;

        for (struct dirent *entry = d ? readdir(d) : NULL; entry; entry = readdir(d)) {
                char target[64];
                uint64_t inode;
                ssize_t n = readlinkat(dirfd(d), entry->d_name, target, sizeof(target) - 1);

                if (n <= 0)
                        continue;
                target[n] = '\0';
                if (sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1 && inode > 0 &&
                    is_wanted(l, udp, first, last, inode))
                        return true;
        }
        return false;
}

static json_t *process_text(const char *pid) {
        _cleanup_(freep) char *path = format("/proc/%s/comm", pid), *name = NULL;

        if (!path || file_read(path, 4096, &name, NULL) < 0)
                return json_sprintf("pid %s", pid);
        name[strcspn(name, "\n")] = '\0';
        return json_sprintf("%s (pid %s)", string_is_clean(name) ? name : "?", pid);
}

json_t *listeners_describe(const struct listeners *l, const char *protocol, json_int_t first, json_int_t last) {
        bool udp = string_equal(protocol, "udp");
        _cleanup_(directory_closep) DIR *d = NULL;
        json_t *found = json_array();

        if (!is_wanted(l, udp, first, last, 0))
                return found;
        d = opendir("/proc");
        for (struct dirent *entry = d ? readdir(d) : NULL; entry; entry = readdir(d))
                if (isdigit((unsigned char) entry->d_name[0]) && process_has(entry->d_name, l, udp, first, last))
                        (void) json_array_append_new(found, process_text(entry->d_name));
        return found;
}
