/* apply: the host's configuration is put in force. The daemon makes the rules; what it is to make lies in PATH_HOST,
 * which it reads again when it starts. */
#include "cli/apply.h"

#include "cli/commands.h"
#include "cli/networkmanager.h"
#include "front/sequence.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "config/host_config.h"
#include "netd/client.h"
#include "netd/launch.h"
#include "plan/nat.h"
#include "runtime/guest.h"
#include "state/applied.h"
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define NM_FOLDER "/etc/NetworkManager"
#define NM_FILE   NM_FOLDER "/conf.d/91-nixos-nspawn-host.conf"
/* Where systemd starts the daemon when it boots, instead of when somebody asks for it. */
#define BOOT_FOLDER "/etc/systemd/system/multi-user.target.wants"
#define BOOT_LINK   BOOT_FOLDER "/nspawn-netd.service"
#define BOOT_TARGET UNITDIR "/nspawn-netd.service"

enum {
        LOCK_TIMEOUT_MS = 90000,
        APPLY_TIMEOUT_MS = 30000,
        NM_FILE_MAX = 1 << 20,
};

struct apply {
        json_t *before; /* NULL: nothing was in force */
        json_t *after;
        json_t *changes;            /* [{"action": "add" or "remove", "text"}] */
        struct nat nat;             /* of after */
        char *nm_before, *nm_after; /* texts of NM_FILE, "" for none */
        bool boots_before;
        bool told;
};

static void apply_clear(struct apply *a) {
        json_decref(a->before);
        json_decref(a->after);
        json_decref(a->changes);
        nat_clear(&a->nat);
        free(a->nm_before);
        free(a->nm_after);
}

/* ---- What changes ---- */

static const json_t *unmanaged(const json_t *host) {
        const json_t *networking = json_object_get(json_object_get(host, "config"), "networking");

        return json_object_get(json_object_get(networking, "networkmanager"), "unmanaged");
}

