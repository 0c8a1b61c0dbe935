#include "model/nat.h"

#include <stdlib.h>
#include <string.h>

void nat_clear(struct nat *n) {
        for (size_t i = 0; i < n->n_forwards; i++)
                free(n->forwards[i].loopback);
        free(n->forwards);
        free(n->internal);
        free(n->ranges);
        free(n->routed);
        *n = NAT_INIT;
}

bool nat_links_have(const struct nat_link *links, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (links[i].prefix ? strncmp(name, links[i].name, strlen(links[i].name)) == 0
                                    : strcmp(name, links[i].name) == 0)
                        return true;
        return false;
}

bool nat_forward_conflicts(const struct nat_forward *a, const struct nat_forward *b) {
        return a->protocol == b->protocol && a->to.family == b->to.family && a->port < b->port + b->count &&
               b->port < a->port + a->count;
}
