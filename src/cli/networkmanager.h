/* NetworkManager on the host. */
#pragma once

#include "base/error.h"

#include <jansson.h>

#define PATH_NETWORKMANAGER "/etc/NetworkManager"

/* Has it read its configuration again. When it does not run there is nobody to tell; it reads the files when it
 * starts. */
void networkmanager_reload(void);

/* networking.networkmanager.unmanaged of the host's configuration (may be NULL), borrowed. */
const json_t *networkmanager_unmanaged(const json_t *host);
/* Texts of the file that says so: of the one that is there, and of the one that host wants; "" for none. malloc'd. */
int networkmanager_load(const json_t *host, char **ret_before, char **ret_after, struct error *e);
/* Writes it, or with "" removes it, and has it read. */
int networkmanager_write(const char *text, struct error *e);
