/* Somebody else's program, run beside this one. */
#pragma once

#include <sys/types.h>

/* Where its words go, and what else it gets. */
struct program_files {
        int output;   /* standard output */
        int messages; /* standard error; -1: this program's own */
        int lock;     /* its descriptor 3, held as long as it lives; -1: none */
};

/* Starts argv[0], found as a shell finds it, as from a shell: no signal is blocked or ignored, its input is empty, it
 * has no other descriptors. environment: NULL for this program's own. -ENOENT: there is no such program. */
int program_start(char *const argv[], char *const environment[], const struct program_files *files, pid_t *ret);

/* Until it has ended; *ret_status is that of waitpid(2). */
int program_wait(pid_t pid, int *ret_status);
