#include "cli/networkmanager.h"

#include "base/file.h"
#include "config/host_config.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define NM_FILE PATH_NETWORKMANAGER "/conf.d/91-nixos-nspawn-host.conf"

enum {
        RELOAD_CONF = 1,
        NM_FILE_MAX = 1 << 20,
};

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

const json_t *networkmanager_unmanaged(const json_t *host) {
        const json_t *networking = json_object_get(json_object_get(host, "config"), "networking");

        return json_object_get(json_object_get(networking, "networkmanager"), "unmanaged");
}

int networkmanager_load(const json_t *host, char **ret_before, char **ret_after, struct error *e) {
        int r = file_read(NM_FILE, NM_FILE_MAX, ret_before, NULL);

        if (r == -ENOENT || r == -ENOTDIR) {
                *ret_before = strdup("");
                r = *ret_before ? 0 : -ENOMEM;
        }
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read " NM_FILE);
        /* Without it there is nobody to read the file. */
        *ret_after = access(PATH_NETWORKMANAGER, F_OK) == 0 ? host_networkmanager_file(host) : strdup("");
        return *ret_after ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "making " NM_FILE);
}

int networkmanager_write(const char *text, struct error *e) {
        int r;

        if (*text) {
                r = directory_make(PATH_NETWORKMANAGER "/conf.d", 0755);
                if (r >= 0)
                        r = file_write_atomic(NM_FILE, text, strlen(text), 0644, true);
        } else if (access(NM_FILE, F_OK) == 0)
                r = file_remove(NM_FILE);
        else
                return 0;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot %s " NM_FILE, *text ? "write" : "remove");
        networkmanager_reload();
        return 0;
}
