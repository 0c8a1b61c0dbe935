/* What systemd-nspawn leaves behind when it is killed, or where /run is not a tmpfs: taken away before a start and
 * after an end. Only while no systemd-nspawn runs for that name. */
#pragma once

#include "base/error.h"

/* Goes on past errors; the first one is returned, e says what it was about. */
int leftovers_remove(const char *name, struct error *e);

/* Waits until the host's link of the container is gone: the kernel takes it away some time after the last process of
 * its network namespace. -ETIMEDOUT. */
int leftovers_wait_link(const char *link, int timeout_ms);
