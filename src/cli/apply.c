/* apply: the host's configuration is put in force. The daemon makes the rules; what it is to make lies in PATH_HOST,
 * which it reads again when it starts. Containers that are declared are made here, one by one (declared.h). */
#include "cli/apply.h"

#include "cli/apply-changes.h"
#include "cli/apply-zones.h"
#include "cli/commands.h"
#include "cli/declared.h"
#include "cli/hosts.h"
#include "cli/networkmanager.h"
#include "front/dry-run.h"
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
#include "state/zones.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Where systemd starts the daemon when it boots, instead of when somebody asks for it. */
#define BOOT_FOLDER "/etc/systemd/system/multi-user.target.wants"
#define BOOT_LINK   BOOT_FOLDER "/nspawn-netd.service"
#define BOOT_TARGET UNITDIR "/nspawn-netd.service"

enum {
        LOCK_TIMEOUT_MS = 90000,
        APPLY_TIMEOUT_MS = 30000,
};

struct apply {
        json_t *before; /* NULL: nothing was in force */
        json_t *after;
        json_t *changes;            /* [{"action": "add" or "remove", "text"}] */
        struct nat nat;             /* of after */
        char *nm_before, *nm_after; /* texts of NM_FILE, "" for none */
        struct declared_list declared;
        struct hosts hosts;
        struct progress *progress;
        struct allocations *had_addresses; /* of zones; NULL: nothing was changed */
        bool boots_before;
        bool told;
        int lock; /* of definitions */
};

static void apply_clear(struct apply *a) {
        json_decref(a->before);
        json_decref(a->after);
        json_decref(a->changes);
        nat_clear(&a->nat);
        free(a->nm_before);
        free(a->nm_after);
        declared_clear(&a->declared);
        hosts_clear(&a->hosts);
        allocations_freep(&a->had_addresses);
        fd_closep(&a->lock);
}

/* What is in force may be damaged: then it is replaced, and nobody can say what changes. */
static int compare(struct apply *a, struct error *e) {
        _cleanup_(nat_clear) struct nat before = NAT_INIT;
        int r;

        r = host_nat_read(a->after, &a->nat, NULL, e);
        if (r < 0)
                return r;
        if (a->before)
                (void) host_nat_read(a->before, &before, NULL, NULL);
        a->changes = apply_changes(a->before, &before, a->after, &a->nat);
        if (!a->changes)
                return error_errno(e, ENOMEM, EXIT_FAILED, "comparing configurations of the host");
        declared_describe(&a->declared, a->changes);
        hosts_describe(&a->hosts, a->changes);
        return 0;
}

/* ---- NetworkManager ---- */

static bool wants_networkmanager(const void *context) {
        const struct apply *a = context;

        return strcmp(a->nm_before, a->nm_after) != 0;
}

static int act_networkmanager(void *context, struct error *e) {
        const struct apply *a = context;

        return networkmanager_write(a->nm_after, e);
}

