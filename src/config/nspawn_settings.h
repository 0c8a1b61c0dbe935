/* The settings of systemd.nspawn(5) and what they mean here: one table for systemd.nspawn.NAME of a config and for a
 * NAME.nspawn that a person wrote. */
#pragma once

#include "reading.h"

enum nspawn_source {
        NSPAWN_CONFIG, /* systemd.nspawn.NAME: goes into a file of ours, beside what we write there */
        NSPAWN_FILE,   /* a file of a person's, for which the container has a struct hand */
};

struct nspawn_settings {
        struct reading reading; /* lists, ports and what is passed on go straight to its container */
        enum nspawn_source source;
        int private_network, virtual_ethernet; /* -1: not said */
        char *bridge, *zone;                   /* owned */
};

#define NSPAWN_SETTINGS_INIT ((struct nspawn_settings){.private_network = -1, .virtual_ethernet = -1})
void nspawn_settings_clear(struct nspawn_settings *s);

/* One "KEY=VALUE" of a section ("Exec", "Files", "Network"). Options of the container that such a setting may have to
 * agree with must be read before. -ENOENT: there is no such setting; -EINVAL: *ret_problem says what is wrong with it;
 * -ENOMEM. */
int nspawn_settings_read(struct nspawn_settings *s, const char *section, const char *key, const char *value,
                         const char **ret_problem);

/* After the last one: which network that is, as systemd-nspawn decides it, into the container's mode and attached_to.
 * -EINVAL with *ret_problem; -ENOMEM. */
int nspawn_settings_decide(struct nspawn_settings *s, const char **ret_problem);
