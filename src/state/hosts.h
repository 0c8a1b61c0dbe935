/* Names in hosts(5): each line of ours ends in a mark, so that nobody else's is ever changed. Pure: text in, text out.
 */
#pragma once

#include <stddef.h>

/* The text with exactly these lines of ours ("10.233.1.2 foo.containers"), in place of those that are there, or at its
 * end. No lines: what hosts_write() added to a text without any is taken out to the byte. *ret is malloc'd. Returns 1,
 * 0 when the text stays as it is, -ENOMEM. */
int hosts_write(const char *text, char *const *lines, char **ret);

/* Ours, without the mark; NULL-terminated, owned (strings_free()). */
int hosts_read(const char *text, char ***ret);
