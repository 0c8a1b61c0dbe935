/* Varlink messages: JSON objects, each ended by NUL, over a stream. Pure: bytes in, bytes out.
 *
 * A call is {"method", "parameters", "oneway", "more", "upgrade"}, a reply {"parameters", "continues", "error"}. */
#pragma once

#include "base/buffer.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Of one call. A reply may be larger: a list of many containers. */
#define VARLINK_CALL_MAX  ((size_t) 256 * 1024)
#define VARLINK_REPLY_MAX ((size_t) 64 * 1024 * 1024)

struct varlink_call {
        json_t *message;    /* owned; what follows is borrowed from it */
        const char *method; /* "io.nixos.Nspawn.Attach" */
        json_t *parameters; /* an object, NULL when there were none */
        bool oneway;
        bool more;
};

#define VARLINK_CALL_INIT ((struct varlink_call){0})
void varlink_call_clear(struct varlink_call *c);

/* data: one message without its NUL. -EBADMSG when it is not a call. */
int varlink_call_parse(const char *data, size_t size, struct varlink_call *ret);

/* Appends a call (parameters may be NULL, are borrowed) or a reply (error NULL: success), with its NUL. */
int varlink_call_append(struct buffer *b, const char *method, json_t *parameters, bool oneway, bool more);
int varlink_reply_append(struct buffer *b, json_t *parameters, const char *error, bool continues);

struct varlink_reply {
        json_t *message;    /* owned; what follows is borrowed from it */
        const char *error;  /* NULL: success */
        json_t *parameters; /* an object or NULL */
        bool continues;
};

#define VARLINK_REPLY_INIT ((struct varlink_reply){0})
void varlink_reply_clear(struct varlink_reply *r);
/* -EBADMSG when it is not a reply. */
int varlink_reply_parse(const char *data, size_t size, struct varlink_reply *ret);
