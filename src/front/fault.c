/* Test builds only: a step fails because a test says so. */
#include "front/sequence.h"

#include "base/parse.h"

#include <errno.h>

int fault_check(const char *what, struct error *e) {
        static uint64_t step;
        const char *wanted = getenv("NIXOS_NSPAWN_FAIL_AT");
        uint64_t k;

        step++;
        if (!wanted || parse_unsigned(wanted, 1, 1000, &k) < 0 || k != step)
                return 0;
        return error_set(e, EIO, EXIT_FAILED, "a test made step %llu fail: %s", (unsigned long long) step, what);
}
