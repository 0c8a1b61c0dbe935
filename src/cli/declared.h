/* The containers that the host's configuration declares: what is there, what is wanted, and from the one to the other.
 * Those of other origins are never touched. */
#pragma once

#include "front/definition.h"
#include "front/journal.h"
#include "front/progress.h"

#include "config/conf.h"

/* One of the two. */
struct declared_side {
        bool exists;
        bool has_config; /* else its system is what SYSTEM_PATH says */
        struct conf conf;
        struct container container;
        struct definition definition;
};

enum declared_action {
        DECLARED_KEEP,
        DECLARED_REMOVE,
        DECLARED_CHANGE,
        DECLARED_CREATE,
};

struct declared {
        char *name;
        enum declared_action action;
        struct declared_side before, after;
        bool running; /* before */
        bool restart; /* it runs, and takes the change up now */
        bool start;   /* it does not run, and is to */

        /* declared_switch()'s own. */
        bool done;
        bool made_root;
        struct store_generation generation; /* number 0: none was made */
        bool parked;                        /* `before` is without its ports (declared-ports.c) ... */
        struct conf with_ports;             /* ... which it had here */
        size_t n_ports;
        struct journal journal; /* of one that is parked, until it runs again */
};

struct declared_list {
        struct declared *list; /* in the order in which they are dealt with: what goes makes room */
        size_t n;
};

#define DECLARED_LIST_INIT ((struct declared_list){0})
void declared_clear(struct declared_list *l);

/* Compares host (host_config_load()) with what is there, and checks what can be checked. repair: containers whose
 * supervisor died are looked after. */
int declared_load(const json_t *host, bool repair, struct declared_list *ret, struct error *e);

/* Whether the same is in them; what is around them is the conf's. */
bool declared_same_config(const struct declared_side *a, const struct declared_side *b);

/* Whether anything is to be done. */
bool declared_any(const struct declared_list *l);

/* Adds what is to be done, as {"action", "container", "text"}. */
void declared_describe(const struct declared_list *l, json_t *changes);

/* Makes the trees of those that are new or change: no effect on any container. */
int declared_prepare(struct declared_list *l, struct progress *p, struct error *e);

/* All or nothing; each by itself is taken back by the next command when this one is killed. */
int declared_switch(struct declared_list *l, struct progress *p, struct error *e);
/* The way back, after declared_switch() was done. Goes on past errors, returns the first. */
int declared_switch_back(struct declared_list *l, struct progress *p, struct error *e);

/* One of them (declared-switch.c). */
int declared_switch_one(struct declared *d, struct progress *p, struct error *e);
int declared_switch_one_back(struct declared *d, struct progress *p, struct error *e);

/* Starts those that did not change, do not run and are to. One that does not start is told of, and the result is false.
 */
bool declared_start(const struct declared_list *l, struct progress *p);

/* Who has ports that another one is to have gives them up first, and gets them back when all is taken back; then it
 * runs again, if it did (declared-ports.c). */
int declared_park(struct declared_list *l, struct progress *p, struct error *e);
void declared_unpark(struct declared_list *l, struct progress *p);
