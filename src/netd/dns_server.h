/* The DNS responder: what a client asked goes in, sooner or later one answer goes out.
 *
 *     dns_receive_*, dns_tcp    a message from a client  ──► dns_serve
 *     dns_local                 names and addresses that are ours, answered at once
 *     dns_forward               everything else, asked of the host's resolvers; what they say ──► dns_reply
 *
 * Queries on their way and connections have fixed numbers, a link and in all. When all are taken, the link that has
 * the most gives up its oldest, so a guest that floods is in its own way only. */
#pragma once

#include "netd/dns_upstream.h"
#include "proto/dns-message.h"

#define DNS_QUERY_SIZE_MAX       1232 /* of a message from a client: far more than any query needs */
#define DNS_QUERIES_MAX          1024 /* on their way, all links */
#define DNS_LINK_QUERIES_MAX     128
#define DNS_CONNECTIONS_MAX      128
#define DNS_LINK_CONNECTIONS_MAX 16
#define DNS_TRIES_MAX            6

struct responders;
struct responder_link;
struct dns_connection;

/* Where an answer goes. */
struct dns_client {
        struct responder_link *link;
        struct dns_connection *connection; /* NULL: UDP */
        union dns_address address;         /* UDP only */
};

/* One way to ask one server. */
struct dns_try {
        int fd; /* -1: over, or not begun */
        uint16_t id;
        bool begun, failed;
        bool sent; /* TCP: there is a connection, and the query went out */
};

/* A query on its way. */
struct dns_pending {
        uint32_t slot;
        struct dns_pending *next, *previous; /* of the same link */
        struct dns_client client;
        struct dns_query query;
        struct dns_servers servers;
        struct dns_try tries[DNS_TRIES_MAX]; /* UDP clients: one a server; TCP clients: TCP, UDP of each server */
        unsigned steps;                      /* how often a try was begun or repeated */
        bool refused;                        /* some server answered, but did not help */
        uint64_t next_step_at, deadline;     /* microseconds */
        uint8_t *stream;                     /* what the one TCP try received, after its length; owned */
        size_t stream_got;                   /* with the length */
        uint8_t stream_head[2];
        size_t size;
        uint8_t message[]; /* as the client sent it */
};

/* A client's TCP connection: reads one query, waits for its answer, writes it, and so on. */
struct dns_connection {
        uint32_t slot;
        int fd;
        struct responder_link *link;
        struct dns_pending *waiting; /* for this; NULL when reading or writing */
        uint64_t active_at;          /* microseconds */
        size_t got;
        uint8_t *out; /* owned; NULL when there is nothing to write */
        size_t out_size, out_sent;
        uint8_t in[2 + DNS_QUERY_SIZE_MAX];
};

struct dns_server {
        struct dns_pending *queries[DNS_QUERIES_MAX]; /* by slot; NULL: free */
        struct dns_connection *connections[DNS_CONNECTIONS_MAX];
        unsigned n_queries, n_connections;
        uint32_t next_slot; /* where to look for a free one first */
        int spare_fd;       /* given up for a moment when there are no descriptors left */
};

/* dns_server.c */
int dns_server_init(struct dns_server *d);
/* Messages on the link's UDP socket of the family. */
void dns_receive_udp(struct responders *r, struct responder_link *l, int fd);
/* A client's message; answers it, or sees to it that it will be. */
void dns_serve(struct responders *r, const struct dns_client *client, const uint8_t *data, size_t size);
void dns_reply(struct responders *r, const struct dns_client *client, const uint8_t *data, size_t size);
void dns_reply_error(struct responders *r, const struct dns_client *client, const struct dns_query *q,
                     enum dns_rcode rcode, uint16_t flags);
/* Forgets what a link has going on. */
void dns_drop(struct responders *r, struct responder_link *l);
/* Sees to it that the timer runs while, and only while, something may time out. */
void dns_timer_update(struct responders *r);

/* dns_local.c: 1 and the answer in data, or 0: not ours to answer. */
int dns_local_answer(const struct responders *r, const struct responder_link *l, const struct dns_query *q,
                     uint8_t *data, size_t capacity, size_t *ret_size);

/* dns_forward.c */
void dns_forward(struct responders *r, const struct dns_client *client, const struct dns_query *q, const uint8_t *data,
                 size_t size);
void dns_forward_event(struct responders *r, uint32_t slot, uint32_t events);
void dns_forward_tick(struct responders *r, uint64_t now);
void dns_pending_free(struct responders *r, struct dns_pending *p);

/* dns_try.c: sending to servers and receiving from them. */
static inline unsigned dns_pending_tries(const struct dns_pending *p) {
        return p->client.connection ? 2 * p->servers.n : p->servers.n;
}
static inline bool dns_try_is_stream(const struct dns_pending *p, unsigned i) {
        return p->client.connection && i % 2 == 0;
}
static inline const union dns_address *dns_try_server(const struct dns_pending *p, unsigned i) {
        return &p->servers.list[p->client.connection ? i / 2 : i];
}
/* Sends the query, over a new socket unless the try has one. Negative: it is of no use. */
int dns_try_send(struct responders *r, struct dns_pending *p, unsigned i);
void dns_try_close(struct dns_pending *p, unsigned i);
/* Receives. 1: *ret, *ret_size (valid until the next packet) is a message; 0: not yet; negative: the try has failed. */
int dns_try_receive(struct responders *r, struct dns_pending *p, unsigned i, uint8_t **ret, size_t *ret_size);

/* dns_tcp.c */
void dns_accept(struct responders *r, struct responder_link *l, int fd);
void dns_connection_event(struct responders *r, uint32_t slot, uint32_t events);
void dns_connection_reply(struct responders *r, struct dns_connection *c, const uint8_t *data, size_t size);
void dns_connection_free(struct responders *r, struct dns_connection *c);
void dns_connections_tick(struct responders *r, uint64_t now);
