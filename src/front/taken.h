/* What new addresses have to keep clear of. */
#pragma once

#include "base/address.h"
#include "base/error.h"
#include "model/container.h"
#include "model/zone.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

/* Ranges in use: by links and routes of the host, and by confs, but for that of `except` (NULL: all of them). needed:
 * whether it is an error that the host cannot be looked at; a user who only asks what would be done need not be
 * allowed to. */
int taken_find(const char *except, bool needed, struct prefix **ret, size_t *ret_n, struct error *e);

/* Who has an address that a nixos-container is to have. */
struct taken {
        const char *key;  /* of the conf: LOCAL_ADDRESS */
        const char *kind; /* "container", "zone"; NULL: the host ... */
        char *name;
        char link[IF_NAMESIZE]; /* ... on this link of its */
};

#define TAKEN_INIT ((struct taken){0})
void taken_clear(struct taken *t);

/* LOCAL_ADDRESS[6] and those of EXTRA_VETHS without a bridge are nobody else's: not another container's, not in a range
 * that another one or a zone was given, not the host's own, or nothing that the host sends there would leave it.
 * HOST_ADDRESS[6], which the host may have towards many, is no other container's.
 *
 * declared: c is, so that other declared ones, and what the host has on their links, may be what changes. needed: as
 * above. 1: somebody has one. */
int taken_clash(const struct container *c, bool declared, bool needed, struct taken *ret, struct error *e);

/* Refuses a zone with a range that is a network of the host's elsewhere. needed: as above. */
int taken_check_zone(const struct zone_network *z, bool needed, struct error *e);
