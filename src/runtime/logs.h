/* The log of a container under nspawn-supervisor. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* As runtime_logs(). */
int supervised_logs(const char *name, int fd, int lines, bool follow, struct error *e);
