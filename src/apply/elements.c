/* Consecutive elements are one transaction: the kernel takes all or none. Elements that are there already (or, when
 * removing, are not) are found out by the refusal, which costs a second transaction only then. */
#include "apply/step.h"

#include "firewall/firewall.h"

#include <errno.h>

enum {
        TRIES = 4,
};

/* The code of the first message of the step that was refused. */
static const struct netlink_result *step_result(const struct step *s, const struct netlink_batch *b) {
        static const struct netlink_result fine;
        for (uint32_t i = 0; i < s->n_messages; i++)
                if (b->results[s->message + i].code < 0)
                        return &b->results[s->message + i];
        return &fine;
}

static void transaction_build(struct step *steps, size_t n, struct netlink_batch *b) {
        netlink_batch_reset(b);
        firewall_begin(b);
        for (size_t i = 0; i < n; i++) {
                struct step *s = &steps[i];
                s->n_messages = 0;
                if (s->state != STEP_WAITING || s->fault)
                        continue;
                bool add = s->operation.kind == OPERATION_ELEMENT_ADD;
                s->message = firewall_element(b, &s->operation.element,
                                              !add       ? FIREWALL_REMOVE
                                              : s->again ? FIREWALL_ADD
                                                         : FIREWALL_ADD_NEW);
                s->n_messages = b->n - s->message;
        }
        firewall_end(b);
}

/* After a refusal: marks what is fine as it is. Returns whether that explains everything. */
static bool transaction_explain(struct step *steps, size_t n, const struct netlink_batch *b, bool forgiving) {
        bool explained = true;
        for (size_t i = 0; i < n; i++) {
                struct step *s = &steps[i];
                const struct netlink_result *r = step_result(s, b);
                if (r->code == 0)
                        continue;
                if (r->code == -EEXIST && s->operation.kind == OPERATION_ELEMENT_ADD && !s->again)
                        s->again = true;
                else if (code_is_absent(s->operation.kind, r->code))
                        s->state = STEP_FOUND;
                else {
                        step_fail(s, r->code, r);
                        explained = forgiving && explained;
                }
        }
        return explained;
}

static bool transaction_empty(const struct step *steps, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (steps[i].state == STEP_WAITING && !steps[i].fault)
                        return false;
        return true;
}

static void transaction_done(struct step *steps, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (steps[i].state == STEP_WAITING)
                        steps[i].state = steps[i].again ? STEP_FOUND : STEP_DONE;
}

/* A pretended failure of one element is what a real one is: of all of them. */
static bool transaction_fault(struct step *steps, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (!steps[i].fault)
                        continue;
                step_fail(&steps[i], -EIO, NULL);
                return true;
        }
        return false;
}

ssize_t elements_run(struct application *a, size_t first) {
        struct netlink_batch *b = &a->engine->batch;
        struct step *steps = a->steps + first;
        size_t n = 0;
        while (first + n < a->n && operation_is_element(&steps[n].operation))
                n++;
        if (transaction_fault(steps, n))
                return (ssize_t) (first + n);
        for (unsigned int try = 0; try < TRIES && !transaction_empty(steps, n); try++) {
                transaction_build(steps, n, b);
                uint32_t failed;
                int r = netlink_send(a->engine->firewall, b, NULL, NULL, &failed);
                if (r == 0) {
                        transaction_done(steps, n);
                        break;
                }
                if (failed == UINT32_MAX)
                        return r;
                bool explained = transaction_explain(steps, n, b, a->forgiving);
                /* Message 0 opens the transaction: refused as a whole, for want of privileges or memory. */
                if (b->results[0].code < 0) {
                        step_fail(steps, b->results[0].code, &b->results[0]);
                        break;
                }
                if (!explained)
                        break;
        }
        return (ssize_t) (first + n);
}
