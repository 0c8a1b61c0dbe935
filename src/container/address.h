/* The numbers of a nixos-container: 10.233.N.1 and 10.233.N.2, or what its maker says. */
#pragma once

#include "front/command.h"

#include "config/conf.h"

/* Writes HOST_ADDRESS and LOCAL_ADDRESS of a new container into conf: those of the options, none with a bridge, else
 * the first free ones, kept when `save`; that needs store_lock(). Refuses an address that another container has. */
int address_choose(const struct invocation *i, const char *name, bool save, struct conf *conf, struct error *e);
