/* Copying folders of a tree into a container's root: owners, modes, times, extended attributes. */
#pragma once

#include <sys/types.h>

/* Copies NAME (anything) of the folder `from` into the folder `to`, with everything below it. What is there already
 * stays as it is; folders that both have are merged. shift is added to owners. Sockets, devices and FIFOs are left
 * out. No symlink is followed, on either side. -errno of the first failure, which ends it. */
int tree_copy(int from, int to, const char *name, uid_t shift);
