/* D-Bus to systemd itself and to its daemons. */
#pragma once

#include "base/error.h"

#include <stdint.h>
#include <systemd/sd-bus.h>

#define SYSTEMD_NAME    "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT    "org.freedesktop.systemd1.Unit"
#define SYSTEMD_SERVICE "org.freedesktop.systemd1.Service"

/* A connection to PID 1: its own socket for root, which needs no bus daemon, else the system bus. */
int bus_open(sd_bus **ret, struct error *e);
void bus_freep(sd_bus **bus);
void message_freep(sd_bus_message **m);

/* A property of PID 1's object for the unit; of one that is not loaded too, which loads it. *ret: malloc'd. */
int bus_unit_string(sd_bus *bus, const char *unit, const char *interface, const char *property, char **ret);
int bus_unit_uint64(sd_bus *bus, const char *unit, const char *interface, const char *property, uint64_t *ret);
int bus_unit_uint32(sd_bus *bus, const char *unit, const char *interface, const char *property, uint32_t *ret);
int bus_unit_int32(sd_bus *bus, const char *unit, const char *interface, const char *property, int32_t *ret);
/* InvocationID as 32 hexadecimal digits; "": it never ran. */
int bus_unit_invocation(sd_bus *bus, const char *unit, char ret[33]);

/* Manager.Reload: reads the units' files again. */
int bus_reload_systemd(struct error *e);
/* Forgets that the unit failed, and how often it was started lately. */
void bus_reset_failed(sd_bus *bus, const char *unit);

/* "systemd-nspawn@NAME.service"; malloc'd. The name needs no escaping: container_name_problem() leaves none to it. */
char *unit_name(const char *container);
