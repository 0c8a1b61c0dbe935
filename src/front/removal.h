/* The end of a container: its definition, its addresses, its logs, and its files when that is wanted. */
#pragma once

#include "base/error.h"

#include "front/progress.h"

#include <stdbool.h>

/* Removes the container, which is stopped first, or leaves it as it was. running: whether it ran, so that it runs
 * again after a failure. Its traces are removed past errors, which are reported on standard error. */
int removal_run(const char *name, bool running, bool delete_state, struct progress *progress, struct error *e);
