#include "cli/hosts.h"

#include "front/output.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/string-list.h"
#include "config/host_containers.h"
#include "state/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PATH_ETC_HOSTS "/etc/hosts"

enum { HOSTS_MAX = 16 << 20 };

void hosts_clear(struct hosts *h) {
        strings_freep(&h->before);
        strings_freep(&h->after);
}

/* Absent: "". */
static int read_text(char **ret, struct error *e) {
        size_t size = 0;
        int r = file_read(PATH_ETC_HOSTS, HOSTS_MAX, ret, &size);

        if (r == -ENOENT) {
                *ret = strdup("");
                r = *ret ? 0 : -ENOMEM;
        } else if (r >= 0 && strlen(*ret) != size) {
                freep(ret);
                return error_set(e, EINVAL, EXIT_FAILED, PATH_ETC_HOSTS " is not text: it holds a NUL");
        }
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot read " PATH_ETC_HOSTS) : 0;
}

static int append_line(char ***list, size_t *n, const struct prefix *p, const char *name) {
        char address[ADDRESS_TEXT_MAX];
        _cleanup_(freep) char *line = NULL;

        if (p->address.family == AF_UNSPEC)
                return 0;
        line = format("%s %s.containers", address_format(&p->address, address), name);
        return line ? strings_append(list, n, line) : -ENOMEM;
}

static int append_container(char ***list, size_t *n, const struct host_container *wanted, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        int r = conf_to_container(&wanted->conf, wanted->name, wanted->name, &c, e);

        if (r >= 0)
                r = append_line(list, n, &c.end.local_v4, wanted->name);
        return r < 0 ? r : append_line(list, n, &c.end.local_v6, wanted->name);
}

int hosts_load(const json_t *host, struct hosts *ret, struct error *e) {
        _cleanup_(host_containers_clear) struct host_containers wanted = HOST_CONTAINERS_INIT;
        _cleanup_(freep) char *text = NULL;
        _cleanup_(hosts_clear) struct hosts h = {.after = calloc(1, sizeof(char *))};
        size_t n = 0;
        int r;

        r = h.after ? read_text(&text, e) : -ENOMEM;
        if (r >= 0)
                r = hosts_read(text, &h.before);
        if (r >= 0)
                r = host_containers_read(host, &wanted, NULL, e);
        for (size_t i = 0; i < wanted.n && r >= 0; i++)
                r = append_container(&h.after, &n, &wanted.list[i], e);
        if (r == -ENOMEM)
                return error_errno(e, r, EXIT_FAILED, "reading " PATH_ETC_HOSTS);
        if (r < 0)
                return r;
        *ret = h;
        h = (struct hosts){0};
        return 0;
}

bool hosts_differ(const struct hosts *h) {
        char **a = h->before, **b = h->after;

        while (*a && *b && strcmp(*a, *b) == 0) {
                a++;
                b++;
        }
        return *a || *b;
}

static bool has(char *const *list, const char *line) {
        for (; *list; list++)
                if (strcmp(*list, line) == 0)
                        return true;
        return false;
}

static void describe(json_t *changes, const char *action, char *const *list, char *const *other) {
        for (; *list; list++)
                if (!has(other, *list))
                        (void) json_array_append_new(changes,
                                                     json_pack("{s:s, s:o}", "action", action, "text",
                                                               json_sprintf("\"%s\" in " PATH_ETC_HOSTS, *list)));
}

void hosts_describe(const struct hosts *h, json_t *changes) {
        describe(changes, "remove", h->before, h->after);
        describe(changes, "add", h->after, h->before);
}

int hosts_put(char *const *lines, struct error *e) {
        _cleanup_(freep) char *text = NULL, *changed = NULL;
        int r;

        r = read_text(&text, e);
        if (r < 0)
                return r;
        r = hosts_write(text, lines, &changed);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "changing " PATH_ETC_HOSTS);
        if (r == 0)
                return 0;
        r = file_replace(PATH_ETC_HOSTS, changed, strlen(changed), 0644);
        /* In the Nix store, read-only, or mounted on its own. */
        if (r == -EROFS || r == -EBUSY || r == -EPERM || r == -EACCES || r == -EXDEV) {
                (void) fprintf(stderr,
                               "%s: " PATH_ETC_HOSTS " cannot be changed here (%s): it stays as it is, and "
                               "these names resolve by nss-nspawn alone\n",
                               program_name(), strerror(-r));
                return 0;
        }
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot write " PATH_ETC_HOSTS) : 0;
}
