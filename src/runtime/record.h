/* What a supervisor writes down about its container: containers/NAME/state.json. It is never believed alone: the lock
 * says whether there is a supervisor, and the kernel whether the processes are those meant. */
#pragma once

#include "base/error.h"
#include "runtime/process.h"
#include "runtime/runtime.h"

struct record {
        enum runtime_state state; /* STARTING, RUNNING, STOPPING */
        struct process supervisor;
        struct process nspawn;
        struct process leader;
        char *group;         /* owned; NULL: none yet */
        uint64_t since_usec; /* CLOCK_REALTIME of the start, then of readiness */
        uint64_t log_offset; /* where this run begins in the log */
        int stop_signal;     /* to the leader, for a clean stop; 0: there is none, it is killed */
};

#define RECORD_INIT ((struct record){0})
void record_clear(struct record *r);

/* PATH_CONTAINERS/NAME, or a file there (file may be NULL); malloc'd. */
char *supervisor_path(const char *name, const char *file);

int record_write(const char *name, const struct record *record);
/* -ENOENT: there is none, it is of an earlier boot, or it is damaged. */
int record_read(const char *name, struct record *ret);

/* Takes the container's lock, waiting at most timeout_ms; the folder is made. The descriptor, or -EAGAIN: a supervisor
 * has it. */
int supervisor_lock(const char *name, int timeout_ms);
/* Whether a supervisor has it now; makes nothing. */
bool supervisor_locked(const char *name);
