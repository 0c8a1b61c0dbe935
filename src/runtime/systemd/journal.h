/* The journal of a container's unit. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* As runtime_logs(). */
int journal_print(const char *name, int fd, int lines, bool follow, struct error *e);
/* The last lines of one run as one text, "" when there are none; malloc'd; NULL: out of memory. */
char *journal_tail(const char *unit, const char *invocation);
