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
        a->network = *n;
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
        free(a->forwards);
        free(a->namespace_path);
        free(a->guest_link);
        free(a->problem);
        free(a);
        return NULL;
}
