#include "model/nat.h"

#include <stdlib.h>

void nat_clear(struct nat *n) {
        for (size_t i = 0; i < n->n_forwards; i++)
                free(n->forwards[i].loopback);
        free(n->forwards);
        free(n->internal);
        free(n->ranges);
        *n = NAT_INIT;
}

bool nat_forward_conflicts(const struct nat_forward *a, const struct nat_forward *b) {
        return a->protocol == b->protocol && a->to.family == b->to.family && a->port < b->port + b->count &&
               b->port < a->port + a->count;
}
