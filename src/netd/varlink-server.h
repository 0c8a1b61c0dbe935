/* A Varlink server on sd-event: many connections, on each one call after the other, in order.
 *
 * Interfaces are tables of methods. org.varlink.service answers for itself. Only root is answered. */
#pragma once

#include "base/error.h"
#include "varlink.h"

#include <systemd/sd-event.h>

/* One parameter that a method takes. Anything else in a call is InvalidParameter. */
struct varlink_parameter {
        const char *name; /* NULL ends the list */
        json_type type;
        bool optional;
};

#define VARLINK_PARAMETERS_MAX 6

/* Handles a call whose parameters have the declared types. Returns 0 with *ret (owned by the caller, NULL for an empty
 * object), or a negative errno with e set: varlink_interface.error_name says which Varlink error that becomes. */
typedef int (*varlink_method_t)(json_t *parameters, void *userdata, json_t **ret, struct error *e);

struct varlink_method {
        const char *name; /* without the interface; NULL ends the table */
        varlink_method_t function;
        struct varlink_parameter parameters[VARLINK_PARAMETERS_MAX];
};

struct varlink_interface {
        const char *name;        /* "io.nixos.Nspawn" */
        const char *description; /* its text */
        const struct varlink_method *methods;
        const char *(*error_name)(const struct error *e); /* "Failed", without the interface */
        size_t call_max;                                  /* of one call's text; 0: VARLINK_CALL_MAX */
};

struct varlink_server;

/* fd: a listening, non-blocking stream socket, owned from now on (also on failure).
 * idle: called when the last connection has closed; may be NULL. */
int varlink_server_new(sd_event *event, int fd, const struct varlink_interface *interface, void *userdata,
                       struct varlink_server **ret);
struct varlink_server *varlink_server_free(struct varlink_server *server);
static inline void varlink_server_freep(struct varlink_server **server) {
        *server = varlink_server_free(*server);
}

size_t varlink_server_connections(const struct varlink_server *server);
/* CLOCK_MONOTONIC time of the last call in microseconds, 0 when there was none. */
uint64_t varlink_server_last_call(const struct varlink_server *server);
/* Accepts what waits. Returns how many. */
size_t varlink_server_accept(struct varlink_server *server);
