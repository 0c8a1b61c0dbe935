/* Declared containers' names in /etc/hosts, for who resolves by files alone. */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

struct hosts {
        char **before, **after; /* our lines: "10.233.1.2 foo.containers" */
};

void hosts_clear(struct hosts *h);

/* What the file has, and what it is to have: of each container in host (host_config_load(), may be NULL) the local
 * addresses. */
int hosts_load(const json_t *host, struct hosts *ret, struct error *e);
bool hosts_differ(const struct hosts *h);
/* Adds {"action", "text"}. */
void hosts_describe(const struct hosts *h, json_t *changes);

/* Writes the lines (before or after). A file that cannot be written (that of NixOS, say) is told of, and 0. */
int hosts_put(char *const *lines, struct error *e);
