/* Files that a spec asks for inside the guest: services, units, firewall, host name, environment.etc. Pure. */
#pragma once

#include "base/error.h"
#include "model/network.h"

#include <jansson.h>
#include <sys/types.h>

struct guest_file {
        char *path;    /* absolute, inside the guest */
        char *content; /* NULL when it is a symlink */
        char *target;  /* NULL when it is a file */
        char *user;    /* NULL: root; "+7": the number; else a name of the guest's /etc/passwd */
        char *group;   /* the same of /etc/group */
        mode_t mode;
};

struct guest_files {
        struct guest_file *files; /* sorted by path, no path twice, no path below another */
        size_t n;
        size_t capacity;
};

void guest_files_clear(struct guest_files *f);
/* *ret must be empty; owned by the caller afterwards, empty after a failure. */
int guest_files_make(const json_t *spec, struct guest_files *ret, struct error *e);

/* The text of NAME.nspawn (no Port=: the engine owns forwards), of 20-host0.network, and of the first process's
 * PATH_GUEST_NETWORK file. Pure; malloc'd, NULL when out of memory. usr: bound read-only at /usr, or NULL. init:
 * program of PID 1. suffix: the domain of containers' names. idmap: whether usr and the bind mounts can be ID-mapped
 * (struct tree says so); it only matters with a user namespace: without it, the files there seem to belong to nobody.
 */
char *guest_nspawn_file(const struct container *c, const char *usr, bool idmap, const char *init);
/* The same of a container that a person wrote, whose network is ours to make: his settings, and what we add. */
char *guest_hand_file(const struct container *c);
char *guest_network_file(const struct container *c, const struct network *n, const char *suffix);
char *guest_first_file(const struct network *n, uint64_t deadline_msec);