static int undo_networkmanager(void *context, struct error *e) {
        const struct apply *a = context;

        return wants_networkmanager(a) ? networkmanager_write(a->nm_before, e) : 0;
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
        struct apply *a = context;
        bool nothing = json_is_null(json_object_get(a->after, "source"));
        int r = applied_save(nothing ? NULL : a->after, e);

        return r < 0 ? r : apply_zones_allocate(a->after, &a->had_addresses, e);
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

/* What the daemon reads is as before. */
static int restore(const struct apply *a, struct error *e) {
        int r = applied_save(a->before, e);

        return r < 0 ? r : apply_zones_restore(a->after, a->had_addresses, e);
}

static int undo_save(void *context, struct error *e) {
        const struct apply *a = context;
        int r = restore(a, e);

        return r < 0 ? r : apply_zones_unfollow(a->before, a->after, e);
}

/* One that starts now reads it by itself, and says in its log what went wrong; being asked, it says it here. */
static int act_tell(void *context, struct error *e) {
        struct apply *a = context;
        int r = netd_ensure(e);

        if (r < 0)
                return r;
        r = tell(a, e);
        a->told = r >= 0;
        if (r >= 0)
                r = apply_zones_tell(a->before, a->after, e);
        return r;
}

static int undo_tell(void *context, struct error *e) {
        const struct apply *a = context;
        int r = a->told ? restore(a, e) : 0;

        if (r >= 0 && a->told)
                r = tell(a, e);
        return r >= 0 && a->told ? apply_zones_tell(a->after, a->before, e) : r;
}

/* ---- Containers ---- */

/* Those commands that have to do with one container each take it themselves. */
static int act_lock(void *context, struct error *e) {
        struct apply *a = context;

        if (a->lock < 0)
                a->lock = store_lock(LOCK_TIMEOUT_MS, e);
        return a->lock < 0 ? a->lock : 0;
}

static int act_unlock(void *context, struct error *e) {
        struct apply *a = context;

        fd_closep(&a->lock);
        return 0;
}

static bool wants_containers(const void *context) {
        const struct apply *a = context;

        return declared_any(&a->declared);
}

static int act_prepare(void *context, struct error *e) {
        struct apply *a = context;

        return declared_prepare(&a->declared, a->progress, e);
}

static int act_containers(void *context, struct error *e) {
        struct apply *a = context;
        int r = declared_switch(&a->declared, a->progress, e);

        if (r < 0)
                (void) declared_switch_back(&a->declared, a->progress, NULL);
        return r;
}

static int undo_containers(void *context, struct error *e) {
        struct apply *a = context;

        return declared_switch_back(&a->declared, a->progress, e);
}

static bool wants_hosts(const void *context) {
        const struct apply *a = context;

        return hosts_differ(&a->hosts);
}

static int act_hosts(void *context, struct error *e) {
        const struct apply *a = context;

        return hosts_put(a->hosts.after, e);
}

static int undo_hosts(void *context, struct error *e) {
        const struct apply *a = context;

        return wants_hosts(a) ? hosts_put(a->hosts.before, e) : 0;
}

static const struct step steps[] = {
        {"making the containers' systems", act_prepare, NULL, wants_containers},
        {"waiting for other commands", act_lock, act_unlock},
        {"telling NetworkManager", act_networkmanager, undo_networkmanager, wants_networkmanager},
        {"writing " PATH_HOST, act_save, undo_save, NULL},
        {"having nspawn-netd start at boot", act_boot, undo_boot, wants_boot},
        {"having nspawn-netd put it in force", act_tell, undo_tell, NULL},
        {"letting other commands go on", act_unlock, act_lock},
        {"changing containers", act_containers, undo_containers, wants_containers},
        {"writing names to /etc/hosts", act_hosts, undo_hosts, wants_hosts},
};

int apply_forget(struct error *e) {
        int r = write_boot_link(false, e);

        if (r >= 0)
                r = networkmanager_write("", e);
        if (r >= 0)
                r = hosts_put(NULL, e);
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

/* operations: of a dry run, a dry run's object; or NULL. */
static int report(struct invocation *i, const struct apply *a, const json_t *operations, struct error *e) {
        _cleanup_(buffer_clear) struct buffer rules = BUFFER_INIT;
        const json_t *change;
        json_t *value;
        size_t n;
        int r;

        json_array_foreach (a->changes, n, change)
                output_line(&i->output, "%s: %s",
                            apply_action_words(json_string_value(json_object_get(change, "action"))),
                            json_string_value(json_object_get(change, "text")));
        if (json_array_size(a->changes) == 0)
                output_line(&i->output, "Nothing changes.");
        dry_run_print_operations(&i->output, operations);
        nat_write(&a->nat, &rules);
        value = json_pack("{s:b, s:O, s:O, s:O*, s:s}", "dryRun", operations != NULL, "source",
                          json_object_get(a->after, "source"), "changes", a->changes, "operations",
                          json_object_get(operations, "operations"), "rules", buffer_text(&rules));
        r = value ? output_json(&i->output, value, e) : error_errno(e, ENOMEM, EXIT_FAILED, "making the answer");
        json_decref(value);
        return r;
}

static int prepare(struct apply *a, const char *path, bool dry_run, struct error *e) {
        _cleanup_(error_clear) struct error damaged = ERROR_INIT;
        int r;

        r = host_config_load(path, &a->after, e);
        if (r < 0)
                return r;
        if (applied_load(&a->before, &damaged) < 0)
                (void) fprintf(stderr, "nixos-nspawn: %s; it is replaced\n", error_message(&damaged));
        a->boots_before = faccessat(AT_FDCWD, BOOT_LINK, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        r = networkmanager_load(a->after, &a->nm_before, &a->nm_after, e);
        if (r < 0)
                return r;
        if (json_array_size(networkmanager_unmanaged(a->after)) > 0 && !*a->nm_after)
                (void) fprintf(stderr,
                               "nixos-nspawn: there is no NetworkManager (" PATH_NETWORKMANAGER
                               "): networking.networkmanager.unmanaged takes effect at the next apply after it was "
                               "installed\n");
        r = apply_zones_check(a->before, a->after, e);
        if (r < 0)
                return r;
        zones_assume(a->after); /* what is declared may be a member of one */
        r = declared_load(a->after, !dry_run, &a->declared, e);
        if (r >= 0)
                r = hosts_load(a->after, &a->hosts, e);
        if (r >= 0)
                r = compare(a, e);
        if (r >= 0)
                apply_warn_of_ports(&a->nat);
        return r;
}

static int apply_run(struct invocation *i, struct apply *a, struct error *e) {
        _cleanup_(progress_endp) struct progress *progress = progress_begin(&i->output, "host");
        int r;

        a->progress = progress;
        r = sequence_run(steps, ELEMENTS_OF(steps), a, progress, e);
        if (r >= 0 && !declared_start(&a->declared, progress))
                i->exit_status = EXIT_FAILED;
        return r;
}

static int describe(struct invocation *i, const struct apply *a, struct error *e) {
        json_t *object = dry_run_new("host");
        int r = apply_zones_describe(a->before, a->after, object, e);

        if (r >= 0)
                r = report(i, a, object, e);
        json_decref(object);
        return r;
}

int command_apply(struct invocation *i, struct error *e) {
        _cleanup_(apply_clear) struct apply a = {.lock = -1};
        _cleanup_(fd_closep) int lock = -1;
        bool dry_run = invocation_has(i, OPTION_DRY_RUN);
        const char *path;
        int r;

        r = dry_run ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = find_config(i, &path, e);
        if (r >= 0 && !dry_run) {
                r = directory_make(PATH_RUN, 0755);
                if (r >= 0)
                        r = lock = lock_take(PATH_APPLY_LOCK, LOCK_TIMEOUT_MS);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "waiting for another 'nixos-nspawn apply'");
        }
        if (r >= 0)
                r = prepare(&a, path, dry_run, e);
        if (r < 0)
                return r;
        if (dry_run)
                return describe(i, &a, e);
        r = apply_run(i, &a, e);
        return r < 0 ? r : report(i, &a, NULL, e);
}
