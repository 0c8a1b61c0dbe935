/* Containers that a person wrote, run as systemd-nspawn@.service would: by his own NAME.nspawn.
 *
 * Where the network is ours to make, our program has to run before his first process. systemd-nspawn takes its settings
 * from two folders and no others, and what its command line says counts for less. So it finds, in a mount namespace of
 * its own, his file as it has to be for that (config/guest.h) in the place of his. */
#include "supervisor.h"

#include "base/file.h"
#include "base/string-list.h"
#include "config/guest.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#define SETTINGS "settings.nspawn"

bool hand_has_settings(const struct container *c) {
        return c->hand && container_is_attached(c);
}

int hand_write_settings(const struct container *c, struct error *e) {
        _cleanup_(freep) char *path = supervisor_path(c->name, SETTINGS), *text = guest_hand_file(c);
        int r = path && text ? file_write_atomic(path, text, strlen(text), 0644, false) : -ENOMEM;

        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot write %s", path ?: SETTINGS) : 0;
}

int hand_bind_settings(const struct container *c) {
        _cleanup_(freep) char *path = supervisor_path(c->name, SETTINGS);

        if (!path)
                return -ENOMEM;
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0 ||
            mount(path, c->hand->path, NULL, MS_BIND, NULL) < 0)
                return -errno;
        return 0;
}

int hand_arguments(const struct container *c, char ***ret) {
        static const char *const words[] = {
                "systemd-nspawn",      "--quiet", "--keep-unit",
                "--register=no",       "--boot",  "--link-journal=try-guest",
                "--network-veth",      "-U",      "--settings=override",
                "--console=read-only",
        };
        _cleanup_(strings_freep) char **list = NULL;
        _cleanup_(freep) char *machine = format("--machine=%s", c->name), *root = container_root(c);
        _cleanup_(freep) char *directory = root ? format("--directory=%s", root) : NULL;
        size_t n = 0;
        int r = machine && directory ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTS_OF(words) && r >= 0; i++)
                r = strings_append(&list, &n, words[i]);
        if (r >= 0)
                r = strings_append(&list, &n, machine);
        if (r >= 0)
                r = strings_append(&list, &n, directory);
        /* His Boot=yes may be our Boot=no. */
        if (r >= 0 && c->hand->start == START_BOOT)
                r = strings_append(&list, &n, "--kill-signal=SIGRTMIN+3");
        if (r >= 0)
                *ret = steal_ptr(list);
        return r;
}
