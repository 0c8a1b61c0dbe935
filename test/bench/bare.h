/* The floor: the kernel calls of one attach and one detach, made by a program that knows everything beforehand and
 * checks nothing but that they worked. libmnl and libnftnl, no engine. */
#pragma once

#include "model/network.h"

struct bare;

struct bare *bare_open(void);
void bare_close(struct bare *b);
/* Both exit with a message when the kernel refuses. */
void bare_attach(struct bare *b, const struct network *n, int netns_fd);
/* The host's side of a pair that systemd-nspawn made: a look at it, and its addresses, neighbours and raising. */
void bare_link(struct bare *b, const struct network *n);
/* The pair itself, the container's end in the namespace. */
void bare_create(struct bare *b, const struct network *n, int netns_fd);
void bare_delete(struct bare *b, const struct network *n);
/* What is left of bare_attach() then: the elements. */
void bare_dismiss(struct bare *b, const struct network *n);
/* Both. */
void bare_detach(struct bare *b, const struct network *n);
