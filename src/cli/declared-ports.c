/* Ports and addresses that change hands among declared containers: who has one that another one is to have is stopped,
 * and gives its ports up, before either changes. What it was before is, to all that follows, a container without them;
 * it gets them back when everything is taken back. When apply is killed meanwhile, the next command has it run again,
 * without them.
 */
#include "cli/declared.h"

#include "front/output.h"

#include "base/file.h"
#include "base/parse.h"
#include "runtime/runtime.h"
#include "state/confs.h"
#include "state/store.h"

#include <errno.h>
#include <stdio.h>

enum {
        LOCK_TIMEOUT_MS = 60000,
        STOP_TIMEOUT_USEC = 90000000,
};

static bool is_in_the_way(const struct declared *d, const struct declared *other) {
        const struct container *a = &d->before.container, *b = &other->after.container;

        if (d == other || other->action != DECLARED_CHANGE)
                return false;
        if (container_address_clash(b, a))
                return true;
        for (size_t i = 0; i < a->n_forwards; i++)
                for (size_t k = 0; k < b->n_forwards; k++)
                        if (forward_conflicts(&a->forwards[i], &b->forwards[k]))
                                return true;
        return false;
}

static int save(const struct declared *d, struct error *e) {
        _cleanup_(fd_closep) int lock = store_lock(LOCK_TIMEOUT_MS, e);

        return lock < 0 ? lock : confs_save(d->name, &d->before.conf, e);
}

/* It is stopped from here to the end of its change. */
static int note(struct declared *d, struct error *e) {
        const struct unfinished u = {.started = d->running, .running = d->running};
        int r = journal_begin(&d->journal, d->name, e);

        return r < 0 ? r : journal_write(&d->journal, &u, e);
}

static int park(struct declared *d, struct progress *p, struct error *e) {
        _cleanup_(freep) char *text = conf_text(&d->before.conf);
        struct conf without = CONF_INIT;
        int r = text ? conf_parse(text, d->name, &without, e) : error_errno(e, ENOMEM, EXIT_FAILED, "changing ports");

        if (r >= 0 && (r = conf_set(&without, "HOST_PORT", "")) < 0)
                (void) error_errno(e, r, EXIT_FAILED, "changing ports");
        if (r >= 0)
                r = note(d, e);
        if (r < 0) {
                conf_clear(&without);
                return r;
        }
        d->with_ports = d->before.conf;
        d->before.conf = without;
        d->n_ports = d->before.container.n_forwards;
        d->before.container.n_forwards = 0;
        d->parked = true;
        if (d->running)
                r = runtime_stop(d->name, STOP_TIMEOUT_USEC, progress_phrase, p, e);
        return r < 0 ? r : save(d, e);
}

int declared_park(struct declared_list *l, struct progress *p, struct error *e) {
        int r = 0;

        for (size_t i = 0; i < l->n && r >= 0; i++) {
                struct declared *d = &l->list[i];
                bool wanted = false;

                /* One that runs on as it was keeps them. */
                if (d->action != DECLARED_CHANGE || (d->running && !d->restart))
                        continue;
                for (size_t k = 0; k < l->n && !wanted; k++)
                        wanted = is_in_the_way(d, &l->list[k]);
                if (wanted)
                        r = park(d, p, e);
        }
        return r;
}

void declared_unpark(struct declared_list *l, struct progress *p) {
        for (size_t i = 0; i < l->n; i++) {
                struct declared *d = &l->list[i];
                struct conf without = d->before.conf;
                _cleanup_(error_clear) struct error e = ERROR_INIT;

                if (!d->parked)
                        continue;
                d->before.conf = d->with_ports;
                d->with_ports = without;
                d->before.container.n_forwards = d->n_ports;
                d->parked = false;
                if (save(d, &e) < 0 || (d->running && runtime_start(d->name, progress_phrase, p, &e) < 0))
                        (void) fprintf(stderr, "%s: while making %s what it was before: %s\n", program_name(), d->name,
                                       error_message(&e));
                journal_end(&d->journal);
        }
}
