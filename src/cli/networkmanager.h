/* NetworkManager on the host. */
#pragma once

/* Has it read its configuration again. When it does not run there is nobody to tell; it reads the files when it
 * starts. */
void networkmanager_reload(void);
