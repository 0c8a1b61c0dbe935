#include "pace.h"

#include <stddef.h>

bool pace_break(struct pace *p, uint64_t now, uint64_t most_usec) {
        uint64_t delay = PACE_FIRST_USEC;

        if (p->at > 0)
                return false;
        if (p->last == 0 || now > p->last + PACE_QUIET_USEC)
                p->times = 0;
        for (unsigned i = 0; i < p->times && delay < most_usec; i++)
                delay *= 2;
        p->at = now + (delay < most_usec ? delay : most_usec);
        return true;
}

bool pace_due(struct pace *p, uint64_t now) {
        if (p->at == 0 || p->at > now)
                return false;
        p->at = 0;
        p->last = now;
        p->times++;
        return true;
}

const char *pace_words(const struct pace *p) {
        if (p->times > PACE_TELL)
                return NULL;
        return p->times == PACE_TELL ? "; it keeps happening, not telling any more" : "";
}
