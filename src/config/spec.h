/* Reading the spec JSON into the model. */
#pragma once

#include "base/error.h"
#include "model/container.h"

#include <jansson.h>

#define SPEC_VERSION 1

/* Fills ret from a spec, checking all over again (the file on disk may be old or damaged): ports, ranges, names,
 * doubles, options that are declared but do not work yet ("not yet" naming the option). */
int spec_to_container(const json_t *spec, const char *name, struct container *ret, struct error *e);

/* What is wrong with a spec: each message begins with the name of the option that it is about. */
int spec_check(const json_t *spec, const char *name, struct error *e);
