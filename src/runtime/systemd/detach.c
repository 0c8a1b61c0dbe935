/* nspawn-unit does it at the end of each run, and the command line where it could not. */
#include "detach.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "netd/client.h"
#include "runtime/guest.h"
#include "runtime/leftovers.h"
#include "runtime/links.h"
#include "runtime/record.h"
#include "runtime/systemd/machined.h"
#include "runtime/systemd/unit.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define NETD_TIMEOUT_MS 30000
#define LOOKS_MAX       20

/* The guest's folder goes last: by that it is seen that there is something to do. */
int unit_clear_up(const char *name, struct error *e) {
        _cleanup_(freep) char *folder = supervisor_path(name, NULL);
        int r = leftovers_remove(name, e), k;

        machine_forget(name);
        k = guest_folder_remove(name);
        if (k < 0)
                k = error_errno(r < 0 ? NULL : e, k, EXIT_FAILED, "Cannot remove " PATH_CONTAINERS "/%s/guest", name);
        if (folder) /* unless a refusal is in it */
                (void) rmdir(folder);
        return r < 0 ? r : k;
}

/* What nspawn-netd notes before it makes anything. */
static bool is_attached(const char *name) {
        _cleanup_(freep) char *record = format(PATH_ATTACHED "/%s.json", name);

        return !record || access(record, F_OK) == 0;
}

/* userdata: where the connection to PID 1 is kept, which only a daemon that does not live is a reason to open. */
static bool daemon_may_come(void *userdata) {
        sd_bus **bus = userdata;

        return (!*bus && bus_open(bus, NULL) < 0) || !units_stop(*bus);
}

/* 1: it is off and stays so. A stop of a unit that has ended, for which machined asks when a container ended badly,
 * changes nothing, and is done within a moment. */
static int is_off(sd_bus *bus, const char *unit, struct error *e) {
        for (int i = 0; i < LOOKS_MAX; i++) {
                _cleanup_(unit_state_clear) struct unit_state state = {0};
                _cleanup_(freep) char *type = NULL;
                int r = unit_look(bus, unit, &state, e);

                if (r < 0)
                        return r;
                if (unit_runtime_state(state.active) != RUNTIME_OFF)
                        return 0;
                if (state.job == 0)
                        return 1;
                if (job_type(bus, state.job, &type) >= 0)
                        return strcmp(type, "stop") == 0;
        }
        return 0; /* others start and stop it all the time */
}

/* unit: who takes it away is not in it, so that somebody may start it while the daemon is waited for; else NULL. */
static void take_network_away(const char *name, sd_bus **bus, const char *unit) {
        _cleanup_(error_clear) struct error unheard = ERROR_INIT;
        int r;

        if (!is_attached(name) && !lock_is_held(PATH_NETD_LOCK))
                return;
        r = netd_ensure_while(daemon_may_come, bus, &unheard);
        if (r >= 0 && unit && is_off(*bus, unit, NULL) <= 0)
                return;
        if (r >= 0)
                r = netd_call("Detach", json_pack("{s:s}", "name", name), NETD_TIMEOUT_MS, NULL, &unheard);
        if (r < 0)
                log_warning("%s; nspawn-netd will find the end of %s by itself", error_message(&unheard), name);
}

void unit_wait_links(sd_bus *bus, const char *unit, const char *name) {
        if (is_off(bus, unit, NULL) > 0)
                links_wait_ended(name);
}

int unit_detach(const char *name, struct error *e) {
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r = unit_clear_up(name, e);

        take_network_away(name, &bus, NULL);
        return r;
}

int unit_recover(const char *name, struct error *e) {
        _cleanup_(freep) char *guest = supervisor_path(name, "guest"), *unit = unit_name(name);
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r;

        if (!guest || !unit)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot look for %s", name);
        if (geteuid() != 0 || (access(guest, F_OK) < 0 && !is_attached(name)))
                return 0;
        r = bus_open(&bus, e);
        if (r >= 0)
                r = is_off(bus, unit, e);
        if (r <= 0)
                return r;
        r = unit_clear_up(name, e);
        take_network_away(name, &bus, unit);
        unit_wait_links(bus, unit, name);
        return r < 0 ? r : 1;
}
