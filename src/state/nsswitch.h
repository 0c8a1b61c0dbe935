/* Putting `nspawn` into the hosts: line of nsswitch.conf(5), and taking it out again. Pure: text in, text out. */
#pragma once

#include <stdbool.h>

/* Whether a hosts: line asks the nspawn service. */
bool nsswitch_has(const char *text);

/* The text with `nspawn` on its hosts: line: right after `files` (with its action, if it has one), but before the first
 * service that keeps later ones from being asked, such as `resolve [!UNAVAIL=return]` or `dns`. Everything else,
 * comments, blanks and order, stays byte for byte. Without a hosts: line one is added at the end, with what glibc does
 * in its absence. *ret is malloc'd. Returns 1, or 0 when it is there already (*ret is then a copy). */
int nsswitch_add(const char *text, char **ret);

/* The exact reverse: nsswitch_remove(nsswitch_add(text)) is text. *ret is malloc'd. Returns 1, or 0 when there was
 * nothing to take out. */
int nsswitch_remove(const char *text, char **ret);
