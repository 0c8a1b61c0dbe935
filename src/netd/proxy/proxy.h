/* What the parts of nspawn-proxy share.
 *
 * All sockets of listeners, connections and flows are in one inner epoll, itself a single source of the event loop: a
 * connection costs its struct and two descriptors, and pipes only while data is on its way. One thread; the kernel
 * copies. */
#pragma once

#include "base/error.h"
#include "model/container.h"
#include "model/names.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define LISTENERS_MAX             65536u
#define CONNECTIONS_MAX           16384u
#define CONNECTIONS_CONTAINER_MAX 8192u
#define FLOWS_MAX                 8192u
#define FLOWS_CONTAINER_MAX       4096u

/* A descriptor in the inner epoll. */
struct watch {
        int fd;
        uint32_t events; /* asked for; 0: not in the epoll */
        void (*ready)(struct watch *w, uint32_t events);
};

/* A doubly linked list through `struct link` members; the head is one too. */
struct link {
        struct link *next, *previous;
};

static inline void link_init(struct link *l) {
        l->next = l->previous = l;
}
static inline void link_remove(struct link *l) {
        l->previous->next = l->next;
        l->next->previous = l->previous;
        link_init(l);
}
static inline void link_append(struct link *head, struct link *l) {
        l->previous = head->previous;
        l->next = head;
        head->previous->next = l;
        head->previous = l;
}
static inline bool link_is_empty(const struct link *head) {
        return head->next == head;
}
#define CONTAINER_OF(p, type, member) ((type *) (void *) ((char *) (p) -offsetof(type, member)))

/* In what may be named by an event of the turn in which it goes: the turn's end frees it. */
struct dead {
        struct link link; /* in proxy.dead */
        void *object;
};

/* Where traffic of a listener goes: the container's addresses, and the port in both. */
struct target {
        struct address addresses[2]; /* v4, v6; AF_UNSPEC where there is none */
        uint16_t port;
};

struct service; /* a container that has listeners */

#define LOOPBACK_BOTH ((struct address){.family = AF_INET6})

/* The usual one is both: a socket of both families on every address, but of the link lo, so that nobody else can come
 * in. One instead of two, as a forward of many ports needs many. */
struct listener {
        struct watch watch;
        struct service *service;
        enum protocol protocol;
        struct address address; /* a loopback address; LOOPBACK_BOTH */
        uint16_t port;
        struct target target;
        struct link connections; /* TCP */
        struct link flows;       /* UDP */
        struct dead dead;
};

struct service {
        struct proxy *proxy;
        struct link link; /* in proxy.services */
        char name[CONTAINER_NAME_MAX + 1];
        struct address addresses[2];
        struct forward *forwards; /* as they were set, for List */
        size_t n_forwards;
        struct listener **listeners; /* sorted */
        size_t n_listeners;
        unsigned n_connections, n_flows;
};

struct pipe;

struct proxy {
        sd_event *event;
        int epoll;
        int spare; /* a descriptor to give up when there are no more */
        sd_event_source *source, *tick;
        uint64_t now; /* CLOCK_MONOTONIC in milliseconds, of this turn */
        struct link services;
        size_t n_listeners;
        unsigned n_connections, n_flows;
        struct link connecting; /* connections that wait for the container, oldest first */
        struct link flows;      /* all of them, the one that was silent longest first */
        struct link dead;       /* to be freed when this turn's events are done */
        struct pipe *pipes;     /* free ones */
        unsigned n_pipes_free, n_pipes_used;
        struct flow **flow_table; /* FLOW_BUCKETS chains */
        uint8_t hash_key[16];
};

/* loop.c */
int proxy_new(sd_event *event, struct proxy **ret);
struct proxy *proxy_free(struct proxy *p);
static inline void proxy_freep(struct proxy **p) {
        *p = proxy_free(*p);
}
/* Asks for events (0: none) of the watch's descriptor. */
int watch_set(struct proxy *p, struct watch *w, uint32_t events);
/* Has tcp_tick() and udp_tick() called every second for as long as they want it. */
void proxy_tick(struct proxy *p);

/* Frees what has gone; not while events of a turn are being handled. */
void proxy_reap(struct proxy *p);

/* services.c. service_set() is all or nothing; forwards are its own from now on, also on failure. */
int service_set(struct proxy *p, const char *name, const struct address addresses[2], struct forward *forwards,
                size_t n_forwards, struct error *e);
void service_clear(struct proxy *p, const char *name);
struct service *service_find(struct proxy *p, const char *name);

/* listener.c */
struct sockaddr_storage;
/* The kernel's form of an address and port; returns its size. */
unsigned socket_address(const struct address *a, uint16_t port, struct sockaddr_storage *ret);
/* Real IPv6, not IPv4 in its clothes. */
bool socket_address_is_v6(const struct sockaddr_storage *s);
int listener_open(struct proxy *p, struct listener *l, struct error *e);
struct listener *listener_free(struct proxy *p, struct listener *l);
/* Lets the connections and flows go, not the socket. */
void listener_drop(struct listener *l);

/* tcp.c */
void tcp_accept(struct watch *w, uint32_t events);
void tcp_drop(struct listener *l);
bool tcp_tick(struct proxy *p);

/* udp.c */
#define FLOW_BUCKETS 4096u
void udp_receive(struct watch *w, uint32_t events);
void udp_drop(struct listener *l);
bool udp_tick(struct proxy *p);

/* pipe.c: pipes of as many bytes as there is room for; the more are in use, the smaller. */
struct pipe {
        int read, write;
        size_t size;
        struct pipe *next;
};
struct pipe *pipe_take(struct proxy *p);
/* empty: it may be used again. Returns NULL. */
struct pipe *pipe_give(struct proxy *p, struct pipe *pipe, bool empty);
void pipes_free(struct proxy *p);

/* control.c: the Varlink methods. fd: listening socket, owned. */
struct varlink_server;
int control_new(struct proxy *p, int fd, struct varlink_server **ret);
