/* Which keys of systemd.network(5) this system carries out itself. */
#pragma once

#include "link_settings.h"

/* Positive results of a key's parser. */
enum {
        LINK_KEY_FOREIGN = 1, /* a right value, with which only networkd can do something */
};

struct link_key {
        const char *section, *key;
        unsigned sides; /* of enum link_side */
        /* value is not empty, unless `resets`. 0, LINK_KEY_FOREIGN, -EINVAL (`expected` says what it should be),
         * -ENOMEM. Those of repeated sections fill the last entry of their list. */
        int (*set)(struct link_settings *s, const char *value);
        bool resets; /* an empty value means something */
        const char *expected, *does;
};

/* NULL: none. */
const struct link_key *link_key_find(const char *section, const char *key, enum link_side side);

/* A section that has an entry for each time it is there: begins one, ends it. NULL for others. */
struct link_section {
        const char *section;
        int (*begin)(struct link_settings *s);
        /* done: all of its keys are carried out; else it is left to networkd as a whole. Returns what is wrong with
         * it, or NULL. */
        const char *(*end)(struct link_settings *s, bool done);
};
const struct link_section *link_section_find(const char *section);

/* What is served on the link is served by this system, also where networkd runs: nobody else can do what it does not
 * know. */
bool link_section_is_ours(const char *section);
