/* The containers that are defined on this host: profiles with generations, and the spec in each.
 *
 *     PATH_PROFILES/NAME/system -> system-2
 *     PATH_PROFILES/NAME/system-2/nixos-nspawn/{spec.json,data.json,NAME.nspawn,20-host0.network}
 *     PATH_UNITS/NAME.nspawn -> PATH_PROFILES/NAME/system/nixos-nspawn/NAME.nspawn
 *
 * A generation is complete and on disk before `system` points to it, and never changes afterwards. Whatever changes
 * something here needs store_lock(); readers need nothing. */
#pragma once

#include "base/error.h"
#include "base/string-list.h"
#include "model/container.h"
#include "model/network.h"

#include <jansson.h>

/* The lock of definitions and allocations. Returns the descriptor, whose closing lets go; waits at most timeout_ms
 * (-1: for ever), then -EAGAIN with a message that says who holds it. */
int store_lock(int timeout_ms, struct error *e);

/* Names of all containers of both kinds, with a profile of ours or a conf (confs.h), sorted; NULL-terminated, owned
 * (free each and the list, or strings_free()). */
int store_list(char ***ret);
bool store_exists(const char *name);
/* It does, or a person wrote a NAME.nspawn (foreign.h), by which it can be run. */
bool store_runs(const char *name);
/* -ENOENT: no such container. One with a conf is a nixos-container; it may have a profile too, which then has no
 * NAME.nspawn. */
int store_kind(const char *name, enum container_kind *ret);

/* The spec of a generation, 0: the current one. -ENOENT: no such container, or no such generation. */
int store_load_spec(const char *name, unsigned generation, json_t **ret, struct error *e);

/* spec, conf, or a person's NAME.nspawn -> container (config/ does the parsing). */
int store_load(const char *name, struct container *ret, struct error *e);
/* The same for who knows the kind, having listed the containers just now: one look at the disk less for each. */
int store_load_kind(const char *name, enum container_kind kind, struct container *ret, struct error *e);

/* PATH_PROFILES/NAME/system-N/nixos-nspawn, or, 0, PATH_PROFILES/NAME/system/nixos-nspawn; malloc'd. */
char *store_generation_path(const char *name, unsigned generation);

/* Whether new links on this host get IPv6. Where they do not, containers have IPv4 alone. */
bool store_host_has_v6(void);

/* Everything at once: spec, allocation (must exist), machine id -> network. c is filled too, as the network borrows
 * from it. Both are the caller's to clear. */
int store_load_network(const char *name, struct container *c, struct network *ret, struct error *e);
/* From a container and what is allocated to it, whichever kind of network it has; c must outlive ret. IPv6
 * is in it whether or not the host has any (store_host_has_v6(), network_drop_v6()). */
struct allocations;
int store_network(const struct container *c, const struct allocations *a, const uint8_t machine_id[16],
                  struct network *ret, struct error *e);
/* The same for who keeps allocations and machine id in memory: the cost of one does not grow with their number. */
int store_compute_network(const char *name, const struct allocations *a, const uint8_t machine_id[16],
                          struct container *c, struct network *ret, struct error *e);

/* A file of a generation beside spec.json and data.json, which the store writes itself from the spec. */
struct store_file {
        const char *name; /* "example.nspawn", "20-host0.network" */
        const char *content;
};

struct store_generation {
        unsigned number;   /* made by store_save_generation() */
        unsigned previous; /* current before; 0: there was none */
};

/* Makes the next generation and switches to it: all or nothing, also over a crash. The first one makes the profile.
 * Refuses an invalid name, and a new one that differs from another container's only by case.
 * Undo: store_drop_generation(). */
int store_save_generation(const char *name, const json_t *spec, const struct store_file *files, size_t n_files,
                          struct store_generation *ret, struct error *e);

/* Takes a generation back: `system` points to g->previous again (g->previous = 0: the profile goes), g->number is
 * removed. Harmless twice, and when the save had failed. No undo. */
int store_drop_generation(const char *name, const struct store_generation *g, struct error *e);

/* Numbers of the generations there are, ascending; malloc'd. -ENOENT: no such container. */
int store_generations(const char *name, unsigned **ret, size_t *ret_n);
/* The one that `system` points to; -ENOENT: none. */
int store_current_generation(const char *name, unsigned *ret);
/* The latest one before the current; -ENOENT: nothing to go back to. */
int store_previous_generation(const char *name, unsigned *ret);
/* Points `system` to a generation that exists. Undo: switch to the one before. */
int store_switch_generation(const char *name, unsigned number, struct error *e);

/* PATH_UNITS/NAME.nspawn -> the profile's, through the mutable `system`, so once a container is enough. A file there
 * that is not ours is refused (-EEXIST) and left alone; ours already there: 0. Undo: store_unlink(). */
int store_link(const char *name, struct error *e);
/* Takes the link away; absent, or somebody else's file: 0 and nothing done. Undo: store_link(). */
int store_unlink(const char *name, struct error *e);

/* Removes the profile with all generations. Absent: 0. The first effect is one rename, after which the container does
 * not exist; when the rest fails, what is left is hidden, harmless, and removed by the next call. No undo: do it last.
 */
int store_remove(const char *name, struct error *e);

struct store_conflict {
        char name[CONTAINER_NAME_MAX + 1]; /* whose forward is in the way */
        struct forward wanted, existing;
};

/* Whether one of the forwards is in the way of another container's (running or not, name's own excepted). 1: yes, *ret
 * (may be NULL) tells and e has the message; 0: no. Reads a cache in PATH_RUN that it keeps right by itself. */
int store_forward_conflict(const char *name, const struct forward *forwards, size_t n, struct store_conflict *ret,
                           struct error *e);

/* The 16 raw bytes of /etc/machine-id. */
int machine_id_get(uint8_t ret[16], struct error *e);
