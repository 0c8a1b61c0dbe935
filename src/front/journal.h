/* What a command that was killed left half done, and how the next one repairs it.
 *
 * While create, update or remove work on a container, a file in PATH_LIB/unfinished tells what to take back, and the
 * command holds a lock on it. A file whose lock is free belongs to a command that died. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* What to take back. Each member is set before the thing is done. */
struct unfinished {
        unsigned generation; /* made; 0: none */
        unsigned previous;   /* in force before; 0: the container is new */
        bool addresses;      /* given */
        bool linked;         /* PATH_UNITS/NAME.nspawn made */
        bool root;           /* PATH_MACHINES/NAME made */
        bool started;        /* may run with what is taken back */
        bool running;        /* ran before, and is to run again */
        bool live;           /* runs, with the network of what is taken back */
        bool conf;           /* the conf of a nixos-container made; with `removal`: it is one */
        bool moved;          /* the root of a nixos-container, to PATH_MACHINES/NAME */
        char **folders;      /* made for bind mounts; borrowed */
        bool removal;        /* it is being removed: all of the above but running mean nothing */
};

struct journal {
        int fd; /* holds the lock; -1: none */
        char *path;
};

#define JOURNAL_INIT ((struct journal){.fd = -1})

/* Begins work on NAME. -EBUSY when another command works on it. */
int journal_begin(struct journal *j, const char *name, struct error *e);
/* Replaces what is to be taken back. */
int journal_write(struct journal *j, const struct unfinished *u, struct error *e);
/* Nothing is to be taken back any more. Harmless twice. */
void journal_end(struct journal *j);

/* Takes back what dead commands left; nothing to do, or no root: 0. */
int journal_repair(struct error *e);

/* Makes the folders of bind mounts that are not there, having noted them. ret: they, which u borrows. */
int unfinished_make_folders(struct journal *j, struct unfinished *u, char *const bind_mounts[], char ***ret,
                            struct error *e);

/* The single things that are taken back; harmless twice. Those that change definitions need store_lock(). */
int unfinished_undo_start(const char *name, struct unfinished *u, struct error *e);
int unfinished_undo_root(const char *name, struct unfinished *u, struct error *e);
int unfinished_undo_folders(const char *name, struct unfinished *u, struct error *e);
int unfinished_undo_move(const char *name, struct unfinished *u, struct error *e);
int unfinished_undo_link(const char *name, struct unfinished *u, struct error *e);
int unfinished_undo_live(const char *name, struct unfinished *u, struct error *e); /* after the definition */
int unfinished_undo_generation(const char *name, struct unfinished *u, struct error *e);
int unfinished_undo_conf(const char *name, struct unfinished *u, struct error *e);
int unfinished_undo_addresses(const char *name, struct unfinished *u, struct error *e);

/* The rest of a removal (remove.c): back to what was, when the definition is still there, else to its end. */
int removal_repair(const char *name, const struct unfinished *u, struct error *e);
