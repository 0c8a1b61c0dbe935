/* hostNetworkConfig, containerNetworkConfig and outsideAccess of a spec. */
#pragma once

#include "base/error.h"
#include "model/container.h"

#include <jansson.h>

int spec_read_network(const json_t *options, struct container *c, struct error *e);
