/* Calling a Varlink service of ours. */
#pragma once

#include "varlink.h"

/* Calls method (with its interface) at the socket path, with parameters (borrowed; NULL: none), and waits at most
 * timeout_ms (-1: for ever) for the reply. -ETIMEDOUT; -ENOENT, -ECONNREFUSED: nobody there; -ECONNRESET: it ended. */
int varlink_exchange(const char *path, const char *method, json_t *parameters, int timeout_ms,
                     struct varlink_reply *ret);
