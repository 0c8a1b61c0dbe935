/* Sockets of this host that listen on a port that a container wants. */
#pragma once

#include "base/error.h"
#include "model/container.h"
#include "netlink/netlink.h"

struct host_socket {
        enum protocol protocol;
        struct address address; /* 0.0.0.0 and :: as they are */
        uint16_t port;
        bool only_v6; /* an IPv6 socket that takes no IPv4 */
        int ifindex;  /* it is bound to that link, or 0 */
        uint32_t inode;
};

/* A TCP socket that listens or a UDP socket that is bound and not connected. Returns non-zero to end the search. */
typedef int (*host_socket_t)(const struct host_socket *s, void *userdata);

/* Opens what sockets_find() needs, in the current network namespace. */
int sockets_open(struct netlink **ret);

/* Calls found for each socket in the way of one of the forwards. Returns what found returned, 0, or negative errno. */
int sockets_find(struct netlink *diag, const struct forward *forwards, size_t n, host_socket_t found, void *userdata);

/* "nginx (process 4711)" for the process that holds the inode, malloc'd, or NULL when none can be found. Reads all
 * of /proc: for error messages only. */
char *socket_holder(uint32_t inode);
