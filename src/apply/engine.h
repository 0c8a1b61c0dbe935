/* The one place where plans take effect: a netlink socket, an nftables socket, batches, and undo.
 *
 * A plan's operations are sent in as few messages as possible: consecutive link operations of one side in one
 * sendmsg, all nftables elements in one transaction. When one fails, all that were done before are undone in
 * reverse, and the error names the operation and what the kernel said (extended ACK). */
#pragma once

#include "base/error.h"
#include "model/zone.h"
#include "plan/plan.h"

#include <net/if.h>

struct engine;

/* Opens the sockets in the current network namespace. */
int engine_new(struct engine **ret, struct error *e);
void engine_free(struct engine *engine);
static inline void engine_freep(struct engine **engine) {
        engine_free(*engine);
        *engine = NULL;
}

/* The netlink port of its nftables socket: what the monitor (firewall/monitor.h) is to take for our own changes. */
uint32_t engine_firewall_port(const struct engine *engine);

/* Makes the tables, sets and chains that the elements live in, each table whole in one transaction, adding what
 * is missing and leaving what is there; nothing forks. Returns 1 when something was missing, 0 when all was there. */
int engine_base_ensure(struct engine *engine, struct error *e);
/* Takes our own tables away (io.systemd.nat stays when it has elements of others). */
int engine_base_remove(struct engine *engine, struct error *e);

/* The host's NAT, see firewall/nat.h: text is what nat_write() wrote, "" takes it away. */
int engine_nat_ensure(struct engine *engine, const char *text, char **seen, struct error *e);

/* All or nothing: what is there already (elements, addresses, neighbours) stays and counts as done, and is not taken
 * back when a later operation fails. ifindex: of the operations' host link when the caller knows it, else 0 (looked up
 * by name). netns_fd: namespace of SIDE_CONTAINER operations and of the created peer; -1 when the plan has none. */
int engine_apply(struct engine *engine, const struct plan *plan, int ifindex, int netns_fd, struct error *e);

/* As engine_apply() for removals: goes on past errors and reports the first; absent things are fine. */
int engine_dismiss(struct engine *engine, const struct plan *plan, struct error *e);

/* After a change: UDP flows of the forwards that the plan removed, and of those that it added, begin anew, so that who
 * keeps sending from one port gets to where the port leads now. No other flow is touched. */
int engine_forget_flows(struct engine *engine, const struct plan *plan);

/* Every range that the host's addresses and routes occupy (for the allocator); *ret malloc'd. */
int engine_observe_ranges(struct engine *engine, struct prefix **ret, size_t *ret_n, struct error *e);

/* Whether a link of the host has the address p, or, where p is more than one, an address in exactly that network; links
 * that are passed over do not count. 1, and link is its name; 0: none. */
int engine_find_range(struct engine *engine, const struct prefix *p,
                      bool (*pass_over)(const char *link, void *userdata), void *userdata, char link[IF_NAMESIZE],
                      struct error *e);

/* What a person chose must not be the host's elsewhere: packets of the one network would go to the other. An address in
 * a range that the host has elsewhere is fine, and has a route of its own. */
int engine_check_network(struct engine *engine, const struct network *n, struct error *e);
int engine_check_zone(struct engine *engine, const struct zone_network *z, struct error *e);
