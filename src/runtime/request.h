/* Talking to a container's supervisor: starting one, and asking it for something. */
#pragma once

#include "base/error.h"
#include "runtime/runtime.h"

#include <jansson.h>

/* Sends request (consumed) to the supervisor of name and reads until the answer. 0: it went well; *ret (may be NULL) is
 * the answer. -ECONNREFUSED: there is no supervisor; -ECONNRESET: it was killed meanwhile (e set in both cases). */
int supervisor_request(const char *name, json_t *request, runtime_progress_t progress, void *userdata, json_t **ret,
                       struct error *e);

/* Starts one in a session of its own and waits until the container is ready (adopt: until the supervisor has taken
 * over what runs). -EALREADY: there is one. -ECONNRESET: it was killed. */
int supervisor_spawn(const char *name, bool adopt, runtime_progress_t progress, void *userdata, struct error *e);
