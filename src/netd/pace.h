/* How often something is repaired: at once, and less and less often when it breaks again and again, but never less
 * often than `most`. A quiet while, and all is forgotten. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pace {
        uint64_t at;    /* when to repair: CLOCK_MONOTONIC in microseconds; 0: nothing is broken */
        uint64_t last;  /* when it was repaired; 0: never */
        unsigned times; /* in a row */
};

#define PACE_FIRST_USEC 1000    /* what one command does comes as several events */
#define PACE_QUIET_USEC 5000000 /* after so long, it was not a fight */
#define PACE_TELL       4U      /* repairs in a row that are worth a line in the log */

/* Plans a repair, unless one is planned. Returns whether it was planned now. */
bool pace_break(struct pace *p, uint64_t now, uint64_t most_usec);
/* Whether it is time. If so, it counts as done. */
bool pace_due(struct pace *p, uint64_t now);
/* For the log: what to append to the line about repair number `times` (from 1), NULL when nothing is to be said any
 * more. */
const char *pace_words(const struct pace *p);
