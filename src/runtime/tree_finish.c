/* A fresh tree becomes a guest that is ready in a third of a second.
 *
 * What serves hardware, a console, or a first boot has nothing to do in a container whose root was made complete, so
 * it is not pulled in. Masking the dependency (a .wants link to /dev/null) rather than the unit leaves each of them
 * there for whoever starts it by name or by its socket. */
#include "base/file.h"
#include "base/parse.h"
#include "beneath.h"
#include "tree_private.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#define SYSTEM "/etc/systemd/system"

/* Dependencies of systemd's own that a container does without. */
static const struct {
        const char *target;
        const char *units;
} unwanted[] = {
        {"sysinit.target",
         "dev-hugepages.mount kmod-static-nodes.service ldconfig.service proc-sys-fs-binfmt_misc.automount "
         "sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount "
         "systemd-ask-password-console.path systemd-binfmt.service systemd-firstboot.service "
         "systemd-hibernate-clear.service systemd-hwdb-update.service systemd-journal-catalog-update.service "
         "systemd-machine-id-commit.service systemd-modules-load.service systemd-pcrmachine.service "
         "systemd-pcrphase-sysinit.service systemd-pcrphase.service systemd-random-seed.service "
         "systemd-sysusers.service systemd-tmpfiles-setup-dev-early.service systemd-tmpfiles-setup-dev.service "
         "systemd-tpm2-setup-early.service systemd-tpm2-setup.service systemd-update-done.service"},
        {"local-fs.target", "run-lock.mount systemd-remount-fs.service tmp.mount"},
        {"sockets.target", "systemd-creds.socket systemd-hostnamed.socket systemd-initctl.socket "
                           "systemd-pcrextend.socket systemd-pcrlock.socket systemd-sysext.socket"},
        /* The bus starts with the first who connects to its socket. */
        {"multi-user.target", "dbus.service getty.target systemd-ask-password-wall.path systemd-logind.service "
                              "systemd-user-sessions.service"},
};

/* Each costs a process before the first unit starts. That of fstab is there again when the spec brings an fstab
 * (config/guest_etc.c). */
static const char *const generators[] = {
        "debug", "fstab",         "getty", "gpt-auto", "hibernate-resume", "rc-local", "run",
        "ssh",   "system-update", "sysv",  "tpm2",
};

static const char *const enabled[][2] = {
        {"multi-user.target.wants", "systemd-networkd.service"},
        {"sockets.target.wants", "systemd-networkd.socket"},
        {"network-online.target.wants", "systemd-networkd-wait-online.service"},
};

/* What package scripts left that is of this machine, of one container only, for a real machine or for another init.
 * What is enabled is said by the tables above and by the spec, not by packages. */
static const char *const leftovers[] = {
        SYSTEM "/*.wants",
        SYSTEM "/*.requires",
        "/etc/.pwd.lock",
        "/etc/fstab",
        "/etc/hostname",
        "/etc/init.d",
        "/etc/machine-id",
        "/etc/rc?.d",
        "/etc/resolv.conf",
        "/etc/ssh/ssh_host_*",
        "/etc/sv",
        "/var/cache/apt/*.bin",
        "/var/cache/debconf/*",
        "/var/cache/ldconfig/*",
        "/var/lib/dbus/machine-id",
        "/var/lib/systemd/deb-systemd-*",
        "/var/log/*.log",
        "/var/log/apt/*",
        "/var/log/runit",
};

/* The list of packages says what is in /usr, so it is there too: read-only, once for all containers. It is two thirds
 * of what each of them would get a copy of. */
#define PACKAGES       "/var/lib/dpkg"
#define PACKAGES_MOVED "/usr/lib/sysimage/dpkg"

static void ignore_made(const char *path, void *userdata) {
}

/* Takes path over. */
static int put_link(int root, char *path, const char *target) {
        _cleanup_(fd_closep) int folder = -1;
        _cleanup_(freep) _unused_ char *owned = path;
        const struct beneath_entry entry = {.target = target};
        const char *name;

        if (!path)
                return -ENOMEM;
        folder = beneath_parent(root, path, 0, ignore_made, NULL, &name);
        return folder < 0 ? folder : beneath_put(folder, name, &entry);
}

static int put_file(int root, const char *path, const char *text) {
        _cleanup_(fd_closep) int folder = -1;
        const struct beneath_entry entry = {.data = text, .size = strlen(text), .mode = 0644};
        const char *name;

        folder = beneath_parent(root, path, 0, ignore_made, NULL, &name);
        return folder < 0 ? folder : beneath_put(folder, name, &entry);
}

