/* A container as it is to be started now. */
#pragma once

#include "base/error.h"
#include "model/network.h"

/* Reads the definition in force, replacing what c had, and sees that what systemd-nspawn needs of it is there, and that
 * nothing of an earlier run's link is. n, which is the caller's to clear, is replaced too, and borrows from c. */
int definition_read(const char *name, struct container *c, struct network *n, struct error *e);
