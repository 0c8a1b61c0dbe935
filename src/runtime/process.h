/* Processes that other programs started: named by number and start time, so that a number used again is not taken
 * for the one that was meant. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
        pid_t pid;      /* 0: none */
        uint64_t start; /* clock ticks after boot, field 22 of /proc/PID/stat */
};

#define PROCESS_NONE ((struct process){0})

/* Who has that number now. -ESRCH: nobody. */
int process_identify(pid_t pid, struct process *ret);

/* A pidfd for exactly that process. -ESRCH: it is gone, or ended and only waits to be collected. */
int process_open(const struct process *p);

bool process_alive(const struct process *p);

/* The wait(2) status of a process that ended, whoever's child it was; pidfd was opened while it lived. -ENODATA: the
 * kernel cannot tell (before 6.15, once it was collected). */
int process_wait_status(const struct process *p, int pidfd, int *ret);
