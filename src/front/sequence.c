/* All or nothing. */
#include "front/sequence.h"

#include <errno.h>
#include <signal.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
        interrupted = number;
}

bool sequence_interrupted(void) {
        return interrupted != 0;
}

/* Catches SIGINT and SIGTERM while steps run; old: what to restore. */
static void signals_catch(struct sigaction old[2]) {
        const struct sigaction action = {.sa_handler = on_signal};

        interrupted = 0;
        (void) sigaction(SIGINT, &action, &old[0]);
        (void) sigaction(SIGTERM, &action, &old[1]);
}

static void signals_restore(const struct sigaction old[2]) {
        (void) sigaction(SIGINT, &old[0], NULL);
        (void) sigaction(SIGTERM, &old[1], NULL);
}

static void undo_all(const struct step *steps, size_t n, void *context, struct progress *p) {
        progress_phrase("undoing what was done", p);
        while (n-- > 0) {
                _cleanup_(error_clear) struct error e = ERROR_INIT;

                if (steps[n].undo && steps[n].undo(context, &e) < 0)
                        (void) fprintf(stderr, "%s: while undoing '%s': %s\n", program_name(), steps[n].what,
                                       error_message(&e));
        }
}

int sequence_run(const struct step *steps, size_t n, void *context, struct progress *p, struct error *e) {
        struct sigaction old[2];
        int r = 0;

        signals_catch(old);
        for (size_t i = 0; i < n; i++) {
                if (steps[i].wanted && !steps[i].wanted(context))
                        continue;
                progress_phrase(steps[i].what, p);
                r = fault_check(steps[i].what, e);
                if (r >= 0)
                        r = steps[i].act(context, e);
                if (interrupted != 0)
                        r = error_set(e, EINTR, 128 + interrupted, "interrupted while %s", steps[i].what);
                if (r < 0) {
                        undo_all(steps, i + 1, context, p);
                        break;
                }
        }
        /* Whoever dies after the last step has everything to take back. */
        if (r >= 0 && steps[n - 1].undo) {
                r = fault_check("finishing", e);
                if (r < 0)
                        undo_all(steps, n, context, p);
        }
        signals_restore(old);
        return r;
}
