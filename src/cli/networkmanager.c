#include "cli/networkmanager.h"

#include <stdbool.h>
#include <systemd/sd-bus.h>

enum { RELOAD_CONF = 1 };

void networkmanager_reload(void) {
        sd_bus_message *call = NULL;
        sd_bus *bus = NULL;

        if (sd_bus_open_system(&bus) >= 0 &&
            sd_bus_message_new_method_call(bus, &call, "org.freedesktop.NetworkManager",
                                           "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager",
                                           "Reload") >= 0 &&
            sd_bus_message_append(call, "u", RELOAD_CONF) >= 0 && sd_bus_message_set_auto_start(call, false) >= 0)
                (void) sd_bus_call(bus, call, 0, NULL, NULL);
        sd_bus_message_unref(call);
        (void) sd_bus_flush_close_unref(bus);
}
