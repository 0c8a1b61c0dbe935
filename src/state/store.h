/* The containers that are defined on this host: profiles with generations, and the spec in each. */
#pragma once

#include "base/error.h"
#include "model/container.h"
#include "model/network.h"

#include <jansson.h>

/* Names of all containers with a profile of ours, sorted; NULL-terminated, owned (free each and the list, or
 * strings_free()). */
int store_list(char ***ret);
void strings_free(char **list);
static inline void strings_freep(char ***list) {
        strings_free(*list);
        *list = NULL;
}
bool store_exists(const char *name);

/* The spec of the current generation. -ENOENT: no such container. */
int store_load_spec(const char *name, json_t **ret, struct error *e);

/* spec -> container (config/spec.h does the parsing). */
int store_load(const char *name, struct container *ret, struct error *e);

/* PATH_PROFILES/NAME/system/nixos-nspawn, malloc'd. */
char *store_profile_path(const char *name);

/* Everything at once: spec, allocation (must exist), machine id -> network. c is filled too, as the network borrows
 * from it. */
int store_load_network(const char *name, struct container *c, struct network *ret, struct error *e);

/* The 16 raw bytes of /etc/machine-id. */
int machine_id_get(uint8_t ret[16], struct error *e);
