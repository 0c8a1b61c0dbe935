/* A new generation of a container's definition in place of the one in force, and back when it does not work. */
#pragma once

#include "config/difference.h"
#include "front/definition.h"
#include "front/journal.h"
#include "front/progress.h"
#include "front/reload.h"

enum strategy {
        STRATEGY_RESTART, /* unless it can be done live */
        STRATEGY_RELOAD,
        STRATEGY_DYNAMIC, /* a reload, or a restart where that is needed */
        STRATEGY_NONE,
        STRATEGY_ALWAYS, /* a restart, whatever is different */
};

struct change {
        struct definition old, new;
        struct definition base; /* that it runs with, if that is not `old`; empty: not known any more */
        bool has_base;
        const char *config; /* of a nixos-container: as for definition_save(); borrowed */
        bool running;
        enum strategy strategy;
        const char *reason; /* with STRATEGY_ALWAYS: why, or NULL; borrowed */

        /* activation_decide()'s. */
        struct differences differences;
        struct reload services;
        enum effect effect; /* on the container that runs */

        /* change_run()'s own. */
        struct progress *progress;
        struct journal journal;
        struct unfinished unfinished;
        char **directories;
        int lock;
};

#define CHANGE_INIT                                                                                                    \
        ((struct change){.old = DEFINITION_INIT,                                                                       \
                         .new = DEFINITION_INIT,                                                                       \
                         .base = DEFINITION_INIT,                                                                      \
                         .services = RELOAD_INIT,                                                                      \
                         .journal = JOURNAL_INIT,                                                                      \
                         .lock = -1})
void change_clear(struct change *c);

static inline struct definition *change_base(struct change *c) {
        return c->has_base ? &c->base : &c->old;
}

/* Makes the new tree, saves the generation, changes the container's files, and has it take them up as was decided: its
 * network live, its services by a reload, or all of it by a restart. All or nothing. */
int change_run(struct change *c, const struct output *o, struct error *e);

/* Numbers of the generation that comes next, and of the one in force. */
int change_next_generation(const char *name, unsigned *ret_next, unsigned *ret_current, struct error *e);
