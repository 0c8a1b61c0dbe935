/* What answers guests on the host side of their links: DHCPv4, DHCPv6, router advertisements and DNS.
 *
 * One object serves all links of the daemon. It puts one I/O source (an inner epoll) and two timers on the event loop;
 * a link costs a few hundred bytes and its sockets, each bound to the link, so that other servers on the host keep
 * their ports. One container stands behind a link and gets exactly the addresses of its struct network, every time.
 *
 * Everything that arrives is hostile: work a wake-up is bounded, so are queries and connections, a link and in all. */
#pragma once

#include "base/error.h"
#include "model/network.h"

#include <systemd/sd-event.h>

#define RESPONDER_ADDRESSES_MAX 8

struct responders;

/* What the DNS responder asks the daemon. Called from the event loop; must not block, nor call responders_*(). */
struct responder_names {
        /* Addresses of the container `name` (lower case, without suffix) into ret; how many, 0 for a known name without
         * addresses, -ENOENT when there is no such name. Link-local addresses are left out of answers. */
        int (*lookup)(void *userdata, const char *name, struct address ret[RESPONDER_ADDRESSES_MAX]);
        /* The name whose address a is. 0, or -ENOENT. */
        int (*reverse)(void *userdata, const struct address *a, char ret[CONTAINER_NAME_MAX + 1]);
        void *userdata;
};

struct responder_options {
        uint8_t machine_id[16];       /* the DHCPv6 server's identity is derived from it (not readable back) */
        struct responder_names names; /* both functions are required */
        const char *domain;           /* behind containers' names; copied */
        const struct prefix *owned;   /* reverse lookups in these never leave the host: pool and ULA; copied */
        size_t n_owned;
        const char *resolv_conf; /* where the host's resolvers are listed; NULL: /etc/resolv.conf */
        /* Folder with a file for each domain that has resolvers of its own: its name is the domain, its "nameserver"
         * lines are asked for names in the domain. Both are read again when they change. NULL:
         * /etc/nixos-nspawn/resolvers */
        const char *resolvers_folder;
};

/* Opens what all links share, in the current network namespace. A link needs six descriptors, and a DNS query on its
 * way up to four: the caller raises RLIMIT_NOFILE. */
int responders_new(sd_event *event, const struct responder_options *options, struct responders **ret, struct error *e);
void responders_free(struct responders *r);
static inline void responders_freep(struct responders **r) {
        responders_free(*r);
        *r = NULL;
}

/* Serves n on the link ifindex: opens its sockets, and advertises the router as soon as the event loop has nothing
 * more urgent to do. What is needed of n is copied.
 * Call it before the link is raised, after its addresses are set. A port that another program holds on every address is
 * not an error: it is logged, and tried again until it is free. -EEXIST when the link is served already. */
int responders_add_link(struct responders *r, const struct network *n, int ifindex, struct error *e);

/* The same link with other addresses or MTU: sockets whose address did not change stay as they are. -ENOENT. */
int responders_update_link(struct responders *r, const struct network *n, int ifindex, struct error *e);

/* Sends one router advertisement now: to call when the link gets its carrier, for none can go out before. Unknown
 * links are ignored. */
void responders_advertise(struct responders *r, int ifindex);

/* Another domain behind names: in force at once for DNS and DHCP, and advertised on every link (the one before with a
 * lifetime of zero). -EINVAL: it is none, and nothing has changed. */
int responders_set_domain(struct responders *r, const char *domain);

/* A link of NETWORK_ZONE has any number of clients: n of responders_add_link() is the router alone (zone_router()),
 * members come and go. One that is there already gets the new addresses. -ENOENT: no such link; -ENOMEM. */
int responders_put_member(struct responders *r, int ifindex, const struct network *member);
void responders_remove_member(struct responders *r, int ifindex, const char *name);

/* Closes the link's sockets and forgets its queries. Returns 0, or -ENOENT when it was not served. */
int responders_remove_link(struct responders *r, int ifindex);
