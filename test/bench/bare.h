/* The floor: the kernel calls of one attach and one detach, made by a program that knows everything beforehand and
 * checks nothing but that they worked. libmnl and libnftnl, no engine. */
#pragma once

#include "model/network.h"

struct bare;

struct bare *bare_open(void);
void bare_close(struct bare *b);
/* Both exit with a message when the kernel refuses. */
void bare_attach(struct bare *b, const struct network *n, int netns_fd);
void bare_detach(struct bare *b, const struct network *n);
