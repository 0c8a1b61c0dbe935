/* Tells when somebody took away something of the tables that containers depend on (`nft flush ruleset`, a firewall's
 * reload, a deleted element), so that the daemon can put it back.
 *
 * The monitor owns a socket, never a loop: poll firewall_monitor_fd() for input, then dispatch. What follows is
 * engine_base_ensure() and the elements of every network again: both leave alone what is there. */
#pragma once

#include "base/error.h"

#include <stdint.h>

struct firewall_monitor;

int firewall_monitor_open(struct firewall_monitor **ret, struct error *e);
void firewall_monitor_close(struct firewall_monitor *m);
static inline void firewall_monitor_closep(struct firewall_monitor **m) {
        firewall_monitor_close(*m);
        *m = NULL;
}
int firewall_monitor_fd(const struct firewall_monitor *m); /* non-blocking; borrowed */

enum firewall_event {
        FIREWALL_QUIET = 0, /* nothing that concerns us */
        FIREWALL_DAMAGED,   /* somebody else removed something of our tables or of io.systemd.nat */
        FIREWALL_RESYNC,    /* notifications were lost (ENOBUFS): check everything */
};

/* Reads what is there, never waits. own_port: engine_firewall_port(), whose changes are no damage.
 * Returns an enum firewall_event or negative errno. */
int firewall_monitor_dispatch(struct firewall_monitor *m, uint32_t own_port);
