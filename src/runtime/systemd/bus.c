/* Connections, and small questions. */
#include "bus.h"

#include "base/file.h"
#include "state/store.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define PRIVATE_SOCKET    "unix:path=/run/systemd/private"
#define RELOAD_TIMEOUT_US UINT64_C(120000000)

void bus_freep(sd_bus **bus) {
        *bus = sd_bus_close_unref(*bus);
}

void message_freep(sd_bus_message **m) {
        *m = sd_bus_message_unref(*m);
}

static int open_private(sd_bus **ret) {
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r = sd_bus_new(&bus);

        if (r >= 0)
                r = sd_bus_set_address(bus, PRIVATE_SOCKET);
        if (r >= 0)
                r = sd_bus_set_trusted(bus, true);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = steal_ptr(bus);
        return 0;
}

int bus_open(sd_bus **ret, struct error *e) {
        int r = geteuid() == 0 ? open_private(ret) : -EPERM;

        if (r < 0)
                r = sd_bus_open_system(ret);
        return r < 0 ? error_errno(e, r, EXIT_FAILED,
                                   "Cannot reach systemd on " PRIVATE_SOCKET
                                   " or the system bus; is dbus.service running?")
                     : 0;
}

static int unit_path(const char *unit, char **ret) {
        return sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, ret);
}

int bus_unit_string(sd_bus *bus, const char *unit, const char *interface, const char *property, char **ret) {
        _cleanup_(freep) char *path = NULL;
        int r = unit_path(unit, &path);

        return r < 0 ? r : sd_bus_get_property_string(bus, SYSTEMD_NAME, path, interface, property, NULL, ret);
}

int bus_unit_uint64(sd_bus *bus, const char *unit, const char *interface, const char *property, uint64_t *ret) {
        _cleanup_(freep) char *path = NULL;
        int r = unit_path(unit, &path);

        return r < 0 ? r : sd_bus_get_property_trivial(bus, SYSTEMD_NAME, path, interface, property, NULL, 't', ret);
}

int bus_unit_uint32(sd_bus *bus, const char *unit, const char *interface, const char *property, uint32_t *ret) {
        _cleanup_(freep) char *path = NULL;
        int r = unit_path(unit, &path);

        return r < 0 ? r : sd_bus_get_property_trivial(bus, SYSTEMD_NAME, path, interface, property, NULL, 'u', ret);
}

int bus_unit_int32(sd_bus *bus, const char *unit, const char *interface, const char *property, int32_t *ret) {
        _cleanup_(freep) char *path = NULL;
        int r = unit_path(unit, &path);

        return r < 0 ? r : sd_bus_get_property_trivial(bus, SYSTEMD_NAME, path, interface, property, NULL, 'i', ret);
}

int bus_unit_invocation(sd_bus *bus, const char *unit, char ret[33]) {
        _cleanup_(message_freep) sd_bus_message *reply = NULL;
        _cleanup_(freep) char *path = NULL;
        const void *bytes = NULL;
        size_t n = 0;
        int r = unit_path(unit, &path);

        ret[0] = '\0';
        if (r >= 0)
                r = sd_bus_get_property(bus, SYSTEMD_NAME, path, SYSTEMD_UNIT, "InvocationID", NULL, &reply, "ay");
        if (r >= 0)
                r = sd_bus_message_read_array(reply, 'y', &bytes, &n);
        if (r < 0)
                return r;
        for (size_t i = 0; n == 16 && i < n; i++)
                (void) snprintf(ret + 2 * i, 3, "%02x", ((const uint8_t *) bytes)[i]);
        return 0;
}

int bus_reload_systemd(struct error *e) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(message_freep) sd_bus_message *m = NULL;
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r = bus_open(&bus, e);

        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Reload");
        if (r >= 0)
                r = sd_bus_call(bus, m, RELOAD_TIMEOUT_US, &error, NULL);
        return r < 0 ? error_set(e, r, EXIT_FAILED, "Cannot have systemd read its units again: %s",
                                 error.message ? error.message : strerror(-r))
                     : 0;
}

void bus_reset_failed(sd_bus *bus, const char *unit) {
        (void) sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "ResetFailedUnit", NULL, NULL, "s",
                                  unit);
}

char *unit_name(const char *container) {
        enum container_kind kind;

        if (store_kind(container, &kind) >= 0 && kind == CONTAINER_NIXOS)
                return format("container@%s.service", container);
        return format("systemd-nspawn@%s.service", container);
}
