/* What a running guest has to do when its files become those of another spec, so that it need not be restarted. Pure.
 */
#pragma once

#include "guest.h"

/* Lists of units; each is NULL or as strings_free() wants it. */
struct guest_changes {
        char **stop;         /* before their files go */
        char **restart;      /* changed: those that run */
        char **reload;       /* what they read has changed: those that run */
        char **start;        /* wanted at boot, and new or changed */
        bool tmpfiles;       /* systemd-tmpfiles --create */
        const char *problem; /* NULL, or what only a restart of the guest takes up ("the host name") */
};

#define GUEST_CHANGES_INIT ((struct guest_changes){0})
void guest_changes_clear(struct guest_changes *c);

/* *ret must be empty; it is owned by the caller also after a failure, -ENOMEM. */
int guest_changes_make(const struct guest_files *old, const struct guest_files *new, struct guest_changes *ret);
