/* networkd is asked on the bus. After a restart of the bus it is not there any more (252, 257), and would take a new
 * container's link for one of its own; then it is PID 1, which needs no bus, that has it read its files. */
#include "networkd.h"

#include "base/file.h"
#include "runtime/systemd/job.h"
#include "runtime/systemd/unit.h"

#include <errno.h>
#include <string.h>

#define NETWORKD_NAME     "org.freedesktop.network1"
#define NETWORKD_PATH     "/org/freedesktop/network1"
#define NETWORKD_MANAGER  "org.freedesktop.network1.Manager"
#define NETWORKD_FOLDER   "/run/systemd/netif"
#define NETWORKD_UNIT     "systemd-networkd.service"
#define RELOAD_TIMEOUT_US UINT64_C(120000000)

/* 1: done; 0: it is not on the bus, or there is no bus. */
static int reload_by_bus(struct error *e) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(message_freep) sd_bus_message *m = NULL;
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r;

        if (sd_bus_open_system(&bus) < 0)
                return 0;
        r = sd_bus_message_new_method_call(bus, &m, NETWORKD_NAME, NETWORKD_PATH, NETWORKD_MANAGER, "Reload");
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0)
                r = sd_bus_call(bus, m, RELOAD_TIMEOUT_US, &error, NULL);
        if (sd_bus_error_has_name(&error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
            sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return 0;
        return r < 0 ? error_set(e, r, EXIT_FAILED, "Cannot have systemd-networkd read its files again: %s",
                                 error.message ? error.message : strerror(-r))
                     : 1;
}

/* One that reads its files at a signal (257) does; one that would be told on the bus (252) is begun anew, which its
 * links do not notice. */
static int reload_by_unit(struct error *e) {
        _cleanup_(unit_state_clear) struct unit_state state = {0};
        _cleanup_(freep) char *type = NULL;
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        _cleanup_(job_clear) struct job j = JOB_INIT;
        const char *method = "TryRestartUnit";
        int r = bus_open(&bus, e);

        if (r < 0)
                return r;
        r = unit_look(bus, NETWORKD_UNIT, &state, e);
        if (r < 0)
                return r;
        if (unit_runtime_state(state.active) == RUNTIME_OFF)
                return 0;
        if (bus_unit_string(bus, NETWORKD_UNIT, SYSTEMD_SERVICE, "Type", &type) >= 0 &&
            strcmp(type, "notify-reload") == 0)
                method = "ReloadUnit";
        r = job_begin(&j, method, NETWORKD_UNIT, e);
        if (r >= 0)
                r = job_wait(&j, RELOAD_TIMEOUT_US, e);
        if (r < 0)
                return r;
        return strcmp(j.result, "done") == 0
                       ? 0
                       : error_set(e, EIO, EXIT_FAILED,
                                   "systemd-networkd is not on the bus, and %s of " NETWORKD_UNIT
                                   " ended with '%s': it does not know the new files; see 'systemctl status "
                                   "systemd-networkd'",
                                   method, r == 0 ? "timeout" : j.result);
}

bool networkd_runs(void) {
        _cleanup_(unit_state_clear) struct unit_state state = {0};
        _cleanup_(bus_freep) sd_bus *bus = NULL;

        return access(NETWORKD_FOLDER, F_OK) == 0 && bus_open(&bus, NULL) >= 0 &&
               unit_look(bus, NETWORKD_UNIT, &state, NULL) >= 0 && unit_runtime_state(state.active) != RUNTIME_OFF;
}

int networkd_reload(struct error *e) {
        int r;

        /* It never ran here. */
        if (access(NETWORKD_FOLDER, F_OK) < 0)
                return 0;
        r = reload_by_bus(e);
        if (r == 0)
                r = reload_by_unit(e);
        return r < 0 ? r : 0;
}
