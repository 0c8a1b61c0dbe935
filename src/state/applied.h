/* The host's configuration that is in force (PATH_HOST): what 'nixos-nspawn apply' was given last, with every option.
 * Whoever changes it needs store_lock(). */
#pragma once

#include "base/error.h"
#include "model/names.h"
#include "model/nat.h"
#include "model/proxy_links.h"

#include <jansson.h>

/* *ret: a new reference, NULL when nothing was applied. */
int applied_load(json_t **ret, struct error *e);

/* host: of host_config_load(); NULL: nothing. */
int applied_save(const json_t *host, struct error *e);

/* nixos.containers.nameSuffix of it. */
int applied_suffix(char ret[NAME_SUFFIX_MAX + 1], struct error *e);

/* What the daemon puts in force, read at once: networking.nat (nothing applied is NAT_INIT),
 * nixos.containers.nameSuffix and nixos.containers.proxyNeighbours. */
int applied_network(struct nat *nat, char suffix[NAME_SUFFIX_MAX + 1], struct proxy_links *proxied, struct error *e);
