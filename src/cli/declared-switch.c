/* One declared container, from what it is to what it is to be: steps, as of the commands that make and change
 * containers one by one. Its conf is what makes it exist: it comes first for a new one, and last, when all else is in
 * place, for one that changes. */
#include "cli/declared.h"

#include "front/change.h"
#include "front/directories.h"
#include "front/removal.h"
#include "front/sequence.h"
#include "front/starter.h"

#include "runtime/runtime.h"
#include "state/confs.h"

#include <errno.h>
#include <stdio.h>

#define CONFIG_TEXT "# Declared in the host's configuration; spec.json has all of it.\n{ }\n"

enum {
        LOCK_TIMEOUT_MS = 60000,
        STOP_TIMEOUT_USEC = 90000000,
};

struct transition {
        struct declared *d;
        struct declared_side *from, *to;
        struct progress *progress;
        struct journal journal;
        struct unfinished unfinished;
        bool stop, start, back;
        int lock;
};

static int note(struct transition *t, struct error *e) {
        return journal_write(&t->journal, &t->unfinished, e);
}

static int act_stop(void *context, struct error *e) {
        struct transition *t = context;
        int r;

        t->unfinished.started = t->unfinished.running = true;
        r = note(t, e);
        return r < 0 ? r : runtime_stop(t->d->name, STOP_TIMEOUT_USEC, progress_phrase, t->progress, e);
}

static int act_lock(void *context, struct error *e) {
        struct transition *t = context;
        const struct container *c = &t->to->container;
        int r;

        t->lock = store_lock(LOCK_TIMEOUT_MS, e);
        if (t->lock < 0)
                return t->lock;
        r = store_forward_conflict(t->d->name, c->forwards, c->n_forwards, NULL, e);
        return r > 0 ? -EADDRINUSE : r;
}

static int let_go(void *context, struct error *e) {
        struct transition *t = context;

        fd_closep(&t->lock);
        return 0;
}

static int lock_again(void *context, struct error *e) {
        struct transition *t = context;

        if (t->lock < 0)
                t->lock = store_lock(LOCK_TIMEOUT_MS, e);
        return t->lock < 0 ? t->lock : 0;
}

static int act_new_conf(void *context, struct error *e) {
        struct transition *t = context;
        int r;

        t->unfinished.conf = true;
        r = note(t, e);
        return r < 0 ? r : confs_save(t->d->name, &t->to->conf, e);
}

static int undo_new_conf(void *context, struct error *e) {
        struct transition *t = context;

        return t->from->exists ? 0 : unfinished_undo_conf(t->d->name, &t->unfinished, e);
}

static int act_save(void *context, struct error *e) {
        struct transition *t = context;
        struct declared *d = t->d;
        unsigned current;
        int r = 0;

        if (t->back && d->generation.number > 0)
                return store_drop_generation(d->name, &d->generation, e);
        t->unfinished.generation = 1;
        if (store_current_generation(d->name, &current) >= 0)
                r = change_next_generation(d->name, &t->unfinished.generation, &t->unfinished.previous, e);
        if (r >= 0)
                r = note(t, e);
        return r < 0 ? r : definition_save(&t->to->definition, CONFIG_TEXT, &d->generation, e);
}

static int undo_save(void *context, struct error *e) {
        struct transition *t = context;

        return unfinished_undo_generation(t->d->name, &t->unfinished, e);
}

static int act_root(void *context, struct error *e) {
        struct transition *t = context;
        int r;

        t->unfinished.root = t->d->made_root = !directories_has_root(t->d->name);
        r = note(t, e);
        if (r < 0)
                return r;
        return t->to->has_config ? definition_instantiate(&t->to->definition, e) : directories_make_root(t->d->name, e);
}

static int undo_root(void *context, struct error *e) {
        struct transition *t = context;

        if (t->unfinished.root)
                return unfinished_undo_root(t->d->name, &t->unfinished, e);
        return t->from->has_config ? definition_instantiate(&t->from->definition, e) : 0;
}

static int act_conf(void *context, struct error *e) {
        struct transition *t = context;

        return confs_save(t->d->name, &t->to->conf, e);
}

static int undo_conf(void *context, struct error *e) {
        struct transition *t = context;

        return t->from->exists ? confs_save(t->d->name, &t->from->conf, e) : 0;
}