static int remove_leftovers(const char *path) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < ELEMENTS_OF(leftovers); i++) {
                _cleanup_(freep) char *pattern = format("%s%s", path, leftovers[i]);
                glob_t found = {0};

                if (!pattern)
                        return -ENOMEM;
                if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
                        for (size_t k = 0; r == 0 && k < found.gl_pathc; k++)
                                r = tree_remove(found.gl_pathv[k]);
                globfree(&found);
        }
        return r;
}

static int move_packages(int root, const char *path) {
        _cleanup_(freep) char *from = format("%s" PACKAGES, path), *to = format("%s" PACKAGES_MOVED, path);
        _cleanup_(freep) char *folder = format("%s/usr/lib/sysimage", path);
        int r = from && to && folder ? directory_make(folder, 0755) : -ENOMEM;

        if (r < 0)
                return r;
        if (rename(from, to) < 0)
                return errno == ENOENT ? 0 : -errno;
        return put_link(root, strdup(PACKAGES), "../.." PACKAGES_MOVED);
}

static int mask_dependencies(int root) {
        int r = 0;

        for (size_t i = 0; i < ELEMENTS_OF(unwanted); i++)
                for (const char *unit = unwanted[i].units; r == 0 && *unit;) {
                        size_t n = strcspn(unit, " ");

                        r = put_link(root, format(SYSTEM "/%s.wants/%.*s", unwanted[i].target, (int) n, unit),
                                     "/dev/null");
                        unit += n + (unit[n] == ' ');
                }
        for (size_t i = 0; r == 0 && i < ELEMENTS_OF(generators); i++)
                r = put_link(root, format("/etc/systemd/system-generators/systemd-%s-generator", generators[i]),
                             "/dev/null");
        /* Its /run/nologin keeps users out until systemd-user-sessions.service removes it. */
        return r == 0 ? put_link(root, strdup("/etc/tmpfiles.d/systemd-nologin.conf"), "/dev/null") : r;
}

static int enable_units(int root) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < ELEMENTS_OF(enabled); i++) {
                _cleanup_(freep) char *target = format("/usr/lib/systemd/system/%s", enabled[i][1]);

                r = target ? put_link(root, format(SYSTEM "/%s/%s", enabled[i][0], enabled[i][1]), target) : -ENOMEM;
        }
        return r == 0 ? put_link(root, strdup(SYSTEM "/dbus-org.freedesktop.network1.service"),
                                 "/usr/lib/systemd/system/systemd-networkd.service")
                      : r;
}

/* All that a host's packages start by themselves, but for what a guest needs. */
static int mask_host_units(int root) {
        static const char *const kept[] = {
                "dbus.socket",
                "dev-mqueue.mount",
                "systemd-journal-flush.service",
                "systemd-journald-dev-log.socket",
                "systemd-journald.service",
                "systemd-journald.socket",
                "systemd-sysctl.service",
                "systemd-tmpfiles-clean.timer",
                "systemd-tmpfiles-setup.service",
        };
        glob_t found = {0};
        int r = 0;

        if (glob("/usr/lib/systemd/system/*.wants/*", GLOB_NOSORT, NULL, &found) == 0)
                for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
                        const char *unit = found.gl_pathv[i] + strlen("/usr/lib/systemd/system");
                        const char *name = strrchr(unit, '/') + 1;
                        bool keep = false;

                        for (size_t k = 0; k < ELEMENTS_OF(kept); k++)
                                keep = keep || string_equal(name, kept[k]);
                        if (!keep)
                                r = put_link(root, format(SYSTEM "%s", unit), "/dev/null");
                }
        globfree(&found);
        found = (glob_t){0};
        if (r == 0 && glob("/usr/lib/systemd/system-generators/*", GLOB_NOSORT, NULL, &found) == 0)
                for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
                        r = put_link(root, format("/etc%s", found.gl_pathv[i] + strlen("/usr/lib")), "/dev/null");
        globfree(&found);
        return r;
}

int tree_finish(const char *path, bool host, struct error *e) {
        _cleanup_(fd_closep) int root = beneath_open(path);
        int r = root < 0 ? root : remove_leftovers(path);

        if (r == 0)
                r = move_packages(root, path);
        if (r == 0)
                r = mask_dependencies(root);
        if (r == 0 && host)
                r = mask_host_units(root);
        if (r == 0)
                r = enable_units(root);
        /* What ConditionNeedsUpdate= looks at: /etc and /var belong to this /usr, nothing has to be rebuilt at boot. */
        if (r == 0)
                r = put_file(root, "/etc/.updated", "");
        if (r == 0)
                r = put_file(root, "/var/.updated", "");
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "preparing the new system in %s", path) : 0;
}
