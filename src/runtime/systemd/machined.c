/* Interfaces: org.freedesktop.machine1(5). */
#include "machined.h"

#include "base/file.h"
#include "runtime/systemd/bus.h"

#include <string.h>

#define MACHINED_NAME       "org.freedesktop.machine1"
#define MACHINED_PATH       "/org/freedesktop/machine1"
#define MACHINED_MANAGER    "org.freedesktop.machine1.Manager"
#define MACHINED_MACHINE    "org.freedesktop.machine1.Machine"
#define MACHINED_STATES     "/run/systemd/machines"
#define MACHINED_TIMEOUT_US UINT64_C(5000000)

/* The unit that the machine's processes are in; malloc'd. */
static int machine_unit(sd_bus *bus, const char *name, char **ret) {
        _cleanup_(message_freep) sd_bus_message *reply = NULL;
        const char *path;
        int r = sd_bus_call_method(bus, MACHINED_NAME, MACHINED_PATH, MACHINED_MANAGER, "GetMachine", NULL, &reply, "s",
                                   name);

        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        return r < 0 ? r : sd_bus_get_property_string(bus, MACHINED_NAME, path, MACHINED_MACHINE, "Unit", NULL, ret);
}

void machine_forget(const char *name) {
        _cleanup_(freep) char *state = format(MACHINED_STATES "/%s", name), *unit = NULL, *registered = NULL;
        _cleanup_(bus_freep) sd_bus *bus = NULL;

        /* Mostly there is none, and nobody is asked. */
        if (!state || access(state, F_OK) < 0 || sd_bus_open_system(&bus) < 0)
                return;
        (void) sd_bus_set_method_call_timeout(bus, MACHINED_TIMEOUT_US);
        unit = unit_name(name);
        if (unit && machine_unit(bus, name, &registered) >= 0 && strcmp(registered, unit) == 0)
                (void) sd_bus_call_method(bus, MACHINED_NAME, MACHINED_PATH, MACHINED_MANAGER, "UnregisterMachine",
                                          NULL, NULL, "s", name);
}
