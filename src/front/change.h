/* A new generation of a container's definition in place of the one in force, and back when it does not work. */
#pragma once

#include "front/definition.h"
#include "front/journal.h"
#include "front/progress.h"

struct change {
        struct definition old, new;
        const char *config; /* of a nixos-container: as for definition_save(); borrowed */
        bool restart;       /* it runs, and is to take up the change now */

        /* change_run()'s own. */
        struct progress *progress;
        struct journal journal;
        struct unfinished unfinished;
        char **directories;
        int lock;
};

#define CHANGE_INIT                                                                                                    \
        ((struct change){.old = DEFINITION_INIT, .new = DEFINITION_INIT, .journal = JOURNAL_INIT, .lock = -1})
void change_clear(struct change *c);

/* Makes the new tree, saves the generation, changes the container's files, restarts it if that is wanted. All or
 * nothing. */
int change_run(struct change *c, const struct output *o, struct error *e);

/* Numbers of the generation that comes next, and of the one in force. */
int change_next_generation(const char *name, unsigned *ret_next, unsigned *ret_current, struct error *e);
