/* create: all checks first, then steps that are undone when one fails. */
#include "cli/commands.h"
#include "front/definition.h"
#include "front/describe.h"
#include "front/directories.h"
#include "front/dry-run.h"
#include "front/inventory.h"
#include "front/journal.h"
#include "front/sequence.h"
#include "front/starter.h"

#include "base/paths.h"
#include "model/names.h"
#include "runtime/links.h"
#include "runtime/runtime.h"

#include <errno.h>

enum { LOCK_TIMEOUT_MS = 60000 };

struct creation {
        struct invocation *invocation;
        struct progress *progress;
        struct definition definition;
        struct journal journal;
        struct unfinished unfinished;
        char **directories; /* for bind mounts, made by us */
        int lock;
};

#define CREATION_INIT ((struct creation){.definition = DEFINITION_INIT, .journal = JOURNAL_INIT, .lock = -1})

static void creation_clear(struct creation *c) {
        journal_end(&c->journal);
        fd_closep(&c->lock);
        strings_freep(&c->directories);
        definition_clear(&c->definition);
}

static int check_free(const struct creation *c, struct error *e) {
        const struct definition *d = &c->definition;
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        int r;

        r = inventory_load(c->invocation->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        if (inventory_find(&inventory, d->name))
                return error_set(e, EEXIST, EXIT_CONTAINER, "Container %s already exists!", d->name);
        r = store_forward_conflict(d->name, d->container.forwards, d->container.n_forwards, NULL, e);
        return r > 0 ? -EADDRINUSE : r;
}

static int act_lock(void *context, struct error *e) {
        struct creation *c = context;

        c->lock = store_lock(LOCK_TIMEOUT_MS, e);
        /* Another one may have been quicker while the tree was made. */
        return c->lock < 0 ? c->lock : check_free(c, e);
}

static int undo_lock(void *context, struct error *e) {
        struct creation *c = context;

        fd_closep(&c->lock);
        return 0;
}

static int act_allocate(void *context, struct error *e) {
        struct creation *c = context;
        int r;

        c->unfinished.addresses = true;
        r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : definition_allocate(&c->definition, true, e);
}

static int undo_allocate(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_undo_addresses(c->definition.name, &c->unfinished, e);
}

static int act_save(void *context, struct error *e) {
        struct creation *c = context;
        struct store_generation generation;
        int r;

        c->unfinished.generation = 1;
        r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : definition_save(&c->definition, NULL, &generation, e);
}

static int undo_save(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_undo_generation(c->definition.name, &c->unfinished, e);
}

static int act_define(void *context, struct error *e) {
        const struct creation *c = context;

        return runtime_define(c->definition.name, e);
}

static int act_link(void *context, struct error *e) {
        struct creation *c = context;
        int r;

        c->unfinished.linked = true;
        r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : store_link(c->definition.name, e);
}

static int undo_link(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_undo_link(c->definition.name, &c->unfinished, e);
}

static int act_check_ports(void *context, struct error *e) {
        const struct creation *c = context;

        return definition_check_ports(&c->definition, e);
}

static int act_directories(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_make_folders(&c->journal, &c->unfinished, c->definition.container.bind_mounts,
                                       &c->directories, e);
}

static int undo_directories(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_undo_folders(c->definition.name, &c->unfinished, e);
}

static int act_root(void *context, struct error *e) {
        struct creation *c = context;
        const struct definition *d = &c->definition;
        int r;

        c->unfinished.root = !directories_has_root(d->name);
        r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : definition_instantiate(d, e);
}

static int undo_root(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_undo_root(c->definition.name, &c->unfinished, e);
}

static int act_unlock(void *context, struct error *e) {
        return undo_lock(context, e);
}

static int undo_unlock(void *context, struct error *e) {
        struct creation *c = context;

        if (c->lock < 0)
                c->lock = store_lock(LOCK_TIMEOUT_MS, e);
        return c->lock < 0 ? c->lock : 0;
}

static int act_start(void *context, struct error *e) {
        struct creation *c = context;
        int r;

        c->unfinished.started = true;
        r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : starter_run(c->definition.name, c->progress, e);
}

static int undo_start(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_undo_start(c->definition.name, &c->unfinished, e);
}

static bool wants_start(const void *context) {
        const struct creation *c = context;

        return !invocation_has(c->invocation, OPTION_NO_START);
}

static bool wants_define(const void *context) {
        return runtime_has_units();
}

static bool wants_directories(const void *context) {
        const struct creation *c = context;

        return c->definition.container.bind_mounts && *c->definition.container.bind_mounts;
}

static const struct step steps[] = {
        {"waiting for other commands", act_lock, undo_lock},
        {"choosing addresses", act_allocate, undo_allocate},
        {"writing the definition", act_save, undo_save},
        {"linking the unit file", act_link, undo_link},
        {"telling systemd", act_define, NULL, wants_define}, /* undone with the definition */
        {"checking ports", act_check_ports, NULL},
        {"making folders for bind mounts", act_directories, undo_directories, wants_directories},
        {"making the container's files", act_root, undo_root},
        {"letting other commands go on", act_unlock, undo_unlock},
        {"starting", act_start, undo_start, wants_start},
};

static int create_dry_run(struct creation *c, struct error *e) {
        struct definition *d = &c->definition;
        json_t *object = dry_run_new(d->name);
        int r;

        r = definition_allocate(d, false, e);
        if (r < 0) {
                json_decref(object);
                return r;
        }
        definition_describe(d, 1, object);
        dry_run_step(object, "link " PATH_UNITS "/%s.nspawn to the definition", d->name);
        dry_run_host_files(object, d->name, &d->container);
        r = dry_run_folders(object, &d->container, e);
        dry_run_step(object, "%s the container's files in " PATH_MACHINES "/%s",
                     directories_has_root(d->name) ? "keep" : "make", d->name);
        if (r >= 0 && !invocation_has(c->invocation, OPTION_NO_START)) {
                dry_run_step(object, "start the container");
                r = dry_run_network(object, DRY_RUN_START, NULL, &d->network, e);
        }
        if (r < 0) {
                json_decref(object);
                return r;
        }
        return dry_run_print(c->invocation, object, e);
}

/* What can be said before anything is touched. */
static int create_check(struct creation *c, const char *name, struct error *e) {
        struct invocation *i = c->invocation;
        const char *problem = container_name_problem(name);
        int r;

        r = definition_check_options(i, e);
        if (r < 0)
                return r;
        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "'%s' cannot be a container's name: %s", name, problem);
        r = invocation_has(i, OPTION_DRY_RUN) ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = definition_load(i, name, NULL, &c->definition, e);
        if (r >= 0)
                r = check_free(c, e);
        if (r >= 0 && wants_start(c))
                r = links_check(&c->definition.container, NULL, e);
        return r;
}

