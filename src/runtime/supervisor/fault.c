/* Test builds only: a step fails because a test says so. */
#include "supervisor.h"

#include "base/parse.h"

#include <errno.h>

int supervisor_fault(const char *what, struct error *e) {
        static unsigned step;
        const char *wanted = getenv("NIXOS_NSPAWN_SUPERVISOR_FAIL_AT");
        uint64_t k;

        step++;
        if (!wanted || parse_unsigned(wanted, 1, 1000, &k) < 0 || k != step)
                return 0;
        return error_set(e, EIO, EXIT_FAILED, "a test made the supervisor's step %u fail: %s", step, what);
}
