/* What is different between two specs, and what a running container has to do about it. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum effect {
        EFFECT_NONE,    /* the host's business alone, or the next start's */
        EFFECT_LIVE,    /* its network: changed while it runs */
        EFFECT_RELOAD,  /* its files and services: changed inside */
        EFFECT_RESTART, /* the rest: only a start brings it in */
};
const char *effect_name(enum effect e); /* "none", "live", "reload", "restart" */

struct difference {
        char *option; /* "nixosContainer.forwardPorts"; owned */
        enum effect effect;
};

struct differences {
        struct difference *list; /* owned */
        size_t n;
};

#define DIFFERENCES_INIT ((struct differences){0})
void differences_clear(struct differences *d);

/* Appends the options whose values differ, in the order of their names; an option that is null is one that is not set.
 * -ENOMEM. */
int spec_difference(const json_t *from, const json_t *to, struct differences *ret);
/* One more, which no option says. -ENOMEM. */
int differences_add(struct differences *d, const char *what, enum effect effect);

/* The most that any of them takes. */
enum effect differences_effect(const struct differences *d);
/* "nixosContainer.bindMounts, networking.hostName": those that take as much as `effect`; malloc'd, NULL when there is
 * no memory. */
char *differences_names(const struct differences *d, enum effect effect);
