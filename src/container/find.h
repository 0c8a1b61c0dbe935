/* The container that a command is about. */
#pragma once

#include "front/inventory.h"

/* "container 'NAME' does not exist" unless there is a nixos-container of that name. */
int container_find(const char *name, struct inventory *ret, const struct entry **ret_entry, struct error *e);

/* Refused unless root. */
struct invocation;
int container_may_change(const struct invocation *i, struct error *e);
