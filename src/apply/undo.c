/* Taking back: the inverse of every step that was done, last first. What a link takes with it when it goes is left to
 * the link. */
#include "apply/step.h"

#include <stdlib.h>

static bool step_undo(const struct step *s, struct step *ret) {
        const struct operation *o = &s->operation;
        struct operation inverse;
        if (o->kind == OPERATION_LINK_CONFIGURE) {
                step_prepare(ret, o);
                ret->operation.configure.mtu = o->configure.mtu ? s->mtu_before : 0;
                ret->address_generation = s->address_generation_before;
                return true;
        }
        if (o->kind == OPERATION_PORT_CONFIGURE) {
                step_prepare(ret, o);
                ret->operation.port.isolated = s->isolated_before;
                return true;
        }
        if (o->kind == OPERATION_NEIGHBOUR_ADD && s->neighbour_before.state != 0) {
                step_prepare(ret, o);
                ret->operation.neighbour.mac = s->neighbour_before.mac;
                ret->neighbour_state = s->neighbour_before.state;
                ret->again = true;
                return true;
        }
        if (!operation_invert(o, &inverse))
                return false;
        step_prepare(ret, &inverse);
        return true;
}

void application_undo(struct application *a) {
        bool created = false;
        for (size_t i = 0; i < a->n; i++)
                created |= a->steps[i].state == STEP_DONE && operation_creates(&a->steps[i].operation);

        _cleanup_(freep) struct step *steps = calloc(a->n + 1, sizeof(*steps));
        if (!steps)
                return;
        struct application undo = {.engine = a->engine,
                                   .steps = steps,
                                   .netns_fd = a->netns_fd,
                                   .ifindex = created ? 0 : a->ifindex,
                                   .guest = a->guest,
                                   .forgiving = true};
        for (size_t i = a->n; i-- > 0;) {
                const struct step *s = &a->steps[i];
                bool goes_with_link =
                        created && !operation_is_element(&s->operation) && !operation_creates(&s->operation);
                if (s->state == STEP_DONE && !goes_with_link && step_undo(s, &steps[undo.n]))
                        undo.n++;
        }
        for (size_t next = 0; next < undo.n;) {
                ssize_t r = operation_is_element(&steps[next].operation) ? elements_run(&undo, next)
                                                                         : links_run(&undo, next);
                next = r < 0 ? next + 1 : (size_t) r;
        }
        a->guest = undo.guest;
}
