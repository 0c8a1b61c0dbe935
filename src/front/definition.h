/* A container as create and update make it: configuration read and checked, its tree, its network, and the files of a
 * generation (state/store.h) that follow from them. */
#pragma once

#include "front/command.h"

#include "model/container.h"
#include "model/network.h"
#include "plan/plan.h"
#include "runtime/tree.h"
#include "state/store.h"

#include <jansson.h>

struct definition {
        const char *name;       /* borrowed */
        char *system;           /* as --system has it: "debian" */
        enum provider provider; /* the same, understood */
        char *image;            /* for PROVIDER_IMAGE */
        char *suite;            /* of Debian, or NULL */
        json_t *spec;
        struct container container;
        struct tree tree;       /* empty before definition_prepare() */
        struct network network; /* borrows from container */
};

#define DEFINITION_INIT ((struct definition){.container = CONTAINER_INIT})

void definition_clear(struct definition *d);

/* Exactly one source, one that works, and a system that exists: what can be said without looking anywhere. */
int definition_check_options(const struct invocation *i, struct error *e);

/* Reads the configuration that the options name and checks it. before: the definition whose tree is to be used again
 * unless the options name another, or NULL. No effect. */
int definition_load(const struct invocation *i, const char *name, const struct definition *before,
                    struct definition *ret, struct error *e);

/* The same from a file; system ("auto", "image", ...) and, for "image", where it is. */
int definition_load_file(const char *config, const char *name, const char *system, const char *image,
                         struct definition *ret, struct error *e);

/* The same from a spec that is there; the system is "auto". */
int definition_from_spec(json_t *spec, const char *name, struct definition *ret, struct error *e);

/* Makes or finds the tree. */
int definition_prepare(struct definition *d, runtime_progress_t progress, void *userdata, struct error *e);

/* Allocates what it needs (its own, or something new, kept when `save`) and fills in network. With `save` it needs
 * store_lock(). */
int definition_allocate(struct definition *d, bool save, struct error *e);

/* After d->spec was changed: the container that follows from it. */
int definition_read_spec(struct definition *d, struct error *e);

/* The container's own files, in the root that it has or gets. */
int definition_instantiate(const struct definition *d, struct error *e);

/* A new generation of the container, in force. config: of a nixos-container, what it was made from; NULL for others. */
int definition_save(const struct definition *d, const char *config, struct store_generation *ret, struct error *e);

/* Refuses ports that another container has or a process of the host listens on; the definition must be saved. */
int definition_check_ports(const struct definition *d, struct error *e);

/* A generation, 0: the one in force, with the tree that it was made with; without network. */
int definition_load_generation(const char *name, unsigned generation, struct definition *ret, struct error *e);

/* Adds the steps that make the tree and generation `number` to a dry run. */
void definition_describe(const struct definition *d, unsigned number, json_t *dry_run);
