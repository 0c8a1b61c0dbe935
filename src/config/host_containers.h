/* The containers that the host's configuration declares (containers.NAME): the conf of each, as if a person had written
 * it (conf.h), and the config of what is in it. */
#pragma once

#include "base/error.h"
#include "conf.h"

#include <jansson.h>

struct host_container {
        char *name;
        struct conf conf;
        json_t *config; /* NULL: its system is SYSTEM_PATH */
        bool restart;   /* when it runs and its declaration changes */
};

struct host_containers {
        struct host_container *list; /* sorted by name */
        size_t n;
};

#define HOST_CONTAINERS_INIT ((struct host_containers){0})
void host_containers_clear(struct host_containers *c);

/* Checks all over again, each by itself and all together. On failure, *ret_path (may be NULL) is the option, of
 * option_path.h, a new reference. */
int host_containers_read(const json_t *host, struct host_containers *ret, json_t **ret_path, struct error *e);

/* The spec (spec.h) of what is in it; `config` must be there. */
int host_container_spec(const struct host_container *c, const char *source, json_t **ret, struct error *e);

/* The option that is in the conf under that key: localAddress for LOCAL_ADDRESS. */
const char *host_container_option(const char *key);
