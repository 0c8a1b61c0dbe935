/* update: a new generation, taken back when it cannot be put in place or the container does not start with it. */
#include "cli/commands.h"
#include "front/definition.h"
#include "front/describe.h"
#include "front/directories.h"
#include "front/dry-run.h"
#include "front/inventory.h"
#include "front/journal.h"
#include "front/sequence.h"
#include "front/starter.h"

#include "base/parse.h"
#include "base/paths.h"
#include "runtime/runtime.h"

#include <errno.h>

enum {
        LOCK_TIMEOUT_MS = 60000,
        STOP_TIMEOUT_USEC = 90000000,
};

enum strategy {
        STRATEGY_RESTART,
        STRATEGY_NONE,
};

struct change {
        struct invocation *invocation;
        const struct entry *entry;
        struct progress *progress;
        struct definition old, new;
        struct journal journal;
        struct unfinished unfinished;
        char **directories;
        bool running; /* before */
        bool restart; /* it is to take up the change now */
        int lock;
};

#define CHANGE_INIT                                                                                                    \
        ((struct change){.old = DEFINITION_INIT, .new = DEFINITION_INIT, .journal = JOURNAL_INIT, .lock = -1})

static void change_clear(struct change *c) {
        journal_end(&c->journal);
        fd_closep(&c->lock);
        strings_freep(&c->directories);
        definition_clear(&c->old);
        definition_clear(&c->new);
}

static int choose_strategy(const struct change *c, enum strategy *ret, struct error *e) {
        const json_t *activation = json_object_get(
                json_object_get(json_object_get(c->new.spec, "config"), "nixosContainer"), "activation");
        const char *s = invocation_value(c->invocation, OPTION_STRATEGY)
                                ?: json_string_value(json_object_get(activation, "strategy"));

        if (!s || string_equal(s, "restart"))
                *ret = STRATEGY_RESTART;
        else if (string_equal(s, "none"))
                *ret = STRATEGY_NONE;
        else if (string_equal(s, "dynamic"))
                return error_set(e, ENOTSUP, EXIT_CONTAINER,
                                 "'dynamic' is currently not supported for imperative containers!");
        else if (string_equal(s, "reload"))
                return error_set(e, ENOTSUP, EXIT_CONTAINER,
                                 "--strategy reload does not work yet: use restart, or none");
        else
                return error_set(e, EINVAL, EXIT_USAGE, "--strategy %s is unknown: restart or none", s);
        return 0;
}

static int act_lock(void *context, struct error *e) {
        struct change *c = context;
        const struct container *container = &c->new.container;
        int r;

        c->lock = store_lock(LOCK_TIMEOUT_MS, e);
        if (c->lock < 0)
                return c->lock;
        r = store_forward_conflict(c->new.name, container->forwards, container->n_forwards, NULL, e);
        return r > 0 ? -EADDRINUSE : r;
}

static int undo_lock(void *context, struct error *e) {
        struct change *c = context;

        fd_closep(&c->lock);
        return 0;
}

static int next_generation(const char *name, unsigned *ret_next, unsigned *ret_current, struct error *e) {
        _cleanup_(freep) unsigned *numbers = NULL;
        size_t n = 0;
        int r;

        r = store_generations(name, &numbers, &n);
        if (r >= 0)
                r = store_current_generation(name, ret_current);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot find the generations of %s", name);
        *ret_next = n > 0 ? numbers[n - 1] + 1 : 1;
        return 0;
}

static int act_save(void *context, struct error *e) {
        struct change *c = context;
        struct store_generation generation;
        int r;

        r = definition_allocate(&c->new, true, e);
        if (r >= 0)
                r = next_generation(c->new.name, &c->unfinished.generation, &c->unfinished.previous, e);
        if (r >= 0)
                r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : definition_save(&c->new, &generation, e);
}

static int undo_save(void *context, struct error *e) {
        struct change *c = context;

        return unfinished_undo_generation(c->new.name, &c->unfinished, e);
}

static int act_define(void *context, struct error *e) {
        const struct change *c = context;

        return runtime_define(c->new.name, e);
}

static int act_check_ports(void *context, struct error *e) {
        const struct change *c = context;

        return definition_check_ports(&c->new, e);
}

static int act_unlock(void *context, struct error *e) {
        return undo_lock(context, e);
}

static int undo_unlock(void *context, struct error *e) {
        struct change *c = context;

        if (c->lock < 0)
                c->lock = store_lock(LOCK_TIMEOUT_MS, e);
        return c->lock < 0 ? c->lock : 0;
}

static int act_stop(void *context, struct error *e) {
        struct change *c = context;
        int r;

        c->unfinished.started = c->unfinished.running = true;
        r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : runtime_stop(c->new.name, STOP_TIMEOUT_USEC, progress_phrase, c->progress, e);
}

static int act_directories(void *context, struct error *e) {
        struct change *c = context;

        return directories_make_bind_sources(c->new.container.bind_mounts, &c->directories, e);
}

static int undo_directories(void *context, struct error *e) {
        struct change *c = context;

        directories_remove(c->directories);
        return 0;
}

