/* What --dry-run prints: the plan of the network from the planner, and what else would be done, step by step. */
#pragma once

#include "front/command.h"

#include "model/network.h"
#include "plan/plan.h"

#include <jansson.h>

enum dry_run_plan {
        DRY_RUN_START, /* all that makes a container's network */
        DRY_RUN_STOP,  /* what takes it away */
        DRY_RUN_CHANGE,
};

/* {"dryRun": true, "name": NAME, "steps": [...], "operations": []}. NULL: no memory. Of a zone when "zone" is added. */
json_t *dry_run_new(const char *name);

/* Adds a step, a sentence without a full stop in the imperative: "make /var/lib/machines/example". */
void dry_run_step(json_t *object, const char *fmt, ...) _printf_(2, 3);

/* Adds what systemd on this host is told, where it runs. container: NULL when it is removed. */
void dry_run_host_files(json_t *object, const char *name, const struct container *container);

/* Adds the folders that are made for bind mounts. */
int dry_run_folders(json_t *object, const struct container *container, struct error *e);

/* Adds the operations on the network. from: only for DRY_RUN_CHANGE. */
int dry_run_network(json_t *object, enum dry_run_plan what, const struct network *from, const struct network *to,
                    struct error *e);

/* Adds the plan's operations. container: whose inside is changed, where that is not object's own name; or NULL.
 * -ENOMEM. */
int dry_run_operations(json_t *object, const char *container, const struct plan *plan);
/* Prints them, a line each. */
void dry_run_print_operations(struct output *o, const json_t *object);

/* The same of a zone and n members, old and new: the host's side, then what they have inside. */
int dry_run_zone(json_t *object, const struct zone_network *from, const struct zone_network *to,
                 const struct network *const *old, const struct network *const *new, size_t n, struct error *e);

/* Prints one or several (an array); takes value over. */
int dry_run_print(struct invocation *i, json_t *value, struct error *e);
