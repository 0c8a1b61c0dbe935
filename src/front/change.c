/* A new generation, taken back when it cannot be put in place or the container does not start, or reload, with it. */
#include "front/change.h"

#include "front/activation.h"
#include "front/directories.h"
#include "front/sequence.h"
#include "front/starter.h"

#include "runtime/runtime.h"

#include <errno.h>
#include <stdio.h>

enum {
        LOCK_TIMEOUT_MS = 60000,
        STOP_TIMEOUT_USEC = 90000000,
};

void change_clear(struct change *c) {
        journal_end(&c->journal);
        fd_closep(&c->lock);
        strings_freep(&c->directories);
        differences_clear(&c->differences);
        reload_clear(&c->services);
        definition_clear(&c->base);
        definition_clear(&c->old);
        definition_clear(&c->new);
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

int change_next_generation(const char *name, unsigned *ret_next, unsigned *ret_current, struct error *e) {
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

        r = c->config ? 0 : definition_allocate(&c->new, true, e);
        if (r >= 0)
                r = change_next_generation(c->new.name, &c->unfinished.generation, &c->unfinished.previous, e);
        if (r >= 0)
                r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : definition_save(&c->new, c->config, &generation, e);
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

/* From here on the journal says that the network has to go back, too. */
static int act_network(void *context, struct error *e) {
        struct change *c = context;
        int r;

        c->unfinished.live = true;
        r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : runtime_change_network(c->new.name, e);
}

/* When the definition is the one before again. */
static int undo_network(void *context, struct error *e) {
        struct change *c = context;

        return unfinished_undo_live(c->old.name, &c->unfinished, e);
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

/* Should this command die, the next one restarts it as it was before. */
static int note_running(struct change *c, struct error *e) {
        c->unfinished.started = c->unfinished.running = true;
        return journal_write(&c->journal, &c->unfinished, e);
}

static int act_stop(void *context, struct error *e) {
        struct change *c = context;
        int r = note_running(c, e);

        return r < 0 ? r : runtime_stop(c->new.name, STOP_TIMEOUT_USEC, progress_phrase, c->progress, e);
}

static int act_stop_services(void *context, struct error *e) {
        struct change *c = context;
        int r = note_running(c, e);

        return r < 0 ? r : reload_before(c->new.name, &c->services.forward, e);
}

static int act_directories(void *context, struct error *e) {
        struct change *c = context;

        return unfinished_make_folders(&c->journal, &c->unfinished, c->new.container.bind_mounts, &c->directories, e);
}

static int undo_directories(void *context, struct error *e) {
        struct change *c = context;

        return unfinished_undo_folders(c->new.name, &c->unfinished, e);
}

static int act_root(void *context, struct error *e) {
        struct change *c = context;

        return definition_instantiate(&c->new, e);
}

static int undo_root(void *context, struct error *e) {
        struct change *c = context;

        return definition_instantiate(&c->old, e);
}

static int act_start(void *context, struct error *e) {
        struct change *c = context;

        return starter_run(c->new.name, c->progress, e);
}

static int undo_start(void *context, struct error *e) {
        struct change *c = context;

        return c->effect == EFFECT_RELOAD ? 0 : unfinished_undo_start(c->new.name, &c->unfinished, e);
}

static int act_reload(void *context, struct error *e) {
        const struct change *c = context;

        return reload_after(c->new.name, &c->services.forward, e);
}

static bool wants_reload(const void *context) {
        const struct change *c = context;

        return c->effect == EFFECT_RELOAD;
}

static bool wants_restart(const void *context) {
        const struct change *c = context;

        return c->effect == EFFECT_RESTART;
}

static bool wants_live(const void *context) {
        const struct change *c = context;

        return c->effect == EFFECT_LIVE || c->effect == EFFECT_RELOAD;
}

static bool never(const void *context) {
        return false;
}

static bool wants_define(const void *context) {
        return runtime_has_units();
}

static const struct step steps[] = {
        {"waiting for other commands", act_lock, undo_lock},
        {"taking the network's change back", NULL, undo_network, never},
        {"writing the definition", act_save, undo_save},
        {"telling systemd", act_define, NULL, wants_define}, /* undone with the definition */
        {"checking ports", act_check_ports, NULL},
        {"changing the network", act_network, NULL, wants_live}, /* undone after the definition */
        {"letting other commands go on", act_unlock, undo_unlock},
        {"stopping", act_stop, NULL, wants_restart},
        {"stopping services", act_stop_services, NULL, wants_reload},
        {"making folders for bind mounts", act_directories, undo_directories},
        {"changing the container's files", act_root, undo_root},
        {"starting services", act_reload, NULL, wants_reload},
        {"starting", act_start, undo_start, wants_restart},
};

/* Everything is as before, but that the container, or a service in it, stands still: it did run. */
static void start_again(struct change *c) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        const char *name = c->old.name;
        int r;

        if (!c->unfinished.running)
                return;
        progress_phrase("starting it as it was before", c->progress);
        if (c->effect != EFFECT_RELOAD)
                r = runtime_start(name, progress_phrase, c->progress, &e);
        else {
                r = reload_before(name, &c->services.back, &e);
                r = reload_after(name, &c->services.back, r < 0 ? NULL : &e) < 0 ? -EIO : r;
        }
        if (r < 0)
                (void) fprintf(stderr, "%s: while starting %s as it was before: %s\n", program_name(), name,
                               error_message(&e));
}

int change_run(struct change *c, const struct output *o, struct error *e) {
        _cleanup_(progress_endp) struct progress *progress = NULL;
        int r;

        c->progress = progress = progress_begin(o, c->new.name);
        r = definition_prepare(&c->new, progress_phrase, progress, e);
        if (r >= 0)
                r = activation_decide(c, e);
        if (r >= 0 && c->config)
                activation_say(c);
        if (r >= 0)
                r = journal_begin(&c->journal, c->new.name, e);
        if (r >= 0)
                r = sequence_run(steps, ELEMENTS_OF(steps), c, progress, e);
        if (r < 0)
                start_again(c);
        progress_endp(&progress);
        journal_end(&c->journal);
        return r;
}
