/* `run`, outside: a command inside a container, with this process's terminal and signals. */
#pragma once

#include "base/error.h"
#include "runtime/process.h"

#include <stdbool.h>

struct run_target {
        const char *name;
        struct process leader; /* the container's first process */
        const char *group;     /* its cgroup, with the guest's in payload/; NULL: none known */
};

/* As runtime_run(). */
int run_in(const struct run_target *target, char *const argv[], const char *user, bool tty, int *ret_exit,
           struct error *e);
