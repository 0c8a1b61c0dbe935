/* The record is written first: whatever happens then, restoring puts back no more than was changed. */
#include "apply/forwarding.h"

#include "base/buffer.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define SYSCTLS "/proc/sys/"
#define V6_CONF "net/ipv6/conf"
#define V4_ALL  "net/ipv4/ip_forward"
#define V6_ALL  V6_CONF "/all/forwarding"

enum {
        RECORD_MAX = 1 << 20,
};

/* name: "net/ipv4/ip_forward". The value without its newline. */
static int sysctl_read(const char *name, char *buf, size_t size) {
        _cleanup_(freep) char *path = format(SYSCTLS "%s", name);
        _cleanup_(fd_closep) int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0)
                return path ? -errno : -ENOMEM;
        ssize_t n = read(fd, buf, size - 1);
        if (n < 0)
                return -errno;
        buf[n] = '\0';
        buf[strcspn(buf, "\n")] = '\0';
        return 0;
}

static int sysctl_write(const char *name, const char *value) {
        _cleanup_(freep) char *path = format(SYSCTLS "%s", name);
        _cleanup_(fd_closep) int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;
        if (fd < 0)
                return path ? -errno : -ENOMEM;
        ssize_t n = write(fd, value, strlen(value));
        return n < 0 ? -errno : 0;
}

/* The record: {"net/ipv4/ip_forward": {"before": "0", "set": "1"}, ...} in the order of setting. */
static int record_load(const char *path, json_t **ret, struct error *e) {
        _cleanup_(freep) char *text = NULL;
        int r = file_read(path, RECORD_MAX, &text, NULL);
        if (r == -ENOENT) {
                *ret = json_object();
                return *ret ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "Cannot record sysctls");
        }
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot read %s, the record of changed sysctls", path);
        *ret = json_loads(text, 0, NULL);
        if (!json_is_object(*ret)) {
                json_decref(*ret);
                return error_set(e, EBADMSG, EXIT_FAILED,
                                 "%s, the record of changed sysctls, is damaged: look at what it says, then remove it",
                                 path);
        }
        return 0;
}

static int record_save(const char *path, const json_t *record, struct error *e) {
        _cleanup_(freep) char *text = json_dumps(record, JSON_INDENT(2));
        int r = text ? file_write_atomic(path, text, strlen(text), 0644, false) : -ENOMEM;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot record in %s which sysctls are changed", path);
        return 0;
}

/* Notes that name is to become value; one that was noted before keeps its first value. Absent sysctls (IPv6 switched
 * off) are left out. 1 when there is something to set. */
static int note(json_t *record, json_t *wanted, const char *name, const char *value) {
        char now[16];
        int r = sysctl_read(name, now, sizeof(now));
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (strcmp(now, value) == 0)
                return 0;
        if (!json_object_get(record, name)) {
                json_t *entry = json_pack("{s:s, s:s}", "before", now, "set", value);
                if (!entry || json_object_set_new(record, name, entry) < 0)
                        return -ENOMEM;
        }
        return json_object_set_new(wanted, name, json_string(value)) < 0 ? -ENOMEM : 1;
}

/* Not "default": links that come later include containers', which must never be listened to, whatever the firewall's
 * state; those that are there are left out by name. */
static bool interface_matters(const char *name) {
        static const char *const others[] = {"all", "default", "lo"}, *const ours[] = {"ve-", "vb-", "vz-"};
        for (size_t i = 0; i < ELEMENTS_OF(others); i++)
                if (strcmp(name, others[i]) == 0)
                        return false;
        for (size_t i = 0; i < ELEMENTS_OF(ours); i++)
                if (strncmp(name, ours[i], strlen(ours[i])) == 0)
                        return false;
        return name[0] != '.';
}

/* accept_ra 1 means "unless forwarding". */
static int note_advertisements(json_t *record, json_t *wanted) {
        DIR *directory = opendir(SYSCTLS V6_CONF);
        if (!directory)
                return errno == ENOENT ? 0 : -errno;
        int r = 0;
        const struct dirent *d;
        while (r >= 0 && (d = readdir(directory))) {
                char value[16];
                if (!interface_matters(d->d_name))
                        continue;
                _cleanup_(freep) char *name = format(V6_CONF "/%s/accept_ra", d->d_name);
                if (!name)
                        r = -ENOMEM;
                else if (sysctl_read(name, value, sizeof(value)) == 0 && strcmp(value, "1") == 0)
                        r = note(record, wanted, name, "2");
        }
        closedir(directory);
        return r < 0 ? r : 0;
}

