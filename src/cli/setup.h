/* What setup changes on a host, one thing a task; each can be undone, and only what was done is. */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

#define PATH_SETUP PATH_LIB "/setup.json" /* the record of what was done */

struct setup {
        bool dry_run;
        bool keeps_network; /* undo: there are containers, which need the daemon */
        json_t *record;  /* {"directories": [...], "machineId": ..., "nsswitch": ..., "units": [...], "networkManager":
                            ...}: done, by this or  an earlier run */
        json_t *changes; /* sentences about what is (or would be) done now */
};

/* "make /etc/x": what is done now, or would be. */
void setup_say(struct setup *s, const char *fmt, ...) _printf_(2, 3);

struct setup_task {
        int (*act)(struct setup *s, struct error *e);
        int (*undo)(struct setup *s, struct error *e);
};

int setup_directories(struct setup *s, struct error *e);
int setup_directories_undo(struct setup *s, struct error *e);
int setup_machine_id(struct setup *s, struct error *e);
int setup_machine_id_undo(struct setup *s, struct error *e);
int setup_nsswitch(struct setup *s, struct error *e);
int setup_nsswitch_undo(struct setup *s, struct error *e);
/* The NSS module where glibc finds it: refreshes the linker's cache when that is what is missing. No undo. */
int setup_module(struct setup *s, struct error *e);
/* systemd's socket units for the daemons, enabled and started; on another host there is nothing to do. */
int setup_units(struct setup *s, struct error *e);
int setup_units_undo(struct setup *s, struct error *e);
/* Stops what they listen for, too. */
int setup_units_stop(struct error *e);
/* That NetworkManager leaves the links of containers alone, where it is installed. */
int setup_links(struct setup *s, struct error *e);
int setup_links_undo(struct setup *s, struct error *e);
/* The daemon, its tables and its sysctls, when no container needs them. */
int setup_network_undo(struct setup *s, struct error *e);
