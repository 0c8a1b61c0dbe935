/* The interface io.nixos.Nspawn: methods over a manager. */
#pragma once

#include "netd/manager.h"
#include "netd/varlink-server.h"

/* Its methods' userdata is a struct manager. */
extern const struct varlink_interface service_interface;
