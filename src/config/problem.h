/* What can be wrong with a config, in words: the same for a config in Nix and for one in JSON.
 *
 * where: "FILE:LINE:COLUMN", or less when that is not known. path: of the option (option_path.h). All return a negative
 * errno for `return problem_...(...)`, after filling e with exit status EXIT_CONTAINER. */
#pragma once

#include "base/error.h"

#include <jansson.h>

int problem_unknown(const char *where, const json_t *path, const json_t *table, struct error *e);
int problem_type(const char *where, const json_t *path, const char *expected, const char *found, struct error *e);
int problem_missing(const char *where, const json_t *path, const char *expected, struct error *e);
int problem_pending(const char *where, const json_t *path, struct error *e);

/* A problem as the portable module set throws it (nix/portable/lib/errors.nix). where: used when it has no position
 * of its own. */
int problem_from_nix(const json_t *problem, const char *where, const json_t *table, struct error *e);

/* Those of e in the order of their positions, each once. */
void problem_sort(struct error *e);
