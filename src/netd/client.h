/* The command line's way to nspawn-netd: one Varlink call over PATH_NETD_SOCKET. */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

/* Starts the daemon unless it answers; waits until it does. Safe when many do it at once (PATH_NETD_LOCK). Where
 * systemd is PID 1, nspawn-netd.socket must be active. */
int netd_ensure(struct error *e);
/* The same for who may stand in the daemon's way: where systemd would start it, worth is asked every now and then while
 * none runs. Once it says no: -ECANCELED. */
typedef bool (*netd_worth_t)(void *userdata);
int netd_ensure_while(netd_worth_t worth, void *userdata, struct error *e);

/* Calls method (without the interface: "Attach") with parameters (stolen; NULL: none). *ret (may be NULL) gets the
 * reply's parameters. A Varlink error becomes e: its parameters carry "message" and "exitStatus". timeout_ms -1: none.
 */
int netd_call(const char *method, json_t *parameters, int timeout_ms, json_t **ret, struct error *e);

/* Whether a daemon answers now, without starting one. */
bool netd_running(void);

/* A pidfd of the daemon, readable once it has ended. -ESRCH: none runs. */
int netd_open(void);