static int act_root(void *context, struct error *e) {
        struct change *c = context;

        return tree_instantiate(&c->new.tree, c->new.name, c->new.spec, e);
}

static int undo_root(void *context, struct error *e) {
        struct change *c = context;

        return tree_instantiate(&c->old.tree, c->old.name, c->old.spec, e);
}

static int act_start(void *context, struct error *e) {
        struct change *c = context;

        return starter_run(c->new.name, c->progress, e);
}

static int undo_start(void *context, struct error *e) {
        struct change *c = context;

        return unfinished_undo_start(c->new.name, &c->unfinished, e);
}

static bool wants_restart(const void *context) {
        const struct change *c = context;

        return c->restart;
}

static bool wants_define(const void *context) {
        return runtime_has_units();
}

static const struct step steps[] = {
        {"waiting for other commands", act_lock, undo_lock},
        {"writing the definition", act_save, undo_save},
        {"telling systemd", act_define, NULL, wants_define}, /* undone with the definition */
        {"checking ports", act_check_ports, NULL},
        {"letting other commands go on", act_unlock, undo_unlock},
        {"stopping", act_stop, NULL, wants_restart},
        {"making folders for bind mounts", act_directories, undo_directories},
        {"changing the container's files", act_root, undo_root},
        {"starting", act_start, undo_start, wants_restart},
};

static int update_dry_run(struct change *c, struct error *e) {
        json_t *object = dry_run_new(c->new.name);
        unsigned next = 1, current = 0;
        int r;

        r = next_generation(c->new.name, &next, &current, e);
        if (r >= 0)
                r = definition_allocate(&c->new, false, e);
        if (r >= 0)
                r = definition_allocate(&c->old, false, e);
        if (r >= 0) {
                definition_describe(&c->new, next, object);
                dry_run_step(object, "switch from generation %u to %u", current, next);
                dry_run_host_files(object, c->new.name, &c->new.container);
                dry_run_step(object, "change the container's files in " PATH_MACHINES "/%s", c->new.name);
                if (c->restart)
                        dry_run_step(object, "restart the container");
                r = dry_run_network(object, DRY_RUN_CHANGE, &c->old.network, &c->new.network, e);
        }
        if (r < 0) {
                json_decref(object);
                return r;
        }
        return dry_run_print(c->invocation, object, e);
}

/* Everything is as before, but that the container stands still: it did run. */
static void start_again(struct change *c) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (!c->unfinished.running)
                return;
        progress_phrase("starting it as it was before", c->progress);
        if (runtime_start(c->old.name, progress_phrase, c->progress, &e) < 0)
                (void) fprintf(stderr, "%s: while starting %s as it was before: %s\n", program_name(), c->old.name,
                               error_message(&e));
}

static int update_check(struct change *c, struct error *e) {
        struct invocation *i = c->invocation;
        const struct container *container = &c->new.container;
        struct runtime_status status;
        enum strategy strategy = STRATEGY_RESTART;
        int r;

        r = invocation_has(i, OPTION_DRY_RUN) ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = definition_load_current(c->entry->name, &c->old, e);
        if (r >= 0)
                r = definition_load(i, c->entry->name, &c->old, &c->new, e);
        if (r >= 0)
                r = choose_strategy(c, &strategy, e);
        if (r >= 0)
                r = store_forward_conflict(c->entry->name, container->forwards, container->n_forwards, NULL, e);
        if (r > 0)
                return -EADDRINUSE;
        if (r >= 0)
                r = runtime_status(c->entry->name, &status, e);
        if (r < 0)
                return r;
        c->running = status.state != RUNTIME_OFF;
        c->restart = c->running && strategy == STRATEGY_RESTART;
        return 0;
}

static int update(struct change *c, struct error *e) {
        struct invocation *i = c->invocation;
        _cleanup_(progress_endp) struct progress *progress = NULL;
        int r;

        c->progress = progress = progress_begin(&i->output, c->entry->name);
        r = definition_prepare(&c->new, progress_phrase, progress, e);
        if (r >= 0)
                r = journal_begin(&c->journal, c->entry->name, e);
        if (r >= 0)
                r = sequence_run(steps, ELEMENTS_OF(steps), c, progress, e);
        if (r < 0)
                start_again(c);
        progress_endp(&progress);
        journal_end(&c->journal);
        if (r < 0)
                return r;
        output_line(&i->output, "Container %s updated successfully. Details:", c->entry->name);
        return describe_one(&i->output, c->entry, false, e);
}

int command_update(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        _cleanup_(change_clear) struct change c = CHANGE_INIT;
        int r;

        c.invocation = i;
        r = definition_check_options(i, e);
        if (r >= 0)
                r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        c.entry = inventory_own(&inventory, invocation_argument(i, 0), "update", e);
        if (!c.entry)
                return -ENOENT;
        r = update_check(&c, e);
        if (r < 0)
                return r;
        return invocation_has(i, OPTION_DRY_RUN) ? update_dry_run(&c, e) : update(&c, e);
}