static int act_define(void *context, struct error *e) {
        struct transition *t = context;

        return runtime_define(t->d->name, e);
}

static int act_ports(void *context, struct error *e) {
        struct transition *t = context;
        const struct definition d = {.name = t->d->name, .container = t->to->container};

        return definition_check_ports(&d, e);
}

static int act_start(void *context, struct error *e) {
        struct transition *t = context;
        int r;

        t->unfinished.started = true;
        r = note(t, e);
        return r < 0 ? r : starter_run(t->d->name, t->progress, e);
}

static int undo_start(void *context, struct error *e) {
        struct transition *t = context;

        return unfinished_undo_start(t->d->name, &t->unfinished, e);
}

static bool wants_stop(const void *context) {
        const struct transition *t = context;

        return t->stop;
}

static bool wants_start(const void *context) {
        const struct transition *t = context;

        return t->start;
}

static bool is_new(const void *context) {
        const struct transition *t = context;

        return !t->from->exists;
}

static bool is_changed(const void *context) {
        return !is_new(context);
}

static bool wants_save(const void *context) {
        const struct transition *t = context;

        return t->to->has_config && !declared_same_config(t->from, t->to);
}

static bool has_units(const void *context) {
        return runtime_has_units();
}

static const struct step steps[] = {
        {"stopping", act_stop, NULL, wants_stop},
        {"waiting for other commands", act_lock, let_go},
        {"writing the conf", act_new_conf, undo_new_conf, is_new},
        {"writing the definition", act_save, undo_save, wants_save},
        {"changing the container's files", act_root, undo_root},
        {"telling systemd", act_define, act_define, has_units}, /* its way back comes after the conf's */
        {"writing the conf", act_conf, undo_conf, is_changed},
        {"telling systemd", act_define, NULL, has_units},
        {"checking ports", act_ports, NULL},
        {"letting other commands go on", let_go, lock_again},
        {"starting", act_start, undo_start, wants_start},
};

/* Everything is as before, but that the container stands still: it did run. */
static void start_again(const struct transition *t) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (t->unfinished.running && runtime_start(t->d->name, progress_phrase, t->progress, &e) < 0)
                (void) fprintf(stderr, "%s: while starting %s as it was before: %s\n", program_name(), t->d->name,
                               error_message(&e));
}

static int transition_run(struct transition *t, struct error *e) {
        int r;

        t->journal = t->d->journal;
        t->d->journal = JOURNAL_INIT;
        t->unfinished.started = t->unfinished.running = t->journal.fd >= 0 && t->d->running;
        t->lock = -1;
        r = t->journal.fd < 0 ? journal_begin(&t->journal, t->d->name, e) : 0;
        if (r < 0)
                return r;
        r = sequence_run(steps, ELEMENTS_OF(steps), t, t->progress, e);
        fd_closep(&t->lock);
        if (t->d->parked && (r < 0 || t->back)) {
                /* It stands still until it has its ports again. */
                t->unfinished = (struct unfinished){.started = t->d->running, .running = t->d->running};
                (void) note(t, NULL);
                t->d->journal = t->journal;
                return r;
        }
        if (r < 0)
                start_again(t);
        journal_end(&t->journal);
        return r;
}

int declared_switch_one(struct declared *d, struct progress *p, struct error *e) {
        struct transition t = {.d = d, .from = &d->before, .to = &d->after, .progress = p};

        if (d->action == DECLARED_REMOVE)
                return removal_run(d->name, d->running, false, p, e);
        t.stop = d->restart && !d->parked;
        t.start = d->restart || d->start;
        return transition_run(&t, e);
}

int declared_switch_one_back(struct declared *d, struct progress *p, struct error *e) {
        struct transition t = {.d = d, .from = &d->after, .to = &d->before, .progress = p, .back = true};
        bool made_root = d->made_root;

        if (d->action == DECLARED_CREATE)
                return removal_run(d->name, d->start, made_root, p, e);
        if (d->action == DECLARED_REMOVE) {
                t.start = d->running;
                d->generation = (struct store_generation){0};
                return transition_run(&t, e);
        }
        t.stop = d->restart || d->start;
        t.start = d->restart && !d->parked;
        return transition_run(&t, e);
}
