/* A part of the command migrate. */
#pragma once

#include "model/container.h"

#include <jansson.h>

/* Writes what c, a nixos-container, says of its links into config, a spec's "config": the bridge, links beside the main
 * one, what systemd-nspawn is told, and the addresses of a member of a bridge; by_hand: those of the
 * pair, too, which the allocator would not give. -ENOMEM. */
int migrate_network(const struct container *c, bool by_hand, json_t *config);
