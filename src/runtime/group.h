/* Control groups: each run of a container gets one of its own, in the version-2 tree, which is also how everything of
 * it is found and ended. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* Makes ROOT/nixos-nspawn/NAME.N, N being the first free number; *ret: its path, owned. Never an old one: systemd in
 * the container ends at once when its launcher's group has children of an earlier run. */
int group_make(const char *name, char **ret, struct error *e);

/* Puts the calling process into the group (safe between fork and exec). */
int group_join(const char *path);
/* Puts it into the group of all supervisors, out of reach of what ends the caller's own. */
int group_join_supervisors(void);

/* Whether any process is in it or below. */
bool group_populated(const char *path);
/* Sends SIGKILL to every process in it and below. Absent: 0. */
int group_kill(const char *path);
/* Kills what is in it, waits until all of it has ended (at most timeout_ms), removes it and all below. Absent: 0.
 * -ETIMEDOUT when something does not end. */
int group_remove(const char *path, int timeout_ms);

/* Takes it out again, and removes the folder of all groups when nothing else is in it. */
void group_leave_supervisors(void);

/* Removes every group of the container that an earlier run left. */
int group_remove_all(const char *name, int timeout_ms);
