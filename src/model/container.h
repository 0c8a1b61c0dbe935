/* What a container is, as far as this side of the spec JSON cares: one struct for every front-end.
 *
 * It is filled from the spec (config/spec.h) and never changed afterwards. Strings are owned. */
#pragma once

#include "base/address.h"
#include "model/host_access.h"
#include "model/link_settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum protocol {
        PROTOCOL_TCP,
        PROTOCOL_UDP,
};

const char *protocol_name(enum protocol p); /* "tcp", "udp" */
uint8_t protocol_number(enum protocol p);   /* IPPROTO_TCP, IPPROTO_UDP */

/* One forward: count ports from host_port on go to container_port on. */
struct forward {
        enum protocol protocol;
        uint16_t host_port;
        uint16_t container_port;
        uint16_t count;      /* 1 unless a range */
        struct address bind; /* AF_UNSPEC: every local address of both families */
};

enum network_mode {
        NETWORK_VETH, /* the default: ve-NAME <-> host0 */
        NETWORK_ZONE,
        NETWORK_BRIDGE,
        NETWORK_NONE, /* private, loopback only */
        NETWORK_HOST, /* shares the host's */
};

enum container_kind {
        CONTAINER_NSPAWN, /* of nixos-nspawn */
        CONTAINER_NIXOS,  /* of nixos-container */
};
const char *container_kind_name(enum container_kind k); /* "nixos-nspawn", "nixos-container" */

/* What a nixos-container says of the two ends of a pair; AF_UNSPEC where it says nothing. */
struct end {
        struct prefix host_v4, host_v6, local_v4, local_v6; /* /32 and /128 unless a length was given */
        bool has_mac;
        struct mac mac; /* the container's */
        char *bridge;   /* that the host's end joins, or NULL */
};

/* A pair beside the one with host0 or eth0. */
struct extra_veth {
        char *name;   /* of the host's end */
        char *inside; /* of the other one; NULL: the same */
        struct end end;
};
#define EXTRA_VETHS_MAX 8

enum start {
        START_UNSAID,
        START_BOOT,    /* systemd-nspawn looks for an init */
        START_PROGRAM, /* a program is the first process */
        START_SECOND,  /* or the second, after one that systemd-nspawn brings along */
};

/* What a NAME.nspawn of a person's says beside the network and ports. */
struct hand {
        char *path; /* of the file */
        enum start start;
        char **parameters; /* values of Parameters=, as they are; NULL-terminated, NULL when there are none */
        int kill_signal;   /* that a clean stop begins with; 0: there is none */
        bool other_user;   /* not root */
};

/* Which of its addresses other machines reach that route them to the host, without a forward. */
enum outside_access {
        OUTSIDE_GLOBAL, /* global IPv6 addresses */
        OUTSIDE_ALL,
        OUTSIDE_NONE,
};

struct container {
        char *name;
        enum container_kind kind;
        char *root; /* the folder, absolute; NULL: PATH_MACHINES/NAME (container_root()) */
        enum network_mode mode;
        char *attached_to;         /* name of the zone or bridge, else NULL */
        bool isolated;             /* from other isolated members of its zone */
        struct host_access access; /* of NETWORK_VETH */
        struct forward *forwards;
        size_t n_forwards;
        char **bind_mounts; /* "HOST:CONTAINER[:OPTIONS]", NULL-terminated */
        bool ephemeral;
        bool user_namespacing;
        bool auto_start;
        uint64_t timeout_start_usec;
        struct link_settings host_settings, container_settings; /* of the two ends of the link with host0 */
        enum outside_access outside_access;

        /* Lists are NULL-terminated, and NULL when empty. */
        struct end end; /* of eth0; of a member of a bridge: host_v4 and host_v6 are its routers */
        struct extra_veth *extra_veths;
        size_t n_extra_veths;
        char **interfaces;          /* of the host, moved inside: "IF" or "IF:NAME" */
        char **macvlans, **ipvlans; /* links inside on top of one of the host's: likewise */

        /* Of CONTAINER_NSPAWN only: further "KEY=VALUE" lines of the sections of NAME.nspawn. */
        char **exec, **files;
        struct hand *hand; /* a person wrote it; owned. Its ports are forwarded by systemd-nspawn */

        /* Of CONTAINER_NIXOS only. */
        char *network_namespace; /* path of somebody else's */
        char **extra_flags;      /* further arguments of systemd-nspawn */
        char **allowed_devices;  /* "NODE:ACCESS", letters of "rwm", beside those of bind_mounts */
        char *private_users;     /* what PRIVATE_USERS says, or NULL */
        char *system_path;       /* a tree with usr/, or a NixOS system with init; NULL: the profile says */
        bool private_network;
        bool copy_resolver; /* the host's resolv.conf is copied at each start */
};

#define CONTAINER_INIT                                                                                                 \
        ((struct container){.user_namespacing = true, .auto_start = true, .timeout_start_usec = 90000000})

void container_clear(struct container *c);
void end_clear(struct end *end);

/* The root folder; malloc'd, NULL when there is no memory. */
char *container_root(const struct container *c);

/* The pair with host0 or eth0 is there: veth, zone, bridge. */
bool container_has_link(const struct container *c);
/* Any of its links has the host's end here, so that nspawn-netd has something to do. */
bool container_is_attached(const struct container *c);

/* The two overlap on some host port: same protocol, ranges that meet, bind addresses that are equal or one of
 * them every address. Pure. */
bool forward_conflicts(const struct forward *a, const struct forward *b);
