/* What is installed never fails on request. */
#include "front/sequence.h"

int fault_check(const char *what, struct error *e) {
        return 0;
}
