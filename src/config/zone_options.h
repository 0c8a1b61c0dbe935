/* A zone's definition: its options, of the host's configuration or of a file of its own. */
#pragma once

#include "base/error.h"
#include "model/zone.h"

#include <jansson.h>

/* options: an attribute set as nixos.containers.zones.NAME has it. where: the option's name, for messages; empty when
 * options are the whole of a file. ret: owned. */
int zone_from_options(const json_t *options, const char *name, const char *where, struct zone *ret, struct error *e);

/* hostAccess, also of a container. v: NULL: the default. */
int host_access_from_options(const json_t *v, const char *where, struct host_access *ret, struct error *e);

/* The file of a zone, in Nix or JSON: *ret is its options, complete. path NULL: what an empty file would say. */
int zone_options_load(const char *path, const char *name, json_t **ret, struct error *e);

/* All zones of the host's configuration (host_config_load()) together; ret_path as of host_nat_read(). */
int host_zones_check(const json_t *host, json_t **ret_path, struct error *e);
/* Their options by name, borrowed; NULL: none. */
const json_t *host_zones(const json_t *host);
