/* For benchmarks of the daemon, beside daemon.h: a guest that sees its carrier, links as systemd-nspawn makes them, and
 * the floor: the kernel calls of a plan, made bare. What fails ends the program. */
#pragma once

#include "model/network.h"
#include "netlink/monitor.h"
#include "netlink/netlink.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <sys/types.h>

pid_t daemon_pid(void);
/* Resident, in KiB. */
double daemon_memory(void);
/* Until every network has its link. */
void await_links(void);

struct guest {
        int netns;
        struct netlink *route;
        struct netlink_monitor *monitor;
        bool carrier;
};
struct guest guest_open(void);
void wait_for_carrier(struct guest *g);

/* As nspawn makes it, and the guest's end raised, as nspawn-first does. */
void link_make(struct netlink *route, struct guest *g, const struct network *n, const char *peer);
void link_delete(struct netlink *route, const char *name);

/* The operations of links, all known beforehand and in one message. bridge: the index of the one that is joined. */
void bare_operations(struct netlink *route, const struct plan *p, int ifindex, int bridge);
