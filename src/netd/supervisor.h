/* What netd wants to know of a container's supervisor, or unit: whether it lives. */
#pragma once

/* 1: the lock of PATH_CONTAINERS/NAME is held (under systemd: the unit has a cgroup); 0: it is not, the container is
 * over; -ENOENT: there is no such lock, somebody else runs the container. */
int supervisor_lives(const char *name);
