/* 50-nixos-nspawn.conf: the unit's own ExecStart= stays, NAME.nspawn overrides what it says on the command line.
 *
 * After= nspawn-netd.service for the way down: `nspawn-unit detach` still finds the daemon.
 *
 * Wants= and not Requires=: a socket that is stopped or restarted must take no container with it, and one that is not
 * there is reported by `nspawn-unit attach` in words. Devices under /dev that are bind mounts are opened to the unit
 * by name; DevicePolicy=closed of the unit shuts all others. The environment variable is for hosts with a hybrid
 * hierarchy: systemd 257 in the guest refuses any other than the unified one. */
#include "host.h"

#include "base/buffer.h"
#include "base/paths.h"

#include <inttypes.h>
#include <string.h>

#define DEVICES "/dev/"

/* As systemd reads a word of a unit file. */
static void append_word(struct buffer *b, const char *s, size_t size) {
        for (size_t i = 0; i < size; i++) {
                if (s[i] == '%')
                        buffer_append_string(b, "%");
                else if (strchr(" \\\"'", s[i]))
                        buffer_append_string(b, "\\");
                buffer_append(b, s + i, 1);
        }
}

static void append_device(struct buffer *b, const char *node, const char *access) {
        buffer_append_string(b, "DeviceAllow=");
        append_word(b, node, strcspn(node, ":"));
        buffer_append_format(b, " %s\n", access);
}

static void append_devices(struct buffer *b, const struct container *c) {
        for (char **mount = c->bind_mounts; mount && *mount; mount++)
                if (!strncmp(*mount, DEVICES, strlen(DEVICES)))
                        append_device(b, *mount, "rw");
        for (char **device = c->allowed_devices; device && *device; device++)
                append_device(b, *device, strchr(*device, ':') + 1);
}

static void append_timeout(struct buffer *b, uint64_t usec) {
        if (usec == UINT64_MAX)
                buffer_append_string(b, "TimeoutStartSec=infinity\n");
        else if (usec % 1000000 == 0)
                buffer_append_format(b, "TimeoutStartSec=%" PRIu64 "s\n", usec / 1000000);
        else
                buffer_append_format(b, "TimeoutStartSec=%" PRIu64 "us\n", usec);
}

char *host_drop_in(const struct container *c, const char *program) {
        struct buffer b = BUFFER_INIT;

        /* container@.service is ours and says the rest. */
        if (c->kind == CONTAINER_NIXOS) {
                buffer_append_string(&b, HOST_FILE_MARKER "[Service]\n");
                append_timeout(&b, c->timeout_start_usec);
                append_devices(&b, c);
                return buffer_steal(&b);
        }
        buffer_append_format(&b,
                             HOST_FILE_MARKER "[Unit]\n"
                                              "Wants=nspawn-netd.socket\n"
                                              "After=nspawn-netd.socket nspawn-netd.service\n"
                                              "RequiresMountsFor=" PATH_LIB "\n"
                                              "\n"
                                              "[Service]\n"
                                              "Environment=SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1\n"
                                              "ExecStartPre=%s attach %s\n"
                                              "ExecStopPost=%s detach %s\n",
                             program, c->name, program, c->name);
        append_timeout(&b, c->timeout_start_usec);
        buffer_append_string(&b, "DeviceAllow=/dev/fuse rwm\n");
        append_devices(&b, c);
        return buffer_steal(&b);
}
