/* What of [Exec] and [Files] of a NAME.nspawn by hand this program has to know, and keeps as it is. */
#pragma once

#include "reading.h"

/* One setting into reading's container, which has a hand. NULL, or why it is refused (or reading has no memory). */
const char *hand_read(struct reading *r, const char *section, const char *key, const char *value);
/* After the last one. */
void hand_settle(struct container *c);
