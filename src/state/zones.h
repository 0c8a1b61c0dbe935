/* The zones that are defined on this host:
 *
 *     PATH_ZONES/NAME.json             made by `nixos-nspawn zone create`
 *     nixos.containers.zones of the host's configuration that is in force (applied.h)
 *
 * A name is in one of them. Whoever changes something here needs store_lock(). */
#pragma once

#include "base/error.h"
#include "model/zone.h"
#include "state/allocations.h"

#include <jansson.h>

enum zone_origin {
        ZONE_IMPERATIVE,
        ZONE_DECLARED,
};

/* Names of all, sorted; NULL-terminated, owned. */
int zones_list(char ***ret, struct error *e);
/* -ENOENT: there is no such zone; the message says what to do. ret_origin may be NULL. */
int zones_load(const char *name, struct zone *ret, enum zone_origin *ret_origin, struct error *e);
/* Its options: a new reference. */
int zones_load_options(const char *name, json_t **ret, enum zone_origin *ret_origin, struct error *e);

/* From here on this process takes host for the configuration in force, which it is about to become. Borrowed; NULL: no
 * more. */
void zones_assume(const json_t *host);
/* The same of one zone's options. */
void zones_assume_one(const char *name, const json_t *options);

/* Undo: save what was there, or remove. */
int zones_save(const char *name, const json_t *options, struct error *e);
/* Absent: 0. */
int zones_remove(const char *name, struct error *e);

/* PATH_NETWORKS/20-vz-NAME.network, where systemd runs: networkd leaves the bridge to nspawn-netd, instead of giving it
 * another range, DHCP and NAT by its own 80-container-vz.network. 1: changed. A file that is not ours: -EEXIST. */
int zones_follow_host(const char *name, bool wanted, struct error *e);

/* Names of the containers whose definition says that they are members, sorted; NULL-terminated, owned. One that cannot
 * be read is passed over. */
int zones_members(const char *zone, char ***ret, struct error *e);

/* zone_compute(), without IPv6 where the host has none. */
int zones_network(const struct zone *z, const struct allocation *ranges, const uint8_t machine_id[16],
                  struct zone_network *ret);

/* The same from its definition and what is allocated to it. -ENOENT: no such zone, or
 * nothing is allocated to it. */
int zones_compute(const char *name, const struct allocations *a, const uint8_t machine_id[16], struct zone_network *ret,
                  struct error *e);
