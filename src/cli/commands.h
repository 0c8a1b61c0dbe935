/* The commands of nixos-nspawn. */
#pragma once

#include "front/command.h"

extern const struct program nixos_nspawn_program;

int command_create(struct invocation *i, struct error *e);
int command_update(struct invocation *i, struct error *e);
int command_remove(struct invocation *i, struct error *e);
int command_list(struct invocation *i, struct error *e);
int command_status(struct invocation *i, struct error *e);
int command_show_ip(struct invocation *i, struct error *e);
int command_ports(struct invocation *i, struct error *e);
int command_start(struct invocation *i, struct error *e);
int command_stop(struct invocation *i, struct error *e);
int command_restart(struct invocation *i, struct error *e);
int command_autostart(struct invocation *i, struct error *e);
int command_run(struct invocation *i, struct error *e);
int command_shell(struct invocation *i, struct error *e);
int command_logs(struct invocation *i, struct error *e);
int command_setup(struct invocation *i, struct error *e);
int command_apply(struct invocation *i, struct error *e);
int command_zone(struct invocation *i, struct error *e);
int command_migrate(struct invocation *i, struct error *e);
