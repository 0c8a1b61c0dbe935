/* What can be taken back first, the definition last, so that a removal that fails can be run again. */
#include "front/removal.h"

#include "front/directories.h"
#include "front/journal.h"
#include "front/output.h"
#include "front/sequence.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "runtime/runtime.h"
#include "state/allocations.h"
#include "state/confs.h"
#include "state/store.h"

#include <errno.h>
#include <stdio.h>

enum {
        LOCK_TIMEOUT_MS = 60000,
        STOP_TIMEOUT_USEC = 10000000, /* upstream waits as long, then goes on regardless */
};

struct removal {
        const char *name;
        struct progress *progress;
        struct journal journal;
        bool delete_state;
        bool running; /* before */
        enum container_kind kind;
        char *root;
        char *aside; /* what the root is called while it is deleted */
        int lock;
};

static void removal_clear(struct removal *m) {
        journal_end(&m->journal);
        fd_closep(&m->lock);
        freep(&m->root);
        freep(&m->aside);
}

static int act_stop(void *context, struct error *e) {
        struct removal *m = context;

        return runtime_stop(m->name, STOP_TIMEOUT_USEC, progress_phrase, m->progress, e);
}

static int undo_stop(void *context, struct error *e) {
        struct removal *m = context;

        return m->running ? runtime_start(m->name, progress_phrase, m->progress, e) : 0;
}

static int act_lock(void *context, struct error *e) {
        struct removal *m = context;

        m->lock = store_lock(LOCK_TIMEOUT_MS, e);
        return m->lock < 0 ? m->lock : 0;
}

static int undo_lock(void *context, struct error *e) {
        struct removal *m = context;

        fd_closep(&m->lock);
        return 0;
}

static int act_unlink(void *context, struct error *e) {
        struct removal *m = context;

        return store_unlink(m->name, e);
}

static int undo_unlink(void *context, struct error *e) {
        struct removal *m = context;

        return m->kind == CONTAINER_NIXOS ? 0 : store_link(m->name, e);
}

