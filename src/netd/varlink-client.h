/* Calling a Varlink service of ours. */
#pragma once

#include "varlink.h"

/* A pidfd of the process that listens at the socket path, readable once it has ended. -ESRCH: nobody there. */
int varlink_peer_open(const char *path, int timeout_ms);

/* Calls method (with its interface) at the socket path, with parameters (borrowed; NULL: none), and waits at most
 * timeout_ms (-1: for ever) for the reply. -ETIMEDOUT; -ENOENT, -ECONNREFUSED: nobody there; -ECONNRESET: it ended. */
int varlink_exchange(const char *path, const char *method, json_t *parameters, int timeout_ms,
                     struct varlink_reply *ret);
