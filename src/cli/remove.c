/* remove: what can be taken back first, the definition last, so that a remove that fails can be run again. */
#include "cli/command.h"
#include "cli/directories.h"
#include "cli/dry-run.h"
#include "cli/inventory.h"
#include "cli/journal.h"
#include "cli/sequence.h"

#include "base/file.h"
#include "base/paths.h"
#include "runtime/runtime.h"
#include "state/allocations.h"
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
        char *root;   /* PATH_MACHINES/NAME */
        char *aside;  /* what it is called while it is deleted */
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
        int r;

        r = runtime_recover(m->name, e);
        return r < 0 ? r : runtime_stop(m->name, STOP_TIMEOUT_USEC, progress_phrase, m->progress, e);
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

        return store_link(m->name, e);
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

        return store_remove(m->name, e);
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
                (void) fprintf(stderr, "nixos-nspawn: the addresses of %s stay reserved: %s\n", m->name,
                               error_message(&e));
        if (runtime_define(m->name, &e) < 0)
                (void) fprintf(stderr, "nixos-nspawn: systemd still knows of %s: %s\n", m->name, error_message(&e));
        fd_closep(&m->lock);
        for (size_t n = 0; n < ELEMENTS_OF(logs); n++) {
                _cleanup_(freep) char *path = format(PATH_LOGS "/%s%s", m->name, logs[n]);

                if (path)
                        (void) file_remove(path);
        }
        if (m->delete_state && tree_remove(m->aside) < 0)
                (void) fprintf(stderr, "nixos-nspawn: cannot delete all of %s: %m\n", m->aside);
}

static int remove_dry_run(struct invocation *i, const struct removal *m, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        json_t *object = dry_run_new(m->name);
        struct network network;

        if (m->running)
                dry_run_step(object, "stop the container");
        dry_run_step(object, "remove " PATH_UNITS "/%s.nspawn", m->name);
        dry_run_step(object, "remove " PATH_PROFILES "/%s", m->name);
        dry_run_host_files(object, m->name, NULL);
        dry_run_step(object, "let its addresses go");
        dry_run_step(object, "%s %s", m->delete_state ? "delete" : "keep", m->root);
        if (m->running && store_load_network(m->name, &c, &network, NULL) >= 0)
                (void) dry_run_network(object, DRY_RUN_STOP, NULL, &network, e);
        return dry_run_print(i, object, e);
}

static int removal_names(struct removal *m, struct error *e) {
        m->root = format(PATH_MACHINES "/%s", m->name);
        m->aside = format(PATH_MACHINES "/.#removed-%s", m->name);
        return m->root && m->aside ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "cannot remove %s", m->name);
}

int removal_repair(const char *name, const struct unfinished *u, struct error *e) {
        _cleanup_(removal_clear) struct removal m = {
                .name = name, .journal = JOURNAL_INIT, .running = u->running, .lock = -1};
        int r;

        r = removal_names(&m, e);
        if (r < 0)
                return r;
        m.delete_state = access(m.aside, F_OK) == 0;
        if (!store_exists(name)) {
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

static int remove_container(struct invocation *i, struct removal *m, struct error *e) {
        const struct unfinished unfinished = {.running = m->running, .removal = true};
        _cleanup_(progress_endp) struct progress *progress = NULL;
        json_t *value;
        int r;

        output_line(&i->output, "Removing container %s...", m->name);
        m->progress = progress = progress_begin(&i->output, m->name);
        r = journal_begin(&m->journal, m->name, e);
        if (r >= 0)
                r = journal_write(&m->journal, &unfinished, e);
        if (r >= 0)
                r = sequence_run(steps, ELEMENTS_OF(steps), m, progress, e);
        if (r >= 0)
                clean(m);
        progress_endp(&progress);
        if (r < 0)
                return r;
        output_line(&i->output, "Container %s removed successfully", m->name);
        value = json_pack("{s:s, s:b}", "name", m->name, "removed", 1);
        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}

/* Removing what is not there is no mistake. */
static int nothing_done(struct invocation *i, const char *name, struct error *e) {
        json_t *value = json_pack("{s:s, s:b}", "name", name, "removed", 0);
        int r;

        output_line(&i->output, "Container %s does not exist; Nothing done.", name);
        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}

int command_remove(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        _cleanup_(removal_clear) struct removal m = {
                .name = invocation_argument(i, 0), .journal = JOURNAL_INIT, .lock = -1};
        struct runtime_status status = {0};
        int r;

        r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        if (!inventory_find(&inventory, m.name))
                return nothing_done(i, m.name, e);
        if (!inventory_own(&inventory, m.name, "remove", e))
                return -EPERM;
        r = invocation_has(i, OPTION_DRY_RUN) ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = runtime_status(m.name, &status, e);
        if (r < 0)
                return r;
        m.running = status.state != RUNTIME_OFF;
        m.delete_state = invocation_has(i, OPTION_DELETE_STATE);
        r = removal_names(&m, e);
        if (r < 0)
                return r;
        return invocation_has(i, OPTION_DRY_RUN) ? remove_dry_run(i, &m, e) : remove_container(i, &m, e);
}
