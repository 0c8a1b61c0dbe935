/* One key of a nixos-container's conf. */
#pragma once

#include "model/container.h"

/* Into c what value says; an empty value says nothing, an unknown key neither. -EINVAL with *ret_problem, static text
 * that says what was expected; -ENOMEM. */
int conf_read_key(struct container *c, const char *key, const char *value, const char **ret_problem);
