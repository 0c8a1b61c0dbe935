/* migrate: a nixos-container becomes a container of nixos-nspawn, with the same addresses and the same files.
 *
 * A generation with a .nspawn file makes it one, at once; its conf goes last, when nothing can fail any more. */
#include "cli/migrate.h"
#include "cli/commands.h"
#include "front/definition.h"
#include "front/describe.h"
#include "front/directories.h"
#include "front/dry-run.h"
#include "front/inventory.h"
#include "front/journal.h"
#include "front/sequence.h"

#include "base/file.h"
#include "base/paths.h"
#include "runtime/runtime.h"
#include "runtime/tree_copy.h"
#include "state/allocations.h"
#include "state/confs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
        LOCK_TIMEOUT_MS = 60000,
        STOP_TIMEOUT_USEC = 90000000,
        DEFAULT_TIMEOUT_USEC = 60000000, /* of a conf that does not say TIMEOUT_START_SEC */
};

struct migration {
        struct progress *progress;
        const struct entry *entry;
        struct container before;
        struct definition definition; /* after */
        struct allocation allocation;
        struct journal journal;
        struct unfinished unfinished;
        char *from, *to;         /* root folders */
        bool has_range, by_hand; /* of the addresses that the conf says */
        bool running;
        int lock;
};

static void migration_clear(struct migration *m) {
        journal_end(&m->journal);
        fd_closep(&m->lock);
        container_clear(&m->before);
        definition_clear(&m->definition);
        freep(&m->from);
        freep(&m->to);
}

/* What a container of nixos-nspawn cannot have is refused rather than lost. */
static int check_keys(const struct migration *m, struct error *e) {
        const struct container *c = &m->before;
        const struct {
                bool is_set;
                const char *key;
        } keys[] = {
                {c->network_namespace, "NETWORK_NAMESPACE_PATH"},
                {c->extra_flags, "EXTRA_NSPAWN_FLAGS"},
                {c->allowed_devices, "ALLOWED_DEVICES"},
                {c->system_path, "SYSTEM_PATH"},
                {c->private_users && strcmp(c->private_users, "no") != 0 && strcmp(c->private_users, "pick") != 0,
                 "PRIVATE_USERS"},
        };

        for (size_t k = 0; k < ELEMENTS_OF(keys); k++)
                if (keys[k].is_set)
                        return error_set(e, ENOTSUP, EXIT_CONTAINER,
                                         "cannot migrate %s: %s says %s, which a container of nixos-nspawn does not "
                                         "have",
                                         m->entry->name, m->entry->unit_file, keys[k].key);
        return 0;
}

/* The range whose first address is the host's and whose second is the container's; other addresses are written down. */
static void find_range(struct migration *m) {
        const struct end *end = &m->before.end;
        const struct address *host = &end->host_v4.address, *local = &end->local_v4.address;
        struct prefix range = {.address = *host, .length = ALLOCATION_NUMBERED_LENGTH};

        if (m->before.mode != NETWORK_VETH)
                return;
        range.address.bytes[3] &= 0xfc;
        m->has_range = host->family == AF_INET && local->family == AF_INET &&
                       memcmp(host->bytes, local->bytes, 3) == 0 && (host->bytes[3] & 3) == 1 &&
                       local->bytes[3] == host->bytes[3] + 1;
        m->by_hand =
                !m->has_range || end->host_v6.address.family != AF_UNSPEC || end->local_v6.address.family != AF_UNSPEC;
        m->allocation = (struct allocation){.v4 = range, .v6 = {.address = ADDRESS_NONE}};
}

static json_t *timeout_text(uint64_t usec) {
        return usec == UINT64_MAX ? json_string("infinity") : json_sprintf("%" PRIu64 "us", usec);
}

