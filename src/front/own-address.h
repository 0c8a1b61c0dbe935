/* A container with an address that is the host's own: nothing that the host sends there would leave it, and what comes
 * in for it would be the host's. */
#pragma once

#include "base/error.h"
#include "model/container.h"

#include <net/if.h>

/* 1: a link of the host has c's LOCAL_ADDRESS or LOCAL_ADDRESS6, *ret_key, and link is its name. of_containers: the
 * host's ends of containers' links count, too. HOST_ADDRESS may be one that the host has elsewhere. A user who only
 * asks (not `needed`) need not be allowed to look. */
int own_address_find(const struct container *c, bool of_containers, bool needed, const char **ret_key,
                     char link[IF_NAMESIZE], struct error *e);
