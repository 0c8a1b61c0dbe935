/* The configuration of the host: /etc/nixos-nspawn/host.nix or host.json. */
#pragma once

#include "base/error.h"
#include "model/names.h"
#include "model/nat.h"
#include "model/proxy_links.h"

#include <jansson.h>

#define HOST_VERSION 1

/* path: a .nix or .json file, or NULL: nothing is configured. *ret: {"version", "source", "config"} with every option.
 * Everything is checked; errors name file, line, option and what is expected. */
int host_config_load(const char *path, json_t **ret, struct error *e);

/* networking.nat of a host's configuration. Checks all over again: the file on disk may be old or damaged. On failure,
 * *ret_path (may be NULL) is the option, of option_path.h, a new reference. */
int host_nat_read(const json_t *host, struct nat *ret, json_t **ret_path, struct error *e);

/* nixos.containers.nameSuffix, in lower case; the default when host is NULL. Checked all over again, ret_path as above.
 */
int host_suffix_read(const json_t *host, char ret[NAME_SUFFIX_MAX + 1], json_t **ret_path, struct error *e);

/* nixos.containers.proxyNeighbours; none when host is NULL. Checked all over again, ret_path as above. */
int host_proxy_read(const json_t *host, struct proxy_links *ret, json_t **ret_path, struct error *e);

/* The text of a file for NetworkManager with networking.networkmanager.unmanaged; "" when there is nothing to say.
 * malloc'd; NULL: no memory, or the configuration is damaged. */
char *host_networkmanager_file(const json_t *host);