/* What the conf says and the configuration does not. */
static int write_options(struct migration *m, struct error *e) {
        struct definition *d = &m->definition;
        json_t *options = json_object_get(json_object_get(d->spec, "config"), "nixosContainer");
        json_t *forwards = json_array(), *activation = json_object_get(options, "activation");

        for (size_t n = 0; n < m->before.n_forwards; n++) {
                const struct forward *f = &m->before.forwards[n];

                (void) json_array_append_new(forwards,
                                             json_pack("{s:s, s:i, s:i}", "protocol", protocol_name(f->protocol),
                                                       "hostPort", f->host_port, "containerPort", f->container_port));
        }
        if (!json_is_object(options) || json_object_set_new(options, "forwardPorts", forwards) < 0)
                return error_set(e, EBADMSG, EXIT_CONTAINER, "the definition of %s is damaged", d->name);
        if (json_is_object(activation))
                (void) json_object_set_new(activation, "autoStart", json_boolean(m->before.auto_start));
        if (m->before.private_users)
                (void) json_object_set_new(options, "userNamespacing",
                                           json_boolean(strcmp(m->before.private_users, "no") != 0));
        (void) json_object_set_new(options, "ephemeral", json_boolean(m->before.ephemeral));
        if (m->before.timeout_start_usec != DEFAULT_TIMEOUT_USEC)
                (void) json_object_set_new(options, "timeoutStartSec", timeout_text(m->before.timeout_start_usec));
        if (migrate_network(&m->before, m->by_hand, json_object_get(d->spec, "config")) < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot write the definition of %s", d->name);
        return definition_read_spec(d, e);
}

static int act_lock(void *context, struct error *e) {
        struct migration *m = context;

        m->lock = store_lock(LOCK_TIMEOUT_MS, e);
        return m->lock < 0 ? m->lock : 0;
}

static int undo_lock(void *context, struct error *e) {
        struct migration *m = context;

        fd_closep(&m->lock);
        return 0;
}

static int act_stop(void *context, struct error *e) {
        struct migration *m = context;

        return runtime_stop(m->entry->name, STOP_TIMEOUT_USEC, progress_phrase, m->progress, e);
}

static int undo_stop(void *context, struct error *e) {
        struct migration *m = context;

        return m->running ? runtime_start(m->entry->name, progress_phrase, m->progress, e) : 0;
}

static int act_addresses(void *context, struct error *e) {
        struct migration *m = context;
        _cleanup_(allocations_freep) struct allocations *allocations = NULL;
        int r;

        r = allocations_load(&allocations, e);
        /* No other network has addresses of the pool. */
        if (r >= 0 && m->has_range)
                r = allocations_put(allocations, m->entry->name, &m->allocation, e);
        if (r >= 0)
                r = allocations_save(allocations, e);
        return r < 0 ? r : definition_allocate(&m->definition, true, e);
}

/* To another file system: a copy, whose original goes at the end. */
static int copy_root(const struct migration *m) {
        const char *name = m->entry->name;
        _cleanup_(freep) char *folder = strndup(m->from, strlen(m->from) - strlen(name));
        _cleanup_(fd_closep) int from = -1, to = -1;

        from = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        to = open(PATH_MACHINES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (from < 0 || to < 0)
                return folder ? -errno : -ENOMEM;
        return tree_copy(from, to, name, 0);
}

static int act_move(void *context, struct error *e) {
        struct migration *m = context;
        int r;

        m->unfinished.moved = true;
        r = journal_write(&m->journal, &m->unfinished, e);
        if (r < 0)
                return r;
        r = directory_make(PATH_MACHINES, 0700);
        if (r >= 0 && renameat2(AT_FDCWD, m->from, AT_FDCWD, m->to, RENAME_NOREPLACE) < 0)
                r = errno == EXDEV ? copy_root(m) : -errno;
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot move %s to %s", m->from, m->to) : 0;
}

static int undo_move(void *context, struct error *e) {
        struct migration *m = context;

        return unfinished_undo_move(m->entry->name, &m->unfinished, e);
}

static int act_save(void *context, struct error *e) {
        struct migration *m = context;
        struct store_generation generation;
        _cleanup_(freep) unsigned *numbers = NULL;
        size_t n = 0;
        int r;

        r = store_generations(m->entry->name, &numbers, &n);
        if (r >= 0)
                r = store_current_generation(m->entry->name, &m->unfinished.previous);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot find the generations of %s", m->entry->name);
        m->unfinished.generation = numbers[n - 1] + 1;
        r = journal_write(&m->journal, &m->unfinished, e);
        return r < 0 ? r : definition_save(&m->definition, NULL, &generation, e);
}

static int undo_save(void *context, struct error *e) {
        struct migration *m = context;

        return unfinished_undo_generation(m->entry->name, &m->unfinished, e);
}

static int act_link(void *context, struct error *e) {
        struct migration *m = context;
        int r;

        m->unfinished.linked = true;
        r = journal_write(&m->journal, &m->unfinished, e);
        return r < 0 ? r : store_link(m->entry->name, e);
}

static int undo_link(void *context, struct error *e) {
        struct migration *m = context;

        return unfinished_undo_link(m->entry->name, &m->unfinished, e);
}

static int act_define(void *context, struct error *e) {
        struct migration *m = context;

        return runtime_define(m->entry->name, e);
}

static bool wants_stop(const void *context) {
        const struct migration *m = context;

        return m->running;
}

static const struct step steps[] = {
        {"waiting for other commands", act_lock, undo_lock},
        {"stopping", act_stop, undo_stop, wants_stop},
        {"keeping its addresses", act_addresses, NULL}, /* they are what they were */
        {"moving its files", act_move, undo_move},
        {"writing the definition", act_save, undo_save},
        {"linking the unit file", act_link, undo_link},
        {"telling systemd", act_define, NULL}, /* undone with the definition */
};

static int migrate_check(const struct invocation *i, struct migration *m, struct error *e) {
        const char *name = m->entry->name;
        struct runtime_status status = {0};
        int r;

        r = store_load(name, &m->before, e);
        if (r >= 0)
                r = check_keys(m, e);
        if (r >= 0)
                find_range(m);
        if (r >= 0)
                r = definition_load_generation(name, 0, &m->definition, e);
        if (r >= 0)
                r = write_options(m, e);
        if (r >= 0)
                r = runtime_recover_status(name, &status, e);
        if (r < 0)
                return r;
        m->running = status.state != RUNTIME_OFF;
        if (m->running && !invocation_has(i, OPTION_STOP))
                return error_set(e, EBUSY, EXIT_CONTAINER,
                                 "container %s runs: stop it first with 'nixos-container stop %s', or give --stop",
                                 name, name);
        m->from = directories_root(name);
        m->to = format(PATH_MACHINES "/%s", name);
        if (!m->from || !m->to)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot migrate %s", name);
        if (access(m->to, F_OK) == 0)
                return error_set(e, EEXIST, EXIT_CONTAINER, "cannot migrate %s: there is a folder %s already", name,
                                 m->to);
        return 0;
}

static int migrate_dry_run(struct invocation *i, struct migration *m, struct error *e) {
        json_t *object = dry_run_new(m->entry->name);

        if (m->running)
                dry_run_step(object, "stop the container");
        dry_run_step(object, "move %s to %s", m->from, m->to);
        dry_run_step(object, "write a generation of nixos-nspawn's in " PATH_PROFILES "/%s", m->entry->name);
        dry_run_step(object, "link " PATH_UNITS "/%s.nspawn to it", m->entry->name);
        dry_run_host_files(object, m->entry->name, &m->definition.container);
        dry_run_step(object, "remove %s", m->entry->unit_file);
        return dry_run_print(i, object, e);
}

static int migrate(struct invocation *i, struct migration *m, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        _cleanup_(progress_endp) struct progress *progress = NULL;
        const char *name = m->entry->name;
        const struct entry *entry;
        int r;

        m->progress = progress = progress_begin(&i->output, name);
        r = journal_begin(&m->journal, name, e);
        if (r >= 0)
                r = sequence_run(steps, ELEMENTS_OF(steps), m, progress, e);
        if (r >= 0) {
                journal_end(&m->journal);
                r = confs_remove(name, e);
                if (r >= 0 && tree_remove(m->from) < 0)
                        (void) fprintf(stderr, "%s: cannot delete all of %s, which was copied\n", program_name(),
                                       m->from);
        }
        progress_endp(&progress);
        if (r >= 0)
                r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        entry = inventory_find(&inventory, name);
        output_line(&i->output, "Container %s is one of nixos-nspawn now. Details:", name);
        return entry ? describe_one(&i->output, entry, false, e) : 0;
}

int command_migrate(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        _cleanup_(migration_clear) struct migration m = {
                .before = CONTAINER_INIT, .definition = DEFINITION_INIT, .journal = JOURNAL_INIT, .lock = -1};
        const char *name = invocation_argument(i, 0);
        int r;

        r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        m.entry = inventory_usable(&inventory, name, "migrate", e);
        if (!m.entry)
                return -ENOENT;
        if (m.entry->kind != CONTAINER_NIXOS)
                return error_set(e, EINVAL, EXIT_CONTAINER, "container %s is one of nixos-nspawn already", name);
        if (m.entry->origin == ORIGIN_DECLARATIVE)
                return error_set(e, EPERM, EXIT_CONTAINER,
                                 "cannot migrate %s: it is declared by this host's configuration, change it there",
                                 name);
        r = invocation_has(i, OPTION_DRY_RUN) ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = migrate_check(i, &m, e);
        if (r < 0)
                return r;
        return invocation_has(i, OPTION_DRY_RUN) ? migrate_dry_run(i, &m, e) : migrate(i, &m, e);
}
