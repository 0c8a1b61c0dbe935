/* nspawn-supervisor: one process a container, from before its systemd-nspawn until after it. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "model/network.h"
#include "runtime/record.h"
#include "runtime/system.h"

#include <systemd/sd-event.h>

/* For a clean stop that nobody gave a time limit. */
#define STOP_TIMEOUT_USEC UINT64_C(90000000)

/* What someone on the control socket, or the starter, waits for. */
enum wish {
        WISH_NONE,
        WISH_READY, /* running, or why not */
        WISH_GONE,  /* everything ended and cleaned up */
};

struct client {
        struct client *next;
        struct supervisor *supervisor;
        int fd;
        sd_event_source *source;
        struct buffer input;
        enum wish wish;
};

struct supervisor {
        char *name;
        sd_event *loop;
        int lock;
        int notify;                /* NOTIFY_SOCKET */
        int control;               /* control socket */
        int log;                   /* PATH_LOGS/NAME.log, O_APPEND */
        off_t log_room, log_ahead; /* where what is reserved of it ends; how much that was */
        bool log_full;             /* nothing could be reserved */

        /* One run of systemd-nspawn: from the definition as it is at that moment. */
        struct container container;
        struct network network;
        struct guest_system system; /* of a nixos-container */
        struct record record;
        int nspawn; /* pidfd */
        int leader; /* pidfd */
        bool nspawn_is_child;
        bool attached;
        bool was_ready;         /* when the stop began */
        uint64_t stop_deadline; /* CLOCK_MONOTONIC */

        bool stopping;        /* do not start again whatever the exit status */
        bool restarting;      /* do, whatever it is */
        struct error failure; /* why the container is not, or no longer, wanted running */
        int exit_code;

        sd_event_source *nspawn_source, *notify_source, *control_source, *log_source, *log_timer, *start_timer,
                *stop_timer, *daemon_source, *daemon_timer;
        uint64_t daemon_delay; /* before nspawn-netd is looked for again, microseconds */
        struct client *clients;
};

#define SUPERVISOR_INIT                                                                                                \
        ((struct supervisor){.lock = -1, .notify = -1, .control = -1, .log = -1, .nspawn = -1, .leader = -1})

/* run.c: one run, from its control group to the end of systemd-nspawn. */

/* Everything up to the running systemd-nspawn; on failure all of it is undone. */
int run_start(struct supervisor *s, struct error *e);
/* Takes over one that runs, or is being stopped, already. */
int run_adopt(struct supervisor *s, struct error *e);
/* After systemd-nspawn has ended, or for what is there of it: kills and removes all of it. detach: the network too.
 * Goes on past errors. */
int run_end(struct supervisor *s, bool detach, struct error *e);
/* Clean stop, kill after timeout_usec. */
void run_stop(struct supervisor *s, uint64_t timeout_usec);
void run_kill(struct supervisor *s);

/* nspawn.c: the process itself. */
int nspawn_spawn(struct supervisor *s, struct error *e);
/* Watches s->nspawn. */
int nspawn_watch(struct supervisor *s);
int notify_open(struct supervisor *s, struct error *e);
void leader_set(struct supervisor *s, pid_t pid);

/* hand.c: containers that a person wrote. */

/* It is run by another file than his, */
bool hand_has_settings(const struct container *c);
/* which is written, */
int hand_write_settings(const struct container *c, struct error *e);
/* and put in its place, in a new mount namespace for this process. */
int hand_bind_settings(const struct container *c);
int hand_arguments(const struct container *c, char ***ret);

/* life.c: what follows from what happened. */
void life_start(struct supervisor *s, bool adopt);
void life_ready(struct supervisor *s);
void life_nspawn_ended(struct supervisor *s, int wait_status);
/* Remembers why (moved), unless there is a reason already. */
void life_failed(struct supervisor *s, struct error *e);

/* devices.c: between the control group and the first process in it. A kernel that cannot is told of in the log. */
int devices_restrict(struct supervisor *s, struct error *e);

/* daemon.c: nspawn-netd, which outlives all supervisors, and so is not started in their group, which ends with them. */
int daemon_ensure(struct error *e);
/* From Attach to Detach. */
int daemon_watch(struct supervisor *s, struct error *e);
void daemon_unwatch(struct supervisor *s);

/* control.c: the socket, and the starter's end of a socketpair as its first client. */
int control_open(struct supervisor *s, struct error *e);
/* fd: consumed, also on failure. */
int control_add_client(struct supervisor *s, int fd, enum wish wish);
void control_phase(struct supervisor *s, const char *phase);
/* Answers all who wish that; failure NULL: it went well. */
void control_answer(struct supervisor *s, enum wish wish, const struct error *failure);
void control_close(struct supervisor *s);

/* log.c: the container's log. */
int log_file_open(struct supervisor *s, struct error *e);
/* Room for what the container says until it is looked at. */
int log_reserve(struct supervisor *s, struct error *e);
int log_watch(struct supervisor *s);
void log_close(struct supervisor *s);
/* The last lines of this run as one text, "" when there are none; malloc'd. */
char *log_tail(struct supervisor *s);

/* fault.c, fault_none.c: test builds fail the k-th step when NIXOS_NSPAWN_SUPERVISOR_FAIL_AT=k. */
int supervisor_fault(const char *what, struct error *e);