static int print_created(struct invocation *i, const char *name, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const struct entry *entry;
        int r;

        r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        entry = inventory_find(&inventory, name);
        if (!entry)
                return error_set(e, ENOENT, EXIT_CONTAINER, "container %s was removed meanwhile", name);
        output_line(&i->output, "Container %s created successfully. Details:", name);
        return describe_one(&i->output, entry, false, e);
}

int command_create(struct invocation *i, struct error *e) {
        _cleanup_(creation_clear) struct creation c = CREATION_INIT;
        _cleanup_(progress_endp) struct progress *progress = NULL;
        const char *name = invocation_argument(i, 0);
        int r;

        c.invocation = i;
        r = create_check(&c, name, e);
        if (r < 0)
                return r;
        if (invocation_has(i, OPTION_DRY_RUN))
                return create_dry_run(&c, e);

        c.progress = progress = progress_begin(&i->output, name);
        r = definition_prepare(&c.definition, progress_phrase, progress, e);
        if (r >= 0)
                r = journal_begin(&c.journal, name, e);
        if (r >= 0)
                r = sequence_run(steps, ELEMENTS_OF(steps), &c, progress, e);
        progress_endp(&progress);
        if (r < 0)
                return r;
        journal_end(&c.journal);
        return print_created(i, name, e);
}
