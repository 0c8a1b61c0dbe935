/* What systemd and the kernel say about a container's unit. */
#pragma once

#include "runtime/kind.h"
#include "runtime/process.h"
#include "runtime/systemd/bus.h"

struct unit_state {
        char *active; /* "active", "inactive", ...; NULL: it is not loaded */
        uint32_t job; /* that waits or runs for it; 0: none */
};

void unit_state_clear(struct unit_state *s);
/* One call; loads nothing. */
int unit_look(sd_bus *bus, const char *unit, struct unit_state *ret, struct error *e);

/* "start", "stop", ...; malloc'd. An error of a job that is done meanwhile: what it did has to be looked at again. */
int job_type(sd_bus *bus, uint32_t job, char **ret);

/* Whether systemd is stopping, or is about to stop, a container: nothing that they are ordered after is started
 * meanwhile (systemd.unit(5), After=). */
bool units_stop(sd_bus *bus);

enum runtime_state unit_runtime_state(const char *active);

/* The unit's folder in the cgroup tree, malloc'd. -ENOENT: it has none. */
int unit_group(sd_bus *bus, const char *unit, char **ret);
/* The container's first process: of systemd-nspawn's children the one that is 1 in its own namespace, which the kernel
 * says whether machined runs or not. -ESRCH: none (yet). */
int unit_leader(const char *group, struct process *ret);

/* runtime.h's */
int unit_status(const char *name, struct runtime_status *ret, struct error *e);
int unit_survey(struct runtime_survey **ret, struct error *e);
