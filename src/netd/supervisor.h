/* What netd wants to know of a container's supervisor: whether it lives. */
#pragma once

/* 1: the lock of PATH_CONTAINERS/NAME is held; 0: it is free, the container is over; -ENOENT: there is no such lock,
 * somebody else runs the container. */
int supervisor_lives(const char *name);
