/* start, stop and restart: one thing done to each container named. */
#pragma once

#include "front/command.h"
#include "front/dry-run.h"
#include "front/progress.h"

struct power {
        const char *verb;      /* "start" */
        const char *done;      /* "started"; NULL: nothing is said of success */
        const char *needless;  /* "runs already"; NULL: never needless */
        bool needless_running; /* the state in which it is */
        enum dry_run_plan plan;
        int (*act)(struct invocation *i, const char *name, struct progress *p, struct error *e);
};

/* Does it to every container that i names, going on past failures; e is the first. */
int power_run(struct invocation *i, const struct power *power, struct error *e);

/* --timeout in microseconds, 90 s without it. */
int power_timeout(const struct invocation *i, uint64_t *ret_usec, struct error *e);
