/* Commands in nft's language, by libnftables. Private to this folder. */
#pragma once

#include "base/error.h"

/* Runs text, all of it or nothing. ret_output (may be NULL): what it printed, malloc'd. what: "load the rules", for the
 * message. */
int ruleset_run(const char *text, char **ret_output, const char *what, struct error *e);
