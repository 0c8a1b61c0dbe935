/* A job of systemd's, from the request to its end. */
#pragma once

#include "runtime/systemd/bus.h"

#include <stdbool.h>

struct job {
        sd_bus *bus;
        const char *unit;   /* borrowed */
        const char *method; /* "StartUnit"; borrowed */
        char *path;         /* the job's object; NULL before it is known */
        char result[32];    /* systemd's word for how it ended: "done", "failed", "canceled" ...; "": it goes on */
};

#define JOB_INIT ((struct job){.bus = NULL})

void job_clear(struct job *j);

/* Asks for it: method StartUnit, StopUnit, RestartUnit, with mode "replace". -ENOENT: systemd does not know the unit.
 */
int job_begin(struct job *j, const char *method, const char *unit, struct error *e);
/* 1: it ended, j->result says how; 0: timeout_usec (UINT64_MAX: none) are over. A systemd that executes itself anew
 * meanwhile is waited for. */
int job_wait(struct job *j, uint64_t timeout_usec, struct error *e);
