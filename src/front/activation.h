/* What a running container does about a new definition: what is different, and what the strategy allows. */
#pragma once

#include "front/change.h"
#include "front/command.h"

/* --strategy, else the configuration's, else a restart. */
int activation_strategy(const struct invocation *i, const json_t *spec, enum strategy *ret, struct error *e);

/* Loads the definition that the container runs with into c->base, when that is not c->old. */
int activation_load_base(struct change *c, const char *name, struct error *e);

/* Fills c->differences and c->effect; again when the trees are there. Refuses what the strategy does not allow. */
int activation_decide(struct change *c, struct error *e);

/* Says on standard error what is done to a nixos-container that runs, and, if it is restarted, why. */
void activation_say(const struct change *c);

/* Adds them to a dry run. */
int activation_describe(const struct change *c, json_t *dry_run, struct error *e);
