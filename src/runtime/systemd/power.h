/* runtime.h's functions that change what runs. */
#pragma once

#include "runtime/runtime.h"

int unit_start(const char *name, runtime_progress_t progress, void *userdata, struct error *e);
int unit_stop(const char *name, uint64_t timeout_usec, runtime_progress_t progress, void *userdata, struct error *e);
int unit_restart(const char *name, runtime_progress_t progress, void *userdata, struct error *e);
