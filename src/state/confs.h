/* The conf files of nixos-containers (config/conf.h reads one):
 *
 *     PATH_CONFS/NAME.conf       root folder PATH_STATES/NAME
 *     PATH_CONFS_OLD/NAME.conf   root folder PATH_STATES_OLD/NAME, as before NixOS 22.05
 *
 * Changing one needs store_lock(). */
#pragma once

#include "base/error.h"
#include "config/conf.h"

/* Where NAME's conf is, the first of the two; malloc'd. ret_old may be NULL. -ENOENT: none, or no name. */
int confs_find(const char *name, char **ret_path, bool *ret_old);

/* ret_path may be NULL. -ENOENT when there is none. */
int confs_load(const char *name, struct conf *ret, char **ret_path, struct error *e);
/* Where it is, or in PATH_CONFS; atomically. Declared ones cannot be written to (SPEC D.2). Undo: save the old one, or
 * remove. */
int confs_save(const char *name, const struct conf *c, struct error *e);
/* Absent: 0. */
int confs_remove(const char *name, struct error *e);

/* Names, sorted; NULL-terminated, owned. */
int confs_list(char ***ret);

/* The container, with its root folder. */
int confs_load_container(const char *name, struct container *ret, struct error *e);

/* Appends what the confs of all containers but `except` (or NULL) say of addresses, whatever their lengths, as single
 * addresses: what an allocator has to leave alone. *list: malloc'd, may be NULL with *n 0. A conf that cannot be
 * read is an error: its addresses might be given to somebody else. */
int confs_append_addresses(const char *except, struct prefix **list, size_t *n, struct error *e);

/* An address of c (conf.h: conf_address_clash()) that the conf of another container has, unless skip_declared and that
 * one is declared. *ret_other: its name, malloc'd. 1: there is one. */
int confs_address_clash(const struct container *c, bool skip_declared, const char **ret_key, char **ret_other,
                        struct error *e);
