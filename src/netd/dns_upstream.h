/* The host's DNS resolvers: those of /etc/resolv.conf, and others for the domains that have a file in a folder.
 *
 * Both are looked at again when a name is to be resolved, at most once a second, and read when they changed; there is
 * nothing to watch while nobody asks. */
#pragma once

#include "proto/dns-name.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define DNS_SERVERS_MAX 3 /* as in resolv.conf(5) */

union dns_address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
};

struct dns_servers {
        union dns_address list[DNS_SERVERS_MAX];
        unsigned n;
};

struct dns_domain {
        struct dns_name name;
        struct dns_servers servers;
};

struct dns_upstream {
        char *resolv_conf, *folder;
        uint64_t checked_at; /* microseconds; 0: never */
        uint64_t stamp;      /* of everything that was read */
        struct dns_servers servers;
        struct dns_domain *domains;
        size_t n_domains;
        unsigned preferred; /* of servers: the one that answered when the first did not */
        uint64_t preferred_at;
};

/* -ENOMEM. Reads nothing yet. */
int dns_upstream_init(struct dns_upstream *u, const char *resolv_conf, const char *folder);
void dns_upstream_clear(struct dns_upstream *u);

/* The resolvers for a name, best first. now: microseconds. */
void dns_upstream_find(struct dns_upstream *u, uint64_t now, const struct dns_name *name, struct dns_servers *ret);

/* The server answered while one before it did not: it is asked first for a while. */
void dns_upstream_prefer(struct dns_upstream *u, uint64_t now, const union dns_address *server);

/* The "nameserver" lines of a resolv.conf(5) text. Without one it is 127.0.0.1, when local_default, else none. */
void dns_servers_parse(const char *text, bool local_default, struct dns_servers *ret);

socklen_t dns_address_size(const union dns_address *a);
bool dns_address_equal(const union dns_address *a, const union dns_address *b);
