/* NAME.nspawn as a person wrote it, in the syntax of systemd.syntax(7). */
#pragma once

#include "base/error.h"
#include "model/container.h"

/* text: NUL-terminated. shown: what the file is called in messages. ret: its network, its ports, and (hand, exec,
 * files) what systemd-nspawn is told beside. All that is wrong is told at once, each with its line and key. Pure. */
int nspawn_file_to_container(const char *text, const char *name, const char *shown, struct container *ret,
                             struct error *e);
