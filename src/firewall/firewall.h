/* The tables and their elements over one NETLINK_NETFILTER socket. */
#pragma once

#include "base/error.h"
#include "netlink/netlink.h"
#include "plan/plan.h"

/* base.nft, as it was at build time. */
extern const char firewall_base_text[];

/* Makes what is missing of the base, in one transaction; a table of ours that is not as it should be is brought back to
 * base.nft, its sets keep their elements. Asking costs a message an object, whatever the number of elements. The socket
 * must be of the current network namespace. Returns 1 when something was missing, 0 when all was there. */
int firewall_base_ensure(struct netlink *n, struct error *e);

/* Takes our own tables away, and systemd's when nothing is in them. Absent ones are fine. */
int firewall_base_remove(struct netlink *n, struct error *e);

/* A transaction: begin, any number of elements, end, netlink_send(). All or nothing. */
void firewall_begin(struct netlink_batch *b);
void firewall_end(struct netlink_batch *b);

enum firewall_verb {
        FIREWALL_ADD_NEW, /* -EEXIST when the element is there */
        FIREWALL_ADD,     /* fine when the very same is there; -EEXIST when the key leads elsewhere */
        FIREWALL_REMOVE,  /* -ENOENT when it is not there */
};
/* One element of a plan, or as many as it has ports. Returns the number of its first message in the batch. */
uint32_t firewall_element(struct netlink_batch *b, const struct element *e, enum firewall_verb verb);
