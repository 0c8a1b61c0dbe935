/* The links of the host that a container's network is made with, looked at before anything starts. */
#pragma once

#include "base/error.h"
#include "model/network.h"

/* Refuses, with what to do: a bridge or parent that is not there, a name that a link of the host has already, a kind of
 * link that the kernel cannot make. running: the same container before a change, whose interfaces are inside and will
 * be back; NULL when it does not run. */
int links_check(const struct container *c, const struct container *running, struct error *e);

/* Besides, what is needed only now that it starts: waits until links of an earlier run are gone, and tells
 * systemd-nspawn that interfaces may be taken where there is no udev to tell it. */
int links_prepare(const struct container *c, const struct network *n, struct error *e);

/* Waits until the host's ends of the network of a container that has ended are gone, so that whoever is told so sees no
 * link of it: the kernel takes them away some time after the last process of its network namespace. One that stays is
 * somebody else's, and for the next start to refuse. */
void links_wait_ended(const char *name);
