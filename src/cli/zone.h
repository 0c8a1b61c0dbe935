/* The actions of `zone`, whose first argument they are; the names follow. */
#pragma once

#include "front/command.h"

int zone_list(struct invocation *i, struct error *e);
int zone_status(struct invocation *i, struct error *e);
