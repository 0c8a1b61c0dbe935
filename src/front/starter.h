/* Starting a container as a step of a sequence: Ctrl-C does not wait until a guest that hangs has used up its time. */
#pragma once

#include "base/error.h"

#include "front/progress.h"

/* As runtime_start(); when the sequence is interrupted, the start is given up and everything of it taken back. */
int starter_run(const char *name, struct progress *p, struct error *e);
