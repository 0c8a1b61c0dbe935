#include "attachment.h"

#include <stdlib.h>
#include <string.h>

const char *attachment_state_name(enum attachment_state s) {
        static const char *const names[] = {
                [ATTACHMENT_EXPECTED] = "expected",
                [ATTACHMENT_LINKED] = "linked",
                [ATTACHMENT_BROKEN] = "broken",
        };

        return names[s];
}

struct attachment *attachment_new(const struct network *n) {
        struct attachment *a = calloc(1, sizeof(*a));

        if (!a)
                return NULL;
        if (network_copy(n, &a->network) < 0)
                return attachment_free(a);
        if (n->n_extra > 0) {
                a->extra_index = calloc(n->n_extra, sizeof(*a->extra_index));
                if (!a->extra_index)
                        return attachment_free(a);
        }
        if (n->n_forwards > 0) {
                a->forwards = calloc(n->n_forwards, sizeof(*a->forwards));
                if (!a->forwards)
                        return attachment_free(a);
                memcpy(a->forwards, n->forwards, n->n_forwards * sizeof(*a->forwards));
        }
        a->network.forwards = a->forwards;
        return a;
}

struct attachment *attachment_free(struct attachment *a) {
        if (!a)
                return NULL;
        network_clear(&a->network);
        free(a->forwards);
        free(a->extra_index);
        free(a->namespace_path);
        free(a->guest_link);
        attachment_free(a->half);
        free(a->problem);
        free(a);
        return NULL;
}

static int extra_index(const struct attachment *a, const char *link) {
        for (size_t i = 0; i < a->network.n_extra; i++)
                if (strcmp(a->network.extra[i].link, link) == 0)
                        return a->extra_index[i];
        return 0;
}

void attachment_swap_network(struct attachment *a, struct attachment *b) {
        struct attachment old = *a;

        for (size_t i = 0; i < b->network.n_extra; i++)
                b->extra_index[i] = extra_index(a, b->network.extra[i].link);
        a->network = b->network;
        a->forwards = b->forwards;
        a->extra_index = b->extra_index;
        b->network = old.network;
        b->forwards = old.forwards;
        b->extra_index = old.extra_index;
}
