/* The host's configuration that is in force (PATH_HOST): what 'nixos-nspawn apply' was given last, with every option.
 * Whoever changes it needs store_lock(). */
#pragma once

#include "base/error.h"
#include "model/nat.h"

#include <jansson.h>

/* *ret: a new reference, NULL when nothing was applied. */
int applied_load(json_t **ret, struct error *e);

/* host: of host_config_load(); NULL: nothing. */
int applied_save(const json_t *host, struct error *e);

/* networking.nat of it; nothing applied is NAT_INIT. */
int applied_nat(struct nat *ret, struct error *e);
