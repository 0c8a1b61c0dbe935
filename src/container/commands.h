/* The commands of nixos-container. */
#pragma once

#include "front/command.h"

extern const struct program nixos_container_program;

int container_command_create(struct invocation *i, struct error *e);
int container_command_destroy(struct invocation *i, struct error *e);
int container_command_list(struct invocation *i, struct error *e);
int container_command_login(struct invocation *i, struct error *e);
int container_command_restart(struct invocation *i, struct error *e);
int container_command_root_login(struct invocation *i, struct error *e);
int container_command_run(struct invocation *i, struct error *e);
int container_command_show_host_key(struct invocation *i, struct error *e);
int container_command_show_ip(struct invocation *i, struct error *e);
int container_command_start(struct invocation *i, struct error *e);
int container_command_status(struct invocation *i, struct error *e);
int container_command_stop(struct invocation *i, struct error *e);
int container_command_terminate(struct invocation *i, struct error *e);
int container_command_update(struct invocation *i, struct error *e);
