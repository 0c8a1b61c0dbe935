/* Starting a daemon of ours, which then lives on its own. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

/* Executes LIBEXECDIR/name detached from everything of the caller's (session, descriptors, working directory), with
 * stderr to log, and `--ready-fd N --log log`. Waits at most timeout_ms for what it says on N until it closes it:
 * nothing, when it ended without a word (another one lives already, or it was killed); "ready"; or what went wrong. */
int launch(const char *name, const char *log, int timeout_ms, struct buffer *report, struct error *e);
