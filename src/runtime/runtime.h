/* Running containers: the command line's view of systemd-nspawn, under this project's own supervisor or, where PID 1 is
 * systemd, as systemd-nspawn@NAME.service. */
#pragma once

#include "base/error.h"
#include "model/container.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum runtime_state {
        RUNTIME_OFF, /* "powered off" */
        RUNTIME_STARTING,
        RUNTIME_RUNNING,
        RUNTIME_STOPPING,
};
const char *runtime_state_name(enum runtime_state s);

struct runtime_status {
        enum runtime_state state;
        pid_t leader;        /* the container's PID 1 as the host sees it, or 0 */
        pid_t supervisor;    /* or 0 */
        uint64_t since_usec; /* CLOCK_REALTIME when it became ready (or was started) */
};

/* Whether containers are units of systemd here. */
bool runtime_has_units(void);

/* Whether systemd-networkd runs here, and reads the .network file of a container's link. */
bool runtime_has_networkd(void);

/* What is so, from the kernel (locks, processes) or from systemd, never from a stale file. */
int runtime_status(const char *name, struct runtime_status *ret, struct error *e);

/* The same of all containers, asked for at once, for who lists many. */
struct runtime_survey;
int runtime_survey_new(struct runtime_survey **ret, struct error *e);
void runtime_survey_freep(struct runtime_survey **s);
int runtime_survey_status(const struct runtime_survey *s, const char *name, struct runtime_status *ret,
                          struct error *e);

/* progress: called with a short present-tense phrase ("starting", "waiting for the network"); may be NULL. */
typedef void (*runtime_progress_t)(const char *what, void *userdata);

/* Has the network attached (netd) and systemd-nspawn run; returns when the container is ready (NotifyReady), or with
 * what went wrong after everything was undone. Running already: 0. */
int runtime_start(const char *name, runtime_progress_t progress, void *userdata, struct error *e);
/* Clean stop (SIGRTMIN+3 to PID 1), kill after timeout_usec. Not running: 0. */
int runtime_stop(const char *name, uint64_t timeout_usec, runtime_progress_t progress, void *userdata, struct error *e);
int runtime_restart(const char *name, runtime_progress_t progress, void *userdata, struct error *e);

/* Repairs after a supervisor that died: adopts or ends what it left. Called before every command that looks. */
int runtime_recover(const char *name, struct error *e);

/* The two together: what is so after that. */
int runtime_recover_status(const char *name, struct runtime_status *ret, struct error *e);

/* Runs argv inside (all namespaces and the container's cgroup; root; environment cleaned; user may be NULL), with
 * this process's stdin/out/err or, tty = true, on a terminal of the container's own. *ret_exit gets its exit code,
 * 128+N when a signal ended it. */
int runtime_run(const char *name, char *const argv[], const char *user, bool tty, int *ret_exit, struct error *e);

/* Prints the log to fd; lines: the last N (-1 all); follow: go on until interrupted. */
int runtime_logs(const char *name, int fd, int lines, bool follow, struct error *e);

/* Has the network of a container that runs follow its definition while it runs, on both sides of its link, and tells
 * the guest's systemd-networkd. Does not run: 0. Its own way back: the definition before, and this again. */
int runtime_change_network(const char *name, struct error *e);
/* Has a zone follow its definition, with the members that run; in the same way. A guest whose files cannot be written
 * is told of on standard error. */
int runtime_change_zone(const char *zone, struct error *e);

/* The generation of its definition that it runs with. -ENOENT: it does not run, or has none. */
int runtime_generation(const char *name, unsigned *ret);

/* Makes what the host's service manager and network manager know of the container follow its definition: after it was
 * written, changed, taken back or removed. Its own way back: the definition before, and this again. Needs store_lock().
 */
int runtime_define(const char *name, struct error *e);
