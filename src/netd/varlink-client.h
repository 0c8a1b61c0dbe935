/* Calling a Varlink service of ours. */
#pragma once

#include "varlink.h"

#include <stdint.h>

/* A call that is on its way. */
struct varlink_exchange {
        int fd; /* -1: none */
        int64_t deadline;
        int *kept; /* where the connection goes afterwards, or NULL: it is closed */
};
#define VARLINK_EXCHANGE_INIT ((struct varlink_exchange){.fd = -1})
void varlink_exchange_clear(struct varlink_exchange *x);

/* The two halves of varlink_exchange(), for who has something to do before the answer. A peer that is given up between
 * them may carry out the call all the same. kept: a connection from an earlier call, or -1; NULL: one for this call. It
 * is kept again once the answer is there. When the peer has ended meanwhile that is -EPIPE or -ECONNRESET, of which a
 * second try will not know. */
int varlink_exchange_begin(const char *path, int *kept, const char *method, json_t *parameters, int timeout_ms,
                           struct varlink_exchange *ret);
int varlink_exchange_end(struct varlink_exchange *x, struct varlink_reply *ret);

/* Calls method (with its interface) at the socket path, with parameters (borrowed; NULL: none), and waits at most
 * timeout_ms (-1: for ever) for the reply. -ETIMEDOUT; -ENOENT, -ECONNREFUSED: nobody there; -ECONNRESET: it ended. */
int varlink_exchange(const char *path, const char *method, json_t *parameters, int timeout_ms,
                     struct varlink_reply *ret);
