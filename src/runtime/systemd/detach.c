/* nspawn-unit does it at the end of each run, and the command line where it could not. */
#include "detach.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "netd/client.h"
#include "runtime/guest.h"
#include "runtime/leftovers.h"
#include "runtime/record.h"
#include "runtime/systemd/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define NETD_TIMEOUT_MS 30000

int unit_clear_up(const char *name, struct error *e) {
        _cleanup_(freep) char *folder = supervisor_path(name, NULL);
        int r = leftovers_remove(name, e), k = guest_folder_remove(name);

        if (k < 0)
                k = error_errno(r < 0 ? NULL : e, k, EXIT_FAILED, "Cannot remove " PATH_CONTAINERS "/%s/guest", name);
        if (folder) /* unless a refusal is in it */
                (void) rmdir(folder);
        return r < 0 ? r : k;
}

int unit_detach(const char *name, struct error *e) {
        _cleanup_(error_clear) struct error unheard = ERROR_INIT;
        int r = unit_clear_up(name, e), k = netd_ensure(&unheard);

        if (k >= 0)
                k = netd_call("Detach", json_pack("{s:s}", "name", name), NETD_TIMEOUT_MS, NULL, &unheard);
        if (k < 0)
                log_warning("%s; nspawn-netd will find the end of %s by itself", error_message(&unheard), name);
        return r;
}

/* A job that starts the unit, or may: also one that cannot be asked any more, after which the unit may run. machined
 * asks for a stop of a unit that ended badly, which changes nothing. */
static bool job_starts(sd_bus *bus, uint32_t job) {
        _cleanup_(freep) char *path = format(SYSTEMD_PATH "/job/%" PRIu32, job), *type = NULL;

        return job != 0 && (!path ||
                            sd_bus_get_property_string(bus, SYSTEMD_NAME, path, "org.freedesktop.systemd1.Job",
                                                       "JobType", NULL, &type) < 0 ||
                            strcmp(type, "stop") != 0);
}

int unit_recover(const char *name, struct error *e) {
        _cleanup_(unit_state_clear) struct unit_state state = {0};
        _cleanup_(freep) char *guest = supervisor_path(name, "guest"), *unit = unit_name(name);
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r;

        if (!guest || !unit)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot look for %s", name);
        if (geteuid() != 0 || access(guest, F_OK) < 0)
                return 0;
        r = bus_open(&bus, e);
        if (r < 0)
                return r;
        r = unit_look(bus, unit, &state);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot ask systemd for the state of %s", unit);
        if (unit_runtime_state(state.active) != RUNTIME_OFF || job_starts(bus, state.job))
                return 0;
        return unit_detach(name, e);
}
