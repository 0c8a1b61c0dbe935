/* What systemd on the host reads about a container, beside NAME.nspawn:
 *
 *     /etc/systemd/system/systemd-nspawn@NAME.service.d/50-nixos-nspawn.conf
 *     /etc/systemd/system/machines.target.wants/systemd-nspawn@NAME.service -> the unit (activation.autoStart)
 *     /etc/systemd/network/20-ve-NAME.network
 *
 * and, for nixos-containers, whose template unit container@.service is ours:
 *
 *     /etc/systemd/system/container@NAME.service.d/50-nixos-nspawn.conf
 *     /etc/systemd/system/machines.target.wants/container@NAME.service
 *
 * Files and not links into the profile: systemd and networkd may read them before /var is mounted. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

enum host_file {
        HOST_DROP_IN,
        HOST_NETWORK,
        HOST_AUTOSTART,
        HOST_CONTAINER_DROP_IN,
        HOST_CONTAINER_AUTOSTART,
        _HOST_FILE_MAX,
};

/* malloc'd; NULL: out of memory. */
char *host_file_path(enum host_file f, const char *name);

/* Whether it is there, and ours. */
bool host_file_exists(enum host_file f, const char *name);

/* Makes them say what the definition in force says: written, changed or taken away; all of them away when there is no
 * such container. A file there that is not ours is refused (-EEXIST) and left alone, when it would have to be written;
 * when ours would only be taken away it is passed over. changed: set for what was changed, also on failure. The same
 * function is its own way back, after the definition was taken back. Needs store_lock(). */
int host_files_follow(const char *name, bool changed[_HOST_FILE_MAX], struct error *e);
/* The file of the link alone, for a definition that a person wrote: 1 when it was changed. */
int host_network_follow(const char *name, struct error *e);