int forwarding_enable(const char *path, bool v6, struct error *e) {
        _cleanup_(json_decrefp) json_t *record = NULL, *wanted = json_object();
        char forwarding[16] = "1";
        int r = wanted ? record_load(path, &record, e) : error_errno(e, ENOMEM, EXIT_FAILED, "Cannot record sysctls");
        if (r < 0)
                return r;
        (void) sysctl_read(V6_ALL, forwarding, sizeof(forwarding));
        /* A host that forwards already has decided about its advertisements. */
        if (v6 && strcmp(forwarding, "1") != 0)
                r = note_advertisements(record, wanted);
        if (r < 0 || (r = note(record, wanted, V4_ALL, "1")) < 0 || (v6 && (r = note(record, wanted, V6_ALL, "1")) < 0))
                return error_errno(e, r, EXIT_FAILED, "Cannot look at the host's forwarding sysctls");
        if (json_object_size(wanted) == 0)
                return 0;
        if ((r = record_save(path, record, e)) < 0)
                return r;
        const char *name;
        json_t *value;
        json_object_foreach (wanted, name, value) {
                r = sysctl_write(name, json_string_value(value));
                /* An interface may go meanwhile. */
                if (r < 0 && r != -ENOENT)
                        return error_errno(e, r, EXIT_FAILED, "Cannot set the sysctl %s to %s", name,
                                           json_string_value(value));
        }
        return 1;
}

bool forwarding_is_on(bool v6) {
        char value[16];
        return sysctl_read(v6 ? V6_ALL : V4_ALL, value, sizeof(value)) < 0 || strcmp(value, "0") != 0;
}

int forwarding_set(const char *path, const char *name, const char *value, struct error *e) {
        _cleanup_(json_decrefp) json_t *record = NULL, *wanted = json_object();
        int r = wanted ? record_load(path, &record, e) : error_errno(e, ENOMEM, EXIT_FAILED, "Cannot record sysctls");
        if (r < 0)
                return r;
        r = note(record, wanted, name, value);
        if (r <= 0)
                return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot look at the sysctl %s", name) : 0;
        r = record_save(path, record, e);
        if (r >= 0 && (r = sysctl_write(name, value)) < 0)
                (void) error_errno(e, r, EXIT_FAILED, "Cannot set the sysctl %s to %s", name, value);
        return r < 0 ? r : 1;
}

int forwarding_each(const char *path, int (*each)(const char *name, void *userdata), void *userdata) {
        _cleanup_(json_decrefp) json_t *record = NULL;
        const char *name;
        json_t *entry;
        int r = record_load(path, &record, NULL);
        if (r < 0)
                return r;
        json_object_foreach (record, name, entry) {
                r = each(name, userdata);
                if (r != 0)
                        return r;
        }
        return 0;
}

int forwarding_restore(const char *path, struct error *e) {
        _cleanup_(json_decrefp) json_t *record = NULL;
        int r = record_load(path, &record, e), first = 0;
        if (r < 0)
                return r;
        const char *name;
        json_t *entry;
        /* Forwarding goes off first: advertisements are taken at every moment. */
        for (unsigned int pass = 0; pass < 2; pass++) {
                json_object_foreach (record, name, entry) {
                        const char *before = json_string_value(json_object_get(entry, "before"));
                        const char *set = json_string_value(json_object_get(entry, "set"));
                        char now[16];
                        bool advertisement = strstr(name, "accept_ra");
                        if (advertisement != (pass == 1) || !before || !set ||
                            sysctl_read(name, now, sizeof(now)) < 0 || strcmp(now, set) != 0)
                                continue;
                        r = sysctl_write(name, before);
                        if (r < 0 && first == 0)
                                first = error_errno(e, r, EXIT_FAILED, "Cannot set the sysctl %s back to %s", name,
                                                    before);
                }
        }
        if (first == 0 && (r = file_remove(path)) < 0)
                first = error_errno(e, r, EXIT_FAILED, "Cannot remove %s", path);
        return first;
}
