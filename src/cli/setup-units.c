/* A host that systemd runs: it listens for the daemons, by two socket units that are enabled and started here. All over
 * D-Bus, as systemctl does it. */
#include "cli/setup.h"

#include "base/parse.h"
#include "netd/launch.h"
#include "runtime/systemd/bus.h"
#include "runtime/systemd/job.h"

#include <errno.h>
#include <string.h>

#define JOB_USEC (UINT64_C(30) * 1000 * 1000)

static const char *const sockets[] = {"nspawn-proxy.socket", "nspawn-netd.socket"};
/* What no longer listens first, so that nobody starts what is stopped. */
static const char *const stopped[] = {"nspawn-netd.socket", "nspawn-netd.service", "nspawn-proxy.socket",
                                      "nspawn-proxy.service"};

static int failed(int r, const sd_bus_error *reason, const char *what, const char *unit, struct error *e) {
        return error_set(e, r, EXIT_FAILED, "systemd cannot %s %s: %s", what, unit, reason->message ?: strerror(-r));
}

/* 1 when the unit's file is enabled; -ENOENT when systemd finds none. */
static int unit_is_enabled(sd_bus *bus, const char *unit) {
        _cleanup_(message_freep) sd_bus_message *reply = NULL;
        const char *state;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "GetUnitFileState", NULL, &reply, "s",
                               unit);
        if (r >= 0)
                r = sd_bus_message_read(reply, "s", &state);
        return r < 0 ? r : string_equal(state, "enabled");
}

static bool unit_is_active(sd_bus *bus, const char *unit) {
        _cleanup_(freep) char *state = NULL;

        return bus_unit_string(bus, unit, SYSTEMD_UNIT, "ActiveState", &state) >= 0 &&
               !string_equal(state, "inactive") && !string_equal(state, "failed");
}

static int unit_job(const char *method, const char *what, const char *unit, struct error *e) {
        _cleanup_(job_clear) struct job job = JOB_INIT;
        int r;

        r = job_begin(&job, method, unit, e);
        if (r >= 0)
                r = job_wait(&job, JOB_USEC, e);
        if (r < 0)
                return r;
        if (!string_equal(job.result, "done"))
                return error_set(e, EIO, EXIT_FAILED, "systemd could not %s %s (%s); see 'systemctl status %s'", what,
                                 unit, r == 0 ? "it takes too long" : job.result, unit);
        return 0;
}

static int unit_enable(sd_bus *bus, const char *unit, struct error *e) {
        _cleanup_(sd_bus_error_free) sd_bus_error reason = SD_BUS_ERROR_NULL;
        int r = sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "EnableUnitFiles", &reason, NULL,
                                   "asbb", 1, unit, false, false);

        return r < 0 ? failed(r, &reason, "enable", unit, e) : 0;
}

static int unit_disable(sd_bus *bus, const char *unit, struct error *e) {
        _cleanup_(sd_bus_error_free) sd_bus_error reason = SD_BUS_ERROR_NULL;
        int r = sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "DisableUnitFiles", &reason, NULL,
                                   "asb", 1, unit, false);

        return r < 0 ? failed(r, &reason, "disable", unit, e) : 0;
}

static json_t *record_units(struct setup *s) {
        json_t *units = json_object_get(s->record, "units");

        if (!units && json_object_set_new(s->record, "units", json_array()) == 0)
                units = json_object_get(s->record, "units");
        return units;
}

/* Enabled by somebody else is not on record, and stays when setup is undone. */
static int enable(struct setup *s, sd_bus *bus, const char *unit, bool *changed, struct error *e) {
        int r = unit_is_enabled(bus, unit);

        if (r == -ENOENT)
                return error_set(e, ENOENT, EXIT_FAILED,
                                 "systemd does not find %s, which was installed in " UNITDIR
                                 ": that is no folder that it reads (systemd.unit(5)); install nixos-nspawn with the "
                                 "prefix /usr/local or /usr, or link the units of that folder into /etc/systemd/system",
                                 unit);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot ask systemd about %s", unit);
        if (r > 0)
                return 0;
        setup_say(s, "enable %s, so that systemd listens for it after a boot", unit);
        if (s->dry_run)
                return 0;
        if (json_array_append_new(record_units(s), json_string(unit)) < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot enable %s", unit);
        *changed = true;
        return unit_enable(bus, unit, e);
}

int setup_units(struct setup *s, struct error *e) {
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        bool changed = false;
        int r;

        if (!launch_by_systemd())
                return 0;
        r = bus_open(&bus, e);
        /* They may just have been installed. */
        if (r >= 0 && !s->dry_run && unit_is_enabled(bus, sockets[0]) <= 0)
                r = bus_reload_systemd(e);
        for (size_t n = 0; r >= 0 && n < ELEMENTS_OF(sockets); n++)
                r = enable(s, bus, sockets[n], &changed, e);
        if (r >= 0 && changed)
                r = bus_reload_systemd(e);
        for (size_t n = 0; r >= 0 && n < ELEMENTS_OF(sockets); n++) {
                if (unit_is_active(bus, sockets[n]))
                        continue;
                setup_say(s, "start %s", sockets[n]);
                if (!s->dry_run)
                        r = unit_job("StartUnit", "start", sockets[n], e);
        }
        return r;
}

int setup_units_stop(struct error *e) {
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r;

        if (!launch_by_systemd())
                return 0;
        r = bus_open(&bus, e);
        for (size_t n = 0; r >= 0 && n < ELEMENTS_OF(stopped); n++)
                if (unit_is_active(bus, stopped[n]))
                        r = unit_job("StopUnit", "stop", stopped[n], e);
        return r;
}

int setup_units_undo(struct setup *s, struct error *e) {
        json_t *units = json_object_get(s->record, "units");
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        const json_t *unit;
        size_t n;
        int r = 0;

        if (!units || s->keeps_network)
                return 0;
        if (!s->dry_run)
                r = bus_open(&bus, e);
        json_array_foreach (units, n, unit) {
                const char *name = json_string_value(unit);

                if (!name || r < 0)
                        continue;
                setup_say(s, "disable %s", name);
                if (!s->dry_run)
                        r = unit_disable(bus, name, e);
        }
        if (r < 0 || s->dry_run)
                return r;
        (void) json_object_del(s->record, "units");
        return bus_reload_systemd(e);
}
