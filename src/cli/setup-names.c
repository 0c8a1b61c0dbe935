/* Names: the machine id, from which hardware addresses follow, and the entry for NSS by which the host resolves
 * containers. */
#include "cli/setup.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "state/nsswitch.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PATH_MACHINE_ID      "/etc/machine-id"
#define PATH_DBUS_MACHINE_ID "/var/lib/dbus/machine-id"
#define PATH_NSSWITCH        "/etc/nsswitch.conf"
#define MODULE               "libnss_nspawn.so.2"

enum {
        ID_SIZE = 32,
        FILE_MAX = 1024 * 1024,
};

/* The text without the newline at its end, if it is a machine id. */
static bool id_valid(char *text) {
        size_t n = strcspn(text, "\n");

        text[n] = '\0';
        for (size_t i = 0; i < n; i++)
                if (!isxdigit((unsigned char) text[i]) || isupper((unsigned char) text[i]))
                        return false;
        return n == ID_SIZE && strspn(text, "0") != ID_SIZE;
}

/* As systemd-machine-id-setup(1) does: D-Bus's if there is one, else a random one (a valid version 4 UUID). */
static int id_make(char ret[ID_SIZE + 1]) {
        _cleanup_(freep) char *dbus = NULL;
        uint8_t bytes[ID_SIZE / 2];

        if (file_read(PATH_DBUS_MACHINE_ID, 4096, &dbus, NULL) >= 0 && id_valid(dbus)) {
                memcpy(ret, dbus, ID_SIZE + 1);
                return 0;
        }
        if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
                return -EIO;
        bytes[6] = (uint8_t) ((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (uint8_t) ((bytes[8] & 0x3f) | 0x80);
        for (size_t i = 0; i < sizeof(bytes); i++)
                (void) snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
        return 0;
}

int setup_machine_id(struct setup *s, struct error *e) {
        _cleanup_(freep) char *text = NULL;
        char id[ID_SIZE + 2];
        int r;

        r = file_read(PATH_MACHINE_ID, 4096, &text, NULL);
        if (r < 0 && r != -ENOENT)
                return error_errno(e, r, EXIT_FAILED, "cannot read " PATH_MACHINE_ID);
        if (r >= 0 && id_valid(text))
                return 0;
        if (text && text[0] != '\0' && !string_equal(text, "uninitialized"))
                return error_set(e, EINVAL, EXIT_FAILED,
                                 PATH_MACHINE_ID " does not hold a machine id: empty it and run setup again");
        setup_say(s, "write a machine id to " PATH_MACHINE_ID);
        if (s->dry_run)
                return 0;
        r = id_make(id);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot make a machine id");
        (void) json_object_set_new(s->record, "machineId", json_string(id));
        (void) json_object_set_new(s->record, "machineIdWas", text ? json_string(text) : json_null());
        id[ID_SIZE] = '\n';
        r = file_write_atomic(PATH_MACHINE_ID, id, ID_SIZE + 1, 0444, true);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot write " PATH_MACHINE_ID);
        return 0;
}

int setup_machine_id_undo(struct setup *s, struct error *e) {
        const char *ours = json_string_value(json_object_get(s->record, "machineId"));
        const char *was = json_string_value(json_object_get(s->record, "machineIdWas"));
        _cleanup_(freep) char *text = NULL;
        int r;

        if (!ours)
                return 0;
        r = file_read(PATH_MACHINE_ID, 4096, &text, NULL);
        if (r >= 0 && id_valid(text) && string_equal(text, ours)) {
                setup_say(s, "take the machine id out of " PATH_MACHINE_ID);
                if (s->dry_run)
                        return 0;
                r = was ? file_write_atomic(PATH_MACHINE_ID, was, strlen(was), 0444, true)
                        : file_remove(PATH_MACHINE_ID);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot restore " PATH_MACHINE_ID);
        }
        (void) json_object_del(s->record, "machineId");
        (void) json_object_del(s->record, "machineIdWas");
        return 0;
}

/* The lines in which two texts differ, as a diff has them. */
static void say_difference(struct setup *s, const char *before, const char *after) {
        const char *a = before, *b = after;

        while (*a || *b) {
                size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

                if (n != m || strncmp(a, b, n) != 0) {
                        if (n > 0)
                                setup_say(s, "  -%.*s", (int) n, a);
                        if (m > 0)
                                setup_say(s, "  +%.*s", (int) m, b);
                }
                a += n + (a[n] == '\n');
                b += m + (b[m] == '\n');
        }
}

static int rewrite(const char *path, const char *text, struct error *e) {
        int r = file_replace(path, text, strlen(text), 0644);

        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot write %s", path) : 0;
}

int setup_nsswitch(struct setup *s, struct error *e) {
        _cleanup_(freep) char *text = NULL, *changed = NULL;
        int r;

        r = file_read(PATH_NSSWITCH, FILE_MAX, &text, NULL);
        if (r < 0 && r != -ENOENT)
                return error_errno(e, r, EXIT_FAILED, "cannot read " PATH_NSSWITCH);
        r = nsswitch_add(text ?: "", &changed);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot add nspawn to " PATH_NSSWITCH);
        if (r == 0)
                return 0;
        setup_say(s, "add nspawn to the hosts of " PATH_NSSWITCH ", so that this host resolves containers");
        say_difference(s, text ?: "", changed);
        if (s->dry_run)
                return 0;
        (void) json_object_set_new(s->record, "nsswitch", json_string(text ? "changed" : "created"));
        return rewrite(PATH_NSSWITCH, changed, e);
}

int setup_nsswitch_undo(struct setup *s, struct error *e) {
        const char *done = json_string_value(json_object_get(s->record, "nsswitch"));
        _cleanup_(freep) char *text = NULL, *changed = NULL;
        int r;

        if (!done)
                return 0;
        r = file_read(PATH_NSSWITCH, FILE_MAX, &text, NULL);
        if (r < 0 && r != -ENOENT)
                return error_errno(e, r, EXIT_FAILED, "cannot read " PATH_NSSWITCH);
        if (r >= 0)
                r = nsswitch_remove(text, &changed);
        if (r > 0) {
                setup_say(s, "take nspawn out of " PATH_NSSWITCH);
                say_difference(s, text, changed);
                if (s->dry_run)
                        return 0;
                if (string_equal(done, "created") && changed[0] == '\0')
                        r = file_remove(PATH_NSSWITCH);
                else
                        r = rewrite(PATH_NSSWITCH, changed, e);
                if (r < 0)
                        return r;
        }
        (void) json_object_del(s->record, "nsswitch");
        return 0;
}

static bool module_found(void) {
        void *module = dlopen(MODULE, RTLD_LAZY | RTLD_LOCAL);

        if (module)
                (void) dlclose(module);
        return module;
}

static int refresh_cache(void) {
        int status = 0;
        pid_t pid = fork();

        if (pid < 0)
                return -errno;
        if (pid == 0) {
                (void) execl("/sbin/ldconfig", "ldconfig", (char *) NULL);
                _exit(127);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

int setup_module(struct setup *s, struct error *e) {
        if (module_found())
                return 0;
        if (access(NSSDIR "/" MODULE, F_OK) == 0) {
                setup_say(s, "run ldconfig, so that glibc finds " NSSDIR "/" MODULE);
                if (s->dry_run || (refresh_cache() >= 0 && module_found()))
                        return 0;
        }
        /* Containers work without. */
        (void) fprintf(stderr, "nixos-nspawn: glibc does not find " MODULE ", so this host does not resolve containers "
                               "by name: install it where ld.so.conf(5) looks; it belongs in " NSSDIR "\n");
        return 0;
}
