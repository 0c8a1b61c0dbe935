/* Containers as units of systemd's. */
#include "runtime/kind.h"

#include "base/file.h"
#include "runtime/record.h"
#include "runtime/refusal.h"
#include "runtime/run.h"
#include "runtime/systemd/detach.h"
#include "runtime/systemd/journal.h"
#include "runtime/systemd/networkd.h"
#include "runtime/systemd/power.h"
#include "runtime/systemd/unit.h"
#include "state/host.h"
#include "state/store.h"

#include <errno.h>

static int unit_run(const char *name, char *const argv[], const char *user, bool tty, int *ret_exit, struct error *e) {
        _cleanup_(freep) char *unit = unit_name(name), *group = NULL;
        struct run_target target = {.name = name};
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r = unit ? bus_open(&bus, e) : error_errno(e, ENOMEM, EXIT_FAILED, "Cannot enter %s", name);

        if (r < 0)
                return r;
        if (unit_group(bus, unit, &group) < 0)
                return error_set(e, ESRCH, EXIT_CONTAINER, "%s is not running; start it with 'nixos-nspawn start %s'",
                                 name, name);
        (void) unit_leader(group, &target.leader);
        target.group = group;
        return run_in(&target, argv, user, tty, ret_exit, e);
}

/* What systemd and /run still know of one that is not defined any more. */
static void forget(const char *name) {
        _cleanup_(freep) char *unit = unit_name(name), *folder = supervisor_path(name, NULL);
        _cleanup_(bus_freep) sd_bus *bus = NULL;

        if (unit && bus_open(&bus, NULL) >= 0)
                bus_reset_failed(bus, unit);
        (void) refusal_remove(name);
        if (folder)
                (void) rmdir(folder);
}

static int unit_define(const char *name, struct error *e) {
        bool changed[_HOST_FILE_MAX] = {false};
        int r = host_files_follow(name, changed, e), k;

        /* What was changed before something failed is told all the same. */
        if (changed[HOST_DROP_IN] || changed[HOST_AUTOSTART] || changed[HOST_CONTAINER_DROP_IN] ||
            changed[HOST_CONTAINER_AUTOSTART]) {
                k = bus_reload_systemd(r < 0 ? NULL : e);
                r = r < 0 ? r : k;
        }
        if (changed[HOST_NETWORK]) {
                k = networkd_reload(r < 0 ? NULL : e);
                r = r < 0 ? r : k;
        }
        if (!store_exists(name))
                forget(name);
        return r;
}

const struct runtime_kind runtime_unit = {
        .status = unit_status,
        .survey = unit_survey,
        .start = unit_start,
        .stop = unit_stop,
        .restart = unit_restart,
        .recover = unit_recover,
        .run = unit_run,
        .logs = journal_print,
        .define = unit_define,
};
