/* Files of the host that a config names, read into it, so that the spec is whole. */
#pragma once

#include "base/error.h"

#include <jansson.h>

/* environment.etc.NAME: the text of source, where it is set, becomes text, and source null. Refuses both, and neither;
 * messages begin with the option. */
int config_read_sources(json_t *config, struct error *e);
