/* A spec's text, of which the model needs a quarter: the rest is what runs inside. */
#pragma once

#include <jansson.h>

/* *ret: a spec that has only "version" and the "nixosContainer" and "systemd.nspawn" of its "config", without the
 * options that have their defaults; the rest is passed over, though not without looking whether it ends where it
 * should. -EBADMSG when the text has not the form that we write: then all of it has to be parsed, which also tells what
 * is wrong. */
int spec_text_options(const char *text, size_t size, json_t **ret);
