/* systemd.nspawn.NAME of a spec, and the options that say the same (a part of spec.c of its own). */
#pragma once

#include "base/error.h"
#include "model/container.h"

#include <jansson.h>

/* config: the spec's "config". c: with its name and all of nixosContainer's other options. Fills its network and what
 * is passed on, and refuses what does not fit together. */
int spec_read_nspawn(const json_t *config, struct container *c, struct error *e);
