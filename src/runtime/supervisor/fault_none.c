/* What is installed never fails on request. */
#include "supervisor.h"

int supervisor_fault(const char *what, struct error *e) {
        return 0;
}
