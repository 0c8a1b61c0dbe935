/* Every container that this host knows, whoever defined it: those of ours, those that a host configuration declares,
 * and .nspawn files of others, which are shown and never touched. */
#pragma once

#include "base/error.h"
#include "model/container.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum origin {
        ORIGIN_IMPERATIVE,
        ORIGIN_DECLARATIVE,
        ORIGIN_UNMANAGED,
};

const char *origin_name(enum origin o);
int origin_parse(const char *s, enum origin *ret);

struct entry {
        char *name;
        char *unit_file; /* PATH/NAME.nspawn, also when it is not there; of a nixos-container its conf */
        enum origin origin;
        enum container_kind kind;
};

struct inventory {
        struct entry *entries; /* sorted by name */
        size_t n;
        bool has_declared; /* the host's configuration may declare some */
};

#define INVENTORY_INIT ((struct inventory){0})

void inventory_clear(struct inventory *i);
int inventory_load(const char *unit_directory, struct inventory *ret, struct error *e);
const struct entry *inventory_find(const struct inventory *i, const char *name);

/* The entry, refused unless it is a container that may be started and entered: unknown (EXIT_USAGE, "Container NAME
 * does not exist!"), declarative (EXIT_CONTAINER). verb: "update". NULL on failure. */
const struct entry *inventory_runnable(const struct inventory *i, const char *name, const char *verb, struct error *e);
/* Likewise, refused when a person defined it by a file of his own: what changes definitions leaves that alone. */
const struct entry *inventory_usable(const struct inventory *i, const char *name, const char *verb, struct error *e);
/* The entry, refused as well unless nixos-nspawn defines it: then other: what is to be used instead, such as
 * "nixos-container update". */
const struct entry *inventory_own(const struct inventory *i, const char *name, const char *verb, const char *other,
                                  struct error *e);