/* The files vanish at once and come back as they were; deleting them takes longer, and has no way back. */
static int act_aside(void *context, struct error *e) {
        struct removal *m = context;
        int r;

        if (!m->delete_state || access(m->root, F_OK) < 0)
                return 0;
        r = tree_remove(m->aside);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot delete %s, which an earlier removal left", m->aside);
        if (rename(m->root, m->aside) < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot delete %s", m->root);
        return 0;
}

static int undo_aside(void *context, struct error *e) {
        struct removal *m = context;

        if (m->delete_state && rename(m->aside, m->root) < 0 && errno != ENOENT)
                return error_errno(e, errno, EXIT_FAILED, "cannot rename %s back to %s", m->aside, m->root);
        return 0;
}

static int act_remove(void *context, struct error *e) {
        struct removal *m = context;
        _cleanup_(conf_clear) struct conf conf = CONF_INIT;
        int r = 0;

        if (m->kind == CONTAINER_NIXOS) {
                r = confs_load(m->name, &conf, NULL, e);
                if (r >= 0)
                        r = confs_remove(m->name, e);
                if (r < 0)
                        return r;
        }
        r = store_remove(m->name, e);
        if (r < 0 && m->kind == CONTAINER_NIXOS)
                (void) confs_save(m->name, &conf, NULL);
        return r;
}

static const struct step steps[] = {
        {"stopping", act_stop, undo_stop},
        {"waiting for other commands", act_lock, undo_lock},
        {"removing the unit file", act_unlink, undo_unlink},
        {"setting its files aside", act_aside, undo_aside},
        {"removing the definition", act_remove, NULL},
};

/* The container is gone; what still has its traces is cleaned past errors. */
static void clean(struct removal *m) {
        _cleanup_(allocations_freep) struct allocations *allocations = NULL;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        static const char *const logs[] = {".log", ".log.1"};

        if (allocations_load(&allocations, &e) < 0 ||
            (allocations_release(allocations, m->name) > 0 && allocations_save(allocations, &e) < 0))
                (void) fprintf(stderr, "%s: the addresses of %s stay reserved: %s\n", program_name(), m->name,
                               error_message(&e));
        if (runtime_define(m->name, &e) < 0)
                (void) fprintf(stderr, "%s: systemd still knows of %s: %s\n", program_name(), m->name,
                               error_message(&e));
        fd_closep(&m->lock);
        for (size_t n = 0; n < ELEMENTS_OF(logs); n++) {
                _cleanup_(freep) char *path = format(PATH_LOGS "/%s%s", m->name, logs[n]);

                if (path)
                        (void) file_remove(path);
        }
        /* As the command of NixOS does; what is in these mounts is the host's and stays. */
        if (m->delete_state && m->kind == CONTAINER_NIXOS)
                (void) tree_unmount(m->aside);
        if (m->delete_state && tree_remove(m->aside) < 0)
                (void) fprintf(stderr, "%s: cannot delete all of %s: %m\n", program_name(), m->aside);
        error_clear(&e);
        if (m->delete_state && m->kind == CONTAINER_NIXOS && directories_remove_nix(m->name, &e) < 0)
                (void) fprintf(stderr, "%s: %s\n", program_name(), error_message(&e));
}

/* nixos: it is, or was, a nixos-container. */
static int removal_names(struct removal *m, bool nixos, struct error *e) {
        const char *parent = PATH_MACHINES;
        bool old = false;

        if (nixos) {
                _cleanup_(freep) char *conf = NULL, *aside = format(PATH_STATES_OLD "/.#removed-%s", m->name);

                m->kind = CONTAINER_NIXOS;
                if (confs_find(m->name, &conf, &old) < 0)
                        old = aside && access(aside, F_OK) == 0;
                parent = old ? PATH_STATES_OLD : PATH_STATES;
        }
        m->root = format("%s/%s", parent, m->name);
        m->aside = format("%s/.#removed-%s", parent, m->name);
        return m->root && m->aside ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "cannot remove %s", m->name);
}

int removal_repair(const char *name, const struct unfinished *u, struct error *e) {
        _cleanup_(removal_clear) struct removal m = {
                .name = name, .journal = JOURNAL_INIT, .running = u->running, .lock = -1};
        _cleanup_(freep) char *conf = NULL;
        int r;

        r = removal_names(&m, u->conf, e);
        if (r < 0)
                return r;
        m.delete_state = access(m.aside, F_OK) == 0;
        if (!store_exists(name) || (u->conf && confs_find(name, &conf, NULL) < 0)) {
                /* It may have been killed while its generations went. */
                r = store_remove(name, e);
                if (r >= 0)
                        clean(&m);
                return r;
        }
        r = undo_aside(&m, e);
        if (r >= 0)
                r = undo_unlink(&m, e);
        return r < 0 ? r : undo_stop(&m, e);
}

int removal_run(const char *name, bool running, bool delete_state, struct progress *progress, struct error *e) {
        _cleanup_(removal_clear) struct removal m = {.name = name,
                                                     .progress = progress,
                                                     .journal = JOURNAL_INIT,
                                                     .delete_state = delete_state,
                                                     .running = running,
                                                     .lock = -1};
        struct unfinished unfinished = {.running = running, .removal = true};
        enum container_kind kind = CONTAINER_NSPAWN;
        int r;

        (void) store_kind(name, &kind);
        unfinished.conf = kind == CONTAINER_NIXOS;
        r = removal_names(&m, unfinished.conf, e);
        if (r >= 0)
                r = journal_begin(&m.journal, name, e);
        if (r >= 0)
                r = journal_write(&m.journal, &unfinished, e);
        if (r >= 0)
                r = sequence_run(steps, ELEMENTS_OF(steps), &m, progress, e);
        if (r >= 0)
                clean(&m);
        return r;
}
