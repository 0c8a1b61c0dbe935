/* Evaluating a config in Nix by running nix-instantiate. */
#pragma once

#include "base/error.h"

#include <jansson.h>

/* file: absolute. shown: what the person called it, for messages. set: "options" or "host". name: the container's.
 * table: of options. *ret: what nix/portable/evaluate.nix makes. */
int nix_evaluate(const char *file, const char *shown, const char *set, const char *name, const json_t *table,
                 json_t **ret, struct error *e);

/* What Nix said (stderr, log format internal-json, NUL-terminated) as one error; never without words. portable: the
 * folder of the portable options, where no error of a person's is. Returns a negative errno. Pure. */
int nix_error(const char *text, const char *file, const char *shown, const char *portable, const json_t *table,
              struct error *e);

/* One line without colours and control characters: what a message of Nix may become in ours. malloc'd, or NULL. */
char *nix_plain(const char *s);
