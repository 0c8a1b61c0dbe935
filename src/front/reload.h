/* A running container takes up other files without being restarted: its systemd stops, restarts and starts what
 * changed. */
#pragma once

#include "front/definition.h"

#include "config/guest_changes.h"

struct reload {
        struct guest_changes forward, back;
};

#define RELOAD_INIT ((struct reload){.forward = GUEST_CHANGES_INIT, .back = GUEST_CHANGES_INIT})
void reload_clear(struct reload *r);

/* What there is to do between the two definitions, whose trees are there. *ret_problem: NULL, or why the container has
 * to be restarted instead ("its packages change"). */
int reload_prepare(const struct definition *old, const struct definition *new, struct reload *ret,
                   const char **ret_problem, struct error *e);

/* Before the files change, and after; what fails is the error. */
int reload_before(const char *name, const struct guest_changes *changes, struct error *e);
int reload_after(const char *name, const struct guest_changes *changes, struct error *e);
