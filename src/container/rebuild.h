/* update of a container whose system Nix builds: built again, made the profile's, and taken up by a container that
 * runs. */
#pragma once

#include "container/build.h"

/* 1: the options say that Nix builds it, or the conf does; *ret is what it is built from. 0: it is not built by Nix. */
int rebuild_wanted(const struct invocation *i, const char *name, struct build *ret, struct error *e);

/* text: a new configuration, or NULL: the one before. When it fails before the container takes the system up, all is as
 * it was. */
int rebuild_run(struct invocation *i, const char *name, const struct build *b, const char *text, bool running,
                struct error *e);
