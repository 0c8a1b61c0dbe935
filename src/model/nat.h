/* Network address translation on the host, as its configuration wants it (networking.nat): what is inside, what leads
 * outside, and which ports lead in; and what is routed without it (networking.containers.routedInterfaces). Checked by
 * whoever fills it (config/host_config.h). */
#pragma once

#include "model/container.h"

#include <net/if.h>

struct nat_link {
        char name[IFNAMSIZ];
        bool prefix; /* every link whose name begins so; an empty name: every link */
};

/* Ports at the external link that lead to a machine inside. */
struct nat_forward {
        enum protocol protocol;
        uint16_t port; /* the first */
        uint16_t count;
        struct address to;
        uint16_t to_port;
        bool to_one;              /* all of them lead to to_port; else one to one, to_port being the first */
        struct address *loopback; /* at these addresses also for the host itself and those inside; of to's family */
        size_t n_loopback;
};

struct nat {
        bool enable;
        bool ipv6;
        struct nat_link *internal;
        size_t n_internal;
        struct prefix *ranges; /* inside, too; of both families, without host bits */
        size_t n_ranges;
        char external[IFNAMSIZ];                 /* empty: any, and then there are no forwards and no dmz */
        struct address external_v4, external_v6; /* AF_UNSPEC: what the outgoing link has */
        struct nat_forward *forwards;
        size_t n_forwards;
        struct address dmz;      /* AF_UNSPEC or IPv4 */
        struct nat_link *routed; /* whether NAT is enabled or not */
        size_t n_routed;
};

#define NAT_INIT ((struct nat){0})

void nat_clear(struct nat *n);

/* One of the n links is, or stands for, the one of that name. */
bool nat_links_have(const struct nat_link *links, size_t n, const char *name);

/* Both want a port of the external link for the same protocol and family. */
bool nat_forward_conflicts(const struct nat_forward *a, const struct nat_forward *b);
