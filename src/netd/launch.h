/* Starting a daemon of ours, which then lives on its own.
 *
 * Where systemd is PID 1 nothing is started here: it listens for the daemon (NAME.socket) and starts NAME.service for
 * who connects. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>

/* Whether systemd starts the daemons of this host. */
bool launch_by_systemd(void);

/* Nobody listens for the daemon, where systemd should. */
int launch_error_socket(const char *name, struct error *e);

/* Executes LIBEXECDIR/name detached from everything of the caller's (session, descriptors, working directory), with
 * stderr to log, and `--ready-fd N --log log`. Waits at most timeout_ms for what it says on N until it closes it:
 * nothing, when it ended without a word (another one lives already, or it was killed); "ready"; or what went wrong. */
int launch(const char *name, const char *log, int timeout_ms, struct buffer *report, struct error *e);
