/* An operation on its way: what it was, what became of it, and what was there before. Private to this folder. */
#pragma once

#include "apply/engine.h"
#include "netlink/netlink.h"
#include "netlink/route.h"

#include <errno.h>

enum step_state {
        STEP_WAITING,
        STEP_DONE,
        STEP_FOUND, /* it was so already: nothing to take back */
        STEP_FAILED,
};

struct step {
        struct operation operation;
        enum step_state state;
        struct netlink_result said; /* of a failed one: code, and the kernel's words */
        uint32_t message;           /* its first one in the batch */
        uint32_t n_messages;
        bool again; /* elements: fine when it is there; neighbours: replace the one that is there */
        bool fault; /* tests: pretend that it failed */
        /* What operations that set something set beside what they say. */
        int address_generation;   /* IN6_ADDR_GEN_MODE_*, -1: leave it */
        uint16_t neighbour_state; /* NUD_* */
        /* What was there before. */
        int address_generation_before;
        uint32_t mtu_before;
        bool isolated_before;
        struct netlink_neighbour neighbour_before; /* state 0: none */
};

/* A link that operations name, in the caller's namespace or the container's. */
struct link_cache {
        char name[IFNAMSIZ];
        struct netlink_link link; /* as it was before this application touched it; ifindex 0: not looked at */
};

struct engine {
        int home; /* the network namespace that it works in */
        struct netlink *route;
        struct netlink *firewall;
        struct netlink_batch batch; /* reused */
        struct step *steps;         /* reused */
        size_t capacity;
};

/* One call of engine_apply() or engine_dismiss(). */
struct application {
        struct engine *engine;
        struct step *steps;
        size_t n;
        int netns_fd;
        int ifindex;           /* of the host's link, or 0 */
        struct netlink *guest; /* opened at the first operation of the container's side; owned */
        struct link_cache host, container;
        bool forgiving; /* absent things are fine, go on past errors */
};

/* Both carry out the longest run of steps from `first` on that can go out together, and return where the next begins.
 * Steps that failed say so; negative errno: the sockets themselves failed. */
ssize_t links_run(struct application *a, size_t first);
ssize_t elements_run(struct application *a, size_t first);

void step_prepare(struct step *s, const struct operation *o);
void step_fail(struct step *s, int code, const struct netlink_result *said);

/* Takes back, in reverse, the steps that are done. Goes on past errors. */
void application_undo(struct application *a);

static inline bool operation_creates(const struct operation *o) {
        return o->kind == OPERATION_LINK_CREATE || o->kind == OPERATION_BRIDGE_CREATE;
}
/* What the kernel says when there is nothing to remove. */
static inline bool code_is_absent(enum operation_kind kind, int code) {
        switch (kind) {
        case OPERATION_LINK_DELETE:
                return code == -ENODEV;
        case OPERATION_ADDRESS_REMOVE:
                return code == -EADDRNOTAVAIL || code == -ENODEV;
        case OPERATION_ROUTE_REMOVE:
                return code == -ESRCH || code == -ENODEV;
        case OPERATION_NEIGHBOUR_REMOVE:
                return code == -ENOENT || code == -ENODEV;
        case OPERATION_ELEMENT_REMOVE:
                return code == -ENOENT;
        default:
                return false;
        }
}
