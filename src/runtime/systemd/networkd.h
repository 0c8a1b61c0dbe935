/* systemd-networkd, as somebody who writes files for it needs it. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* Whether it runs, or is to. */
bool networkd_runs(void);

/* Has it read its files again, whether it is on the bus or not; one that does not run is not started: 0. */
int networkd_reload(struct error *e);
