/* What an apply changes, in sentences. */
#pragma once

#include "model/nat.h"

#include <jansson.h>

/* [{"action": "add" or "remove", "text"}] of all but containers and hosts; before may be NULL. NULL: no memory. */
json_t *apply_changes(const json_t *before, const struct nat *nat_before, const json_t *after, const struct nat *nat);

/* How an action begins the line that tells of it. */
const char *apply_action_words(const char *action);

/* Tells of ports that a container has, too. */
void apply_warn_of_ports(const struct nat *n);