/* Everything that a configuration does, each as a sentence. NULL: no memory. */
static json_t *sentences(const json_t *host, const struct nat *nat) {
        json_t *list = nat_sentences(nat), *text;
        char suffix[NAME_SUFFIX_MAX + 1];
        const json_t *device;
        size_t i;

        if (host && host_suffix_read(host, suffix, NULL, NULL) >= 0 && strcmp(suffix, NAME_SUFFIX_DEFAULT) != 0) {
                text = json_sprintf(
                        "call containers NAME.%s, and the host host.%s, instead of NAME." NAME_SUFFIX_DEFAULT, suffix,
                        suffix);
                if (json_array_append_new(list, text) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }

        json_array_foreach (unmanaged(host), i, device) {
                text = json_sprintf("have NetworkManager leave %s alone", json_string_value(device));
                if (json_array_append_new(list, text) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

static bool contains(const json_t *list, const json_t *text) {
        json_t *item;
        size_t i;

        json_array_foreach (list, i, item)
                if (json_equal(item, (json_t *) text))
                        return true;
        return false;
}

/* Those of `list` that `other` does not have. */
static void add_changes(json_t *changes, const char *action, const json_t *list, const json_t *other) {
        json_t *text;
        size_t i;

        json_array_foreach (list, i, text)
                if (!contains(other, text))
                        (void) json_array_append_new(changes, json_pack("{s:s, s:O}", "action", action, "text", text));
}

/* What is in force may be damaged: then it is replaced, and nobody can say what changes. */
static int compare(struct apply *a, struct error *e) {
        _cleanup_(nat_clear) struct nat before = NAT_INIT;
        json_t *old = NULL, *new = NULL;
        int r;

        r = host_nat_read(a->after, &a->nat, NULL, e);
        if (r < 0)
                return r;
        if (a->before)
                (void) host_nat_read(a->before, &before, NULL, NULL);
        old = sentences(a->before, &before);
        new = sentences(a->after, &a->nat);
        a->changes = json_array();
        if (old && new && a->changes) {
                add_changes(a->changes, "remove", old, new);
                add_changes(a->changes, "add", new, old);
        } else
                r = error_errno(e, ENOMEM, EXIT_FAILED, "comparing configurations of the host");
        json_decref(old);
        json_decref(new);
        return r;
}

/* ---- NetworkManager ---- */

static int load_networkmanager(struct apply *a, struct error *e) {
        int r = file_read(NM_FILE, NM_FILE_MAX, &a->nm_before, NULL);

        if (r == -ENOENT || r == -ENOTDIR) {
                a->nm_before = strdup("");
                r = a->nm_before ? 0 : -ENOMEM;
        }
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read " NM_FILE);
        /* Without it there is nobody to read the file. */
        a->nm_after = access(NM_FOLDER, F_OK) == 0 ? host_networkmanager_file(a->after) : strdup("");
        return a->nm_after ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "making " NM_FILE);
}

static int write_networkmanager(const char *text, struct error *e) {
        int r;

        if (*text) {
                r = directory_make(NM_FOLDER "/conf.d", 0755);
                if (r >= 0)
                        r = file_write_atomic(NM_FILE, text, strlen(text), 0644, true);
        } else
                r = file_remove(NM_FILE);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot %s " NM_FILE, *text ? "write" : "remove");
        networkmanager_reload();
        return 0;
}

static bool wants_networkmanager(const void *context) {
        const struct apply *a = context;

        return strcmp(a->nm_before, a->nm_after) != 0;
}

static int act_networkmanager(void *context, struct error *e) {
        const struct apply *a = context;

        return write_networkmanager(a->nm_after, e);
}

static int undo_networkmanager(void *context, struct error *e) {
        const struct apply *a = context;

        return wants_networkmanager(a) ? write_networkmanager(a->nm_before, e) : 0;
}

/* ---- At boot ---- */

static int write_boot_link(bool wanted, struct error *e) {
        int r;

        if (wanted) {
                r = directory_make(BOOT_FOLDER, 0755);
                if (r >= 0)
                        r = symlink_atomic(BOOT_TARGET, BOOT_LINK);
        } else
                r = file_remove(BOOT_LINK);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot %s " BOOT_LINK, wanted ? "make" : "remove") : 0;
}

static bool wants_boot(const void *context) {
        const struct apply *a = context;

        return (launch_by_systemd() && a->nat.enable) != a->boots_before;
}

static int act_boot(void *context, struct error *e) {
        const struct apply *a = context;

        return write_boot_link(!a->boots_before, e);
}

static int undo_boot(void *context, struct error *e) {
        const struct apply *a = context;

        return wants_boot(a) ? write_boot_link(a->boots_before, e) : 0;
}

/* ---- In force ---- */

static int act_save(void *context, struct error *e) {
        const struct apply *a = context;
        bool nothing = json_is_null(json_object_get(a->after, "source"));

        return applied_save(nothing ? NULL : a->after, e);
}

/* When the rest is in force; a guest that cannot be told has it from its next start. */
static void tell_guests(const struct apply *a) {
        char before[NAME_SUFFIX_MAX + 1], after[NAME_SUFFIX_MAX + 1];
        _cleanup_(strings_freep) char **names = NULL;

        if (host_suffix_read(a->before, before, NULL, NULL) >= 0 &&
            host_suffix_read(a->after, after, NULL, NULL) >= 0 && strcmp(before, after) == 0)
                return;
        if (store_list(&names) < 0)
                return;
        for (char **name = names; *name; name++) {
                _cleanup_(error_clear) struct error e = ERROR_INIT;

                if (guest_names_follow(*name, &e) < 0)
                        (void) fprintf(stderr, "nixos-nspawn: %s; it is told when it starts\n", error_message(&e));
        }
}

static int tell(const struct apply *a, struct error *e) {
        int r = netd_call("ApplyHost", NULL, APPLY_TIMEOUT_MS, NULL, e);

        if (r >= 0)
                tell_guests(a);
        return r;
}

static int undo_save(void *context, struct error *e) {
        const struct apply *a = context;

        return applied_save(a->before, e);
}

/* One that starts now reads it by itself, and says in its log what went wrong; being asked, it says it here. */
static int act_tell(void *context, struct error *e) {
        struct apply *a = context;
        int r = netd_ensure(e);

        if (r < 0)
                return r;
        r = tell(a, e);
        a->told = r >= 0;
        return r;
}

static int undo_tell(void *context, struct error *e) {
        const struct apply *a = context;
        int r = a->told ? applied_save(a->before, e) : 0;

        return r >= 0 && a->told ? tell(a, e) : r;
}

static const struct step steps[] = {
        {"telling NetworkManager", act_networkmanager, undo_networkmanager, wants_networkmanager},
        {"writing " PATH_HOST, act_save, undo_save, NULL},
        {"having nspawn-netd start at boot", act_boot, undo_boot, wants_boot},
        {"having nspawn-netd put it in force", act_tell, undo_tell, NULL},
};

int apply_forget(struct error *e) {
        int r = write_boot_link(false, e);

        if (r >= 0 && access(NM_FILE, F_OK) == 0)
                r = write_networkmanager("", e);
        return r < 0 ? r : applied_save(NULL, e);
}

/* ---- The command ---- */

static int find_config(const struct invocation *i, const char **ret, struct error *e) {
        bool nix = access(PATH_HOST_NIX, F_OK) == 0, json = access(PATH_HOST_JSON, F_OK) == 0;

        *ret = invocation_value(i, OPTION_CONFIG);
        if (*ret)
                return 0;
        if (nix && json)
                return error_set(e, EEXIST, EXIT_FAILED,
                                 "there are both " PATH_HOST_NIX " and " PATH_HOST_JSON
                                 "; remove one, or say with --config which is meant");
        *ret = nix ? PATH_HOST_NIX : json ? PATH_HOST_JSON : NULL;
        return 0;
}

static int report(struct invocation *i, const struct apply *a, bool dry_run, struct error *e) {
        _cleanup_(buffer_clear) struct buffer rules = BUFFER_INIT;
        const json_t *change;
        json_t *value;
        size_t n;
        int r;

        json_array_foreach (a->changes, n, change)
                output_line(&i->output, "%s: %s",
                            string_equal(json_string_value(json_object_get(change, "action")), "add") ? "put in force"
                                                                                                      : "take away",
                            json_string_value(json_object_get(change, "text")));
        if (json_array_size(a->changes) == 0)
                output_line(&i->output, "Nothing changes.");
        nat_write(&a->nat, &rules);
        value = json_pack("{s:b, s:O, s:O, s:s}", "dryRun", dry_run, "source", json_object_get(a->after, "source"),
                          "changes", a->changes, "rules", buffer_text(&rules));
        r = value ? output_json(&i->output, value, e) : error_errno(e, ENOMEM, EXIT_FAILED, "making the answer");
        json_decref(value);
        return r;
}

/* Neither is wrong, but somebody will wonder where his connections end. */
static void warn_of_shared_ports(const struct nat *n) {
        for (size_t i = 0; i < n->n_forwards && n->enable; i++) {
                const struct nat_forward *f = &n->forwards[i];
                const struct forward wanted = {
                        .protocol = f->protocol, .host_port = f->port, .container_port = f->to_port, .count = f->count};
                struct store_conflict found;

                if (store_forward_conflict("", &wanted, 1, &found, NULL) > 0 &&
                    !address_is_loopback(&found.existing.bind))
                        (void) fprintf(stderr,
                                       "nixos-nspawn: %s port %u is forwarded to container '%s', too: at %s "
                                       "networking.nat.forwardPorts wins\n",
                                       protocol_name(f->protocol),
                                       f->port > found.existing.host_port ? f->port : found.existing.host_port,
                                       found.name, n->external);
        }
}

static int prepare(struct apply *a, const char *path, struct error *e) {
        _cleanup_(error_clear) struct error damaged = ERROR_INIT;
        int r;

        r = host_config_load(path, &a->after, e);
        if (r < 0)
                return r;
        if (applied_load(&a->before, &damaged) < 0)
                (void) fprintf(stderr, "nixos-nspawn: %s; it is replaced\n", error_message(&damaged));
        a->boots_before = faccessat(AT_FDCWD, BOOT_LINK, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        r = load_networkmanager(a, e);
        if (r < 0)
                return r;
        if (json_array_size(unmanaged(a->after)) > 0 && !*a->nm_after)
                (void) fprintf(stderr,
                               "nixos-nspawn: there is no NetworkManager (" NM_FOLDER
                               "): networking.networkmanager.unmanaged takes effect at the next apply after it was "
                               "installed\n");
        r = compare(a, e);
        if (r >= 0)
                warn_of_shared_ports(&a->nat);
        return r;
}

int command_apply(struct invocation *i, struct error *e) {
        _cleanup_(apply_clear) struct apply a = {0};
        _cleanup_(fd_closep) int lock = -1;
        bool dry_run = invocation_has(i, OPTION_DRY_RUN);
        const char *path;
        int r;

        r = dry_run ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = find_config(i, &path, e);
        if (r >= 0 && !dry_run)
                r = lock = store_lock(LOCK_TIMEOUT_MS, e);
        if (r >= 0)
                r = prepare(&a, path, e);
        if (r >= 0 && !dry_run) {
                _cleanup_(progress_endp) struct progress *progress = progress_begin(&i->output, "host");

                r = sequence_run(steps, ELEMENTS_OF(steps), &a, progress, e);
        }
        return r < 0 ? r : report(i, &a, dry_run, e);
}
