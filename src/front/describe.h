/* A container as its users see it, as one JSON object from which list, status, create and update print. */
#pragma once

#include "front/inventory.h"
#include "front/output.h"

#include "runtime/runtime.h"
#include "state/allocations.h"

#include <jansson.h>

/* What is the same for all containers of one listing, read once. */
struct describer {
        struct allocations *allocations; /* NULL: cannot be read */
        uint8_t machine_id[16];
        bool machine_id_known, has_v6;
        struct runtime_survey *survey; /* of all states at once; NULL: each is asked for */
};

void describer_open(struct describer *d);
/* Also asks for all states at once: for who describes many. */
void describer_survey(struct describer *d);
void describer_close(struct describer *d);

/* Upstream's members first: name, unit_file, is_imperative; then type, kind, state, leader, supervisor, since, ipv4,
 * ipv6, link, forwards, autoStart, problem. What cannot be known is null, and problem says why. NULL: no memory. */
json_t *describe(const struct describer *d, const struct entry *entry);

/* "Container NAME" and its details. all: also what only `status` shows. */
void describe_print(struct output *o, const json_t *object, bool all);

/* One line a forward: "tcp 8181 -> 80", "udp 127.0.0.1:5000-5009 -> 5000-5009". */
char *describe_forwards(const json_t *forwards);
/* The forward as an object: protocol, hostPort, containerPort, count, bindAddress. */
json_t *forward_json(const struct forward *f);

/* Prints one container: text as describe_print() does, or its object as JSON. */
int describe_one(struct output *o, const struct entry *entry, bool all, struct error *e);
