/* For benchmarks of the daemon: the built programs in throw-away folders, containers that are defined but made of
 * nothing. What fails ends the program. */
#pragma once

#include "base/error.h"
#include "state/allocations.h"

double now(void); /* monotonic, milliseconds */
/* Of n values, which are sorted. share: 0.5 is the median. */
double quantile(double *values, size_t n, double share);
double median(double *values, size_t n);

/* e may be NULL. */
void check(int r, const char *what, struct error *e);

/* Throw-away folders, and the build's programs ($BUILD) where the installed ones would be. */
void daemon_prepare(void);
void daemon_call(const char *method, const char *name);
/* port: of the host, that is forwarded. The caller saves a. */
void container_define(struct allocations *a, const char *name, unsigned port);
