/* nspawn-unit does it at the end of each run, and the command line where it could not. */
#include "detach.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "netd/client.h"
#include "runtime/guest.h"
#include "runtime/leftovers.h"
#include "runtime/record.h"
#include "runtime/systemd/machined.h"
#include "runtime/systemd/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define NETD_TIMEOUT_MS 30000
#define LOOKS_MAX       20

int unit_clear_up(const char *name, struct error *e) {
        _cleanup_(freep) char *folder = supervisor_path(name, NULL), *unit = unit_name(name);
        int r = leftovers_remove(name, e), k = guest_folder_remove(name);

        if (k < 0)
                k = error_errno(r < 0 ? NULL : e, k, EXIT_FAILED, "Cannot remove " PATH_CONTAINERS "/%s/guest", name);
        if (folder) /* unless a refusal is in it */
                (void) rmdir(folder);
        if (unit)
                machine_forget(name, unit);
        return r < 0 ? r : k;
}

/* Of a job that is done meanwhile: an error, and what it did to the unit has to be looked at again. */
static int job_type(sd_bus *bus, uint32_t job, char **ret) {
        _cleanup_(freep) char *path = format(SYSTEMD_PATH "/job/%" PRIu32, job);

        return path ? sd_bus_get_property_string(bus, SYSTEMD_NAME, path, "org.freedesktop.systemd1.Job", "JobType",
                                                 NULL, ret)
                    : -ENOMEM;
}

/* The daemon is ordered before the unit: systemd does not start it while it stops the unit, which would wait for it
 * here (systemd.unit(5), After=). */
static bool daemon_may_come(void *userdata) {
        _cleanup_(unit_state_clear) struct unit_state state = {0};
        _cleanup_(freep) char *type = NULL;
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        const char *unit = userdata;

        return bus_open(&bus, NULL) >= 0 && unit_look(bus, unit, &state) >= 0 &&
               (state.job == 0 || job_type(bus, state.job, &type) < 0 ||
                (strcmp(type, "stop") != 0 && strcmp(type, "restart") != 0));
}

int unit_detach(const char *name, struct error *e) {
        _cleanup_(error_clear) struct error unheard = ERROR_INIT;
        _cleanup_(freep) char *unit = unit_name(name);
        int r = unit_clear_up(name, e);
        int k = unit ? netd_ensure_while(daemon_may_come, unit, &unheard)
                     : error_errno(&unheard, ENOMEM, EXIT_FAILED, "cannot ask nspawn-netd");

        if (k >= 0)
                k = netd_call("Detach", json_pack("{s:s}", "name", name), NETD_TIMEOUT_MS, NULL, &unheard);
        if (k < 0)
                log_warning("%s; nspawn-netd will find the end of %s by itself", error_message(&unheard), name);
        return r;
}

/* 1: it is off and stays so. A stop of a unit that has ended, for which machined asks when a container ended badly,
 * changes nothing, and is done within a moment. */
static int is_off(sd_bus *bus, const char *unit, struct error *e) {
        for (int i = 0; i < LOOKS_MAX; i++) {
                _cleanup_(unit_state_clear) struct unit_state state = {0};
                _cleanup_(freep) char *type = NULL;
                int r = unit_look(bus, unit, &state);

                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "Cannot ask systemd for the state of %s", unit);
                if (unit_runtime_state(state.active) != RUNTIME_OFF)
                        return 0;
                if (state.job == 0)
                        return 1;
                if (job_type(bus, state.job, &type) >= 0)
                        return strcmp(type, "stop") == 0;
        }
        return 0; /* others start and stop it all the time */
}

/* Its own folder, what nspawn-netd noted, and what that one takes away last. */
static bool has_traces(const char *name) {
        _cleanup_(freep) char *guest = supervisor_path(name, "guest"),
                              *attached = format(PATH_ATTACHED "/%s.json", name);
        _cleanup_(freep) char *names = format(PATH_NAMES "/%s", name);

        return !guest || !attached || !names || access(guest, F_OK) == 0 || access(attached, F_OK) == 0 ||
               access(names, F_OK) == 0;
}

int unit_recover(const char *name, struct error *e) {
        _cleanup_(freep) char *unit = unit_name(name);
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r;

        if (!unit)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot look for %s", name);
        if (geteuid() != 0 || !has_traces(name))
                return 0;
        r = bus_open(&bus, e);
        if (r >= 0)
                r = is_off(bus, unit, e);
        return r > 0 ? unit_detach(name, e) : r;
}
