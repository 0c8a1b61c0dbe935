/* PATH_CONTAINERS/NAME/error.json: why `nspawn-unit attach` refused, for who waits for the unit to start. */
#pragma once

#include "base/error.h"

int refusal_write(const char *name, const struct error *why);
/* 1: there is one, and e is set to it; 0: none. */
int refusal_read(const char *name, struct error *e);
int refusal_remove(const char *name);
