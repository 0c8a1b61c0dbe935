/* The daemon's way to nspawn-proxy, which listens on 127.0.0.1 and ::1 for the forwards of running containers.
 *
 * The proxy outlives the daemon: connections through it go on when the daemon is restarted. Calls wait for the answer
 * (a few hundred microseconds; tens of milliseconds when the proxy has to be started first). */
#pragma once

#include "base/error.h"
#include "model/network.h"
#include "netd/varlink-client.h"

#include <jansson.h>
#include <stdbool.h>

/* Has the proxy listen for the forwards of name, instead of those it had: listeners and connections that stay the same
 * are not touched. All or nothing. Starts the proxy when it does not run and there is something to listen for.
 * -EADDRINUSE: a port is taken; the message names port, protocol and, when it can be told, the process. Forwards bound
 * to an address that is not a loopback one have no listener. */
int proxy_set(const char *name, const struct network *n, struct error *e);

/* The same in two halves, between which the proxy works: one that runs is asked, and errors are left to the second.
 * Once begun it must be ended before anything else is asked of the proxy for this name. */
void proxy_set_begin(const char *name, const struct network *n, struct varlink_exchange *ret);
int proxy_set_end(struct varlink_exchange *x, const char *name, const struct network *n, struct error *e);

/* Whether any of its forwards is one for localhost. */
bool proxy_needed(const struct network *n);

/* Closes the listeners of name and its connections. Harmless twice, and when no proxy runs (none is started). */
int proxy_clear(const char *name, struct error *e);

/* What it listens for: [{"name":…,"forwards":[{"protocol","hostPort","count",…}],"connections":N}]. No proxy: []. */
int proxy_list(json_t **ret, struct error *e);

/* A pidfd of the proxy, readable once it has ended. -ESRCH: none runs. */
int proxy_open(void);

/* Ends it, with all connections through it, and waits until it is gone. Harmless when none runs. */
int proxy_stop(struct error *e);
