/* Carrying out a plan: runs of operations that can go out together, one after the other, and back again when one
 * fails. */
#include "apply/step.h"

#include "base/buffer.h"
#include "firewall/firewall.h"
#include "firewall/nat.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

enum {
        STEPS_KEPT = 128,
        BATCH_KEPT = 64 * 1024, /* bytes */
};

int engine_new(struct engine **ret, struct error *e) {
        _cleanup_(engine_freep) struct engine *engine = calloc(1, sizeof(*engine));
        if (engine)
                engine->home = netlink_home();
        int r = engine ? engine->home : -ENOMEM;
        if (r >= 0)
                r = netlink_open(NETLINK_ROUTE, -1, &engine->route);
        if (r == 0)
                r = netlink_open(NETLINK_NETFILTER, -1, &engine->firewall);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot open netlink sockets");
        *ret = steal_ptr(engine);
        return 0;
}

void engine_free(struct engine *engine) {
        if (!engine)
                return;
        fd_close(engine->home);
        netlink_close(engine->route);
        netlink_close(engine->firewall);
        netlink_batch_clear(&engine->batch);
        free(engine->steps);
        free(engine);
}

uint32_t engine_firewall_port(const struct engine *engine) {
        return netlink_port(engine->firewall);
}

int engine_base_ensure(struct engine *engine, struct error *e) {
        return firewall_base_ensure(engine->firewall, e);
}

int engine_base_remove(struct engine *engine, struct error *e) {
        return firewall_base_remove(engine->firewall, e);
}

int engine_nat_ensure(struct engine *engine, const char *text, char **seen, struct error *e) {
        if (*text)
                return firewall_nat_ensure(text, seen, e);
        free(*seen);
        *seen = NULL;
        return firewall_nat_remove(engine->firewall, e);
}

void step_prepare(struct step *s, const struct operation *o) {
        *s = (struct step){.operation = *o,
                           .address_generation = IN6_ADDR_GEN_MODE_NONE,
                           .neighbour_state = NUD_PERMANENT,
                           .address_generation_before = -1};
}

void step_fail(struct step *s, int code, const struct netlink_result *said) {
        s->state = STEP_FAILED;
        s->said = said ? *said : (struct netlink_result){0};
        s->said.code = code;
}

/* Test builds: $NIXOS_NSPAWN_FAULT_OPERATION=K makes the K-th operation of a plan fail, from 1. */
static size_t fault_number(void) {
#ifdef FAULTS
        const char *text = getenv("NIXOS_NSPAWN_FAULT_OPERATION");
        return text ? strtoul(text, NULL, 10) : 0;
#else
        return 0;
#endif
}

static int application_begin(struct application *a, struct engine *engine, const struct plan *plan) {
        if (plan->n > engine->capacity) {
                struct step *steps = reallocarray(engine->steps, plan->n, sizeof(*steps));
                if (!steps)
                        return -ENOMEM;
                engine->steps = steps;
                engine->capacity = plan->n;
        }
        a->engine = engine;
        a->steps = engine->steps;
        a->n = plan->n;
        size_t fault = a->forgiving ? 0 : fault_number();
        for (size_t i = 0; i < plan->n; i++) {
                step_prepare(&a->steps[i], &plan->operations[i]);
                a->steps[i].fault = i + 1 == fault;
        }
        return 0;
}

static const char *advice(const struct operation *o, int code) {
        if (code == -EPERM)
                return "; this needs root (CAP_NET_ADMIN)";
        if (code == -EEXIST && operation_creates(o))
                return "; a link of that name is there already: 'ip link show' says whose it is";
        if (code == -EEXIST && operation_is_element(o) &&
            (o->element.set == SET_MASQUERADE_V4 || o->element.set == SET_MASQUERADE_V6))
                return "; it meets a range that is translated already: 'nft list ruleset' has it in masq_saddr";
        if (code == -EEXIST && operation_is_element(o))
                return "; that port is forwarded elsewhere already: 'nft list table ip io.systemd.nat' shows where to";
        if (code == -ENODEV)
                return "; the link is gone, or never came";
        if (code == -ENOENT && operation_is_element(o))
                return "; somebody removed the firewall's tables meanwhile: try again";
        return "";
}

static int step_error(const struct step *s, struct error *e) {
        _cleanup_(buffer_clear) struct buffer what = BUFFER_INIT;
        operation_print(&s->operation, &what);
        return error_set(e, s->said.code, s->said.code == -EEXIST ? EXIT_CONTAINER : EXIT_FAILED,
                         "Cannot %s: %s%s%s%s%s", buffer_text(&what), strerror(-s->said.code),
                         s->said.message[0] ? " (the kernel says: " : "", s->said.message,
                         s->said.message[0] ? ")" : "", advice(&s->operation, s->said.code));
}

/* Socket trouble: not the kernel's answer to one operation. */
static int run_error(const struct application *a, size_t at, int code, struct error *e) {
        _cleanup_(buffer_clear) struct buffer what = BUFFER_INIT;
        operation_print(&a->steps[at].operation, &what);
        return error_errno(e, code, EXIT_FAILED, "Cannot %s: talking to the kernel failed", buffer_text(&what));
}

/* Carries out steps until one fails, or, forgiving, all of them; e gets the first error. */
static int application_run(struct application *a, struct error *e) {
        int first = 0;
        for (size_t at = 0, next; at < a->n; at = next) {
                ssize_t r = operation_is_element(&a->steps[at].operation) ? elements_run(a, at) : links_run(a, at);
                if (r < 0) {
                        if (first == 0)
                                first = run_error(a, at, (int) r, e);
                        if (!a->forgiving)
                                return first;
                        next = at + 1;
                        continue;
                }
                next = (size_t) r;
                for (size_t i = at; i < next && first == 0; i++)
                        if (a->steps[i].state == STEP_FAILED)
                                first = step_error(&a->steps[i], e);
                if (first < 0 && !a->forgiving)
                        return first;
        }
        return first;
}

/* Memory of the usual size is kept for the next plan, that of a repair of everything is not. */
static void application_end(struct application *a) {
        struct engine *engine = a->engine;
        netlink_close(a->guest);
        a->guest = NULL;
        if (!engine)
                return;
        if (engine->capacity > STEPS_KEPT) {
                free(engine->steps);
                engine->steps = NULL;
                engine->capacity = 0;
        }
        if (engine->batch.capacity > BATCH_KEPT)
                netlink_batch_clear(&engine->batch);
}

int engine_apply(struct engine *engine, const struct plan *plan, int ifindex, int netns_fd, struct error *e) {
        _cleanup_(application_end) struct application a = {.netns_fd = netns_fd, .ifindex = ifindex};
        int r = application_begin(&a, engine, plan);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot carry out a plan of %zu operations", plan->n);
        r = application_run(&a, e);
        if (r < 0)
                application_undo(&a);
        return r;
}

int engine_dismiss(struct engine *engine, const struct plan *plan, struct error *e) {
        _cleanup_(application_end) struct application a = {.netns_fd = -1, .forgiving = true};
        int r = application_begin(&a, engine, plan);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot carry out a plan of %zu operations", plan->n);
        return application_run(&a, e);
}
