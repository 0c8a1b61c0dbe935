/* What every Varlink service answers: who it is, and what its interfaces look like; and the lookup of methods and
 * the check of their parameters by the tables. Pure. */
#pragma once

#include "varlink-server.h"

#define VARLINK_SERVICE "org.varlink.service"

const struct varlink_method *varlink_method_find(const struct varlink_interface *i, const char *name);

/* NULL when parameters (an object) fit the method, else the name of the first that does not. Borrowed. */
const char *varlink_parameters_check(const struct varlink_method *m, json_t *parameters);

/* method: "org.varlink.service.…". Returns 0 with either *ret (owned by the caller) or *ret_error, a full error name
 * with its one parameter (borrowed). */
int varlink_service_call(const struct varlink_interface *i, const char *method, json_t *parameters, json_t **ret,
                         const char **ret_error, const char **ret_key, const char **ret_value);
