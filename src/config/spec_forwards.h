/* nixosContainer.forwardPorts of a spec (a part of spec.c of its own). */
#pragma once

#include "base/error.h"
#include "model/container.h"

#include <jansson.h>

/* list: the JSON list; NULL is an empty one. *ret is malloc'd, NULL when empty. Refuses ports outside 1..65535, ranges
 * that run past 65535, and two entries of the list that want the same host port. */
int spec_read_forwards(const json_t *list, struct forward **ret, size_t *ret_n, struct error *e);
