/* The table of the host's NAT (plan/nat.h) in the kernel: whole, in one transaction, and looked after by what it looks
 * like, since nothing but this makes or changes it. */
#pragma once

#include "base/error.h"
#include "netlink/netlink.h"

/* Has the table be what text says, in place of whatever it was. *seen: how it looked when it was made, owned by the
 * caller, NULL at first; while it still looks so nothing is done. Returns 1 when it was made, 0 when all was there. */
int firewall_nat_ensure(const char *text, char **seen, struct error *e);

/* Takes it away; absent is fine. */
int firewall_nat_remove(struct netlink *n, struct error *e);
