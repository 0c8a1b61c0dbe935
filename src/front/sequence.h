/* Steps that happen all or not at all: when one fails, it and those before it are undone, last first. */
#pragma once

#include "base/error.h"

#include "front/progress.h"

#include <stdbool.h>
#include <stddef.h>

struct step {
        const char *what; /* a present-tense phrase, for progress and for messages */
        int (*act)(void *context, struct error *e);
        /* Takes back what act did, also when act failed half-way: the context knows what was made. NULL: nothing to
         * take back. */
        int (*undo)(void *context, struct error *e);
        /* Whether there is anything to do; NULL: always. */
        bool (*wanted)(const void *context);
};

/* Carries out the steps. On failure everything is undone and e says why; an undo that fails is reported on standard
 * error, and the others go on. SIGINT and SIGTERM end it between two steps, as a failure. */
int sequence_run(const struct step *steps, size_t n, void *context, struct progress *p, struct error *e);

/* Whether a signal asked the sequence that runs to end. */
bool sequence_interrupted(void);

/* Test builds fail the k-th step of a program (1: the first) when NIXOS_NSPAWN_FAIL_AT=k, others never. */
int fault_check(const char *what, struct error *e);
