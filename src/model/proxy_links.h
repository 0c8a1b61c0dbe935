/* Links of the host on which it answers neighbour discovery for its containers (nixos.containers.proxyNeighbours). */
#pragma once

#include <net/if.h>
#include <stddef.h>

#define PROXY_LINKS_MAX 8

struct proxy_links {
        char names[PROXY_LINKS_MAX][IFNAMSIZ];
        size_t n;
};
