/* Values of settings into a container, as files of several kinds have them: a nixos-container's conf, NAME.nspawn.
 *
 * Readers return why a value is refused (static text), or NULL. */
#pragma once

#include "model/container.h"

struct reading {
        struct container *c;
        bool memory; /* there was not enough */
};

const char *reading_no_memory(struct reading *r);

/* The first n characters can be the name of a link. */
bool reading_is_link_name(const char *s, size_t n);
/* "IF" or "IF:NAME" */
const char *reading_check_link(const char *word);

/* Each word of value, which blanks separate. */
const char *reading_words(struct reading *r, const char *value,
                          const char *(*each)(struct reading *r, const char *word));
/* A copy of word at the end of a NULL-terminated list, or of none (NULL). */
const char *reading_add(struct reading *r, char ***list, const char *word);
/* "[tcp:|udp:]HOST[:CONTAINER]", as systemd-nspawn has --port= and Port=. */
const char *reading_add_forward(struct reading *r, const char *word);
/* A link beside the main one, with no more than its name; *ret is borrowed. */
const char *reading_add_extra_veth(struct reading *r, const char *name, size_t size, struct extra_veth **ret);
/* Empty values say nothing. */
const char *reading_address(const char *value, int family, struct prefix *ret);
const char *reading_bridge(struct reading *r, const char *value, char **ret);
/* One of hostBridge, hostAddress[6] and localAddress[6]. */
const char *reading_end(struct reading *r, struct end *end, const char *key, const char *value);
