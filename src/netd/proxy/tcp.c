/* TCP: a connection is two sockets and, while data is on its way, a pipe a direction. Nothing is read from a socket
 * before what was read last is on its way out, so a slow receiver slows its sender down and nobody else. The end of one
 * direction is passed on as such (half-close); an error on one side resets the other. */
#include "proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* How long to wait for the container's answer to a SYN: with another address left to try, and with none. */
#define CONNECT_MSEC      3000u
#define CONNECT_LAST_MSEC 10000u
/* Rounds of one direction before others have their turn, and connections accepted at once. */
#define ROUNDS  8
#define ACCEPTS 64

struct direction {
        struct pipe *pipe;
        size_t pending; /* bytes in it */
        bool ended;     /* the sender sends no more */
        bool closed;    /* and the receiver was told */
};

struct connection {
        struct watch client, server;
        struct listener *listener;
        struct link link;          /* in listener.connections */
        struct link connecting;    /* in proxy.connecting, until the container answered */
        struct direction up, down; /* client to server, server to client */
        uint64_t since;
        struct dead dead;
        uint8_t tried; /* bits of target.addresses */
        bool connected;
        bool v6; /* the client came with IPv6 */
};

static struct proxy *proxy_of(const struct connection *c) {
        return c->listener->service->proxy;
}

static void socket_close(struct proxy *p, struct watch *w, bool reset) {
        if (w->fd < 0)
                return;
        (void) watch_set(p, w, 0);
        if (reset)
                (void) setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
        w->fd = fd_close(w->fd);
}

static void connection_end(struct connection *c, bool reset) {
        struct proxy *p = proxy_of(c);

        socket_close(p, &c->client, reset);
        socket_close(p, &c->server, reset);
        c->up.pipe = pipe_give(p, c->up.pipe, c->up.pending == 0);
        c->down.pipe = pipe_give(p, c->down.pipe, c->down.pending == 0);
        link_remove(&c->link);
        link_remove(&c->connecting);
        c->listener->service->n_connections--;
        p->n_connections--;
        link_append(&p->dead, &c->dead.link);
}

/* Fills the empty pipe from the socket. 1: something came (or the end did), 0: nothing there now. */
static int fill(struct proxy *p, struct direction *d, int from) {
        ssize_t n;

        if (!d->pipe)
                d->pipe = pipe_take(p);
        if (!d->pipe)
                return -ENOMEM;
        n = splice(from, NULL, d->pipe->write, NULL, d->pipe->size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                d->ended = true;
        d->pending = (size_t) n;
        return 1;
}

/* Empties the pipe into the socket. 1: it is empty, 0: the receiver takes no more now. */
static int drain(struct direction *d, int to) {
        while (d->pending > 0) {
                ssize_t n = splice(d->pipe->read, NULL, to, NULL, d->pending, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

                if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                if (n == 0)
                        return -EIO;
                d->pending -= (size_t) n;
        }
        return 1;
}

/* Moves what can be moved. Returns 0, or -errno when the connection is lost. */
static int pump(struct proxy *p, struct direction *d, int from, int to) {
        int r = 1;

        for (unsigned i = 0; i < ROUNDS && r > 0 && !d->closed; i++) {
                r = drain(d, to);
                if (r <= 0)
                        break;
                if (d->ended) {
                        d->closed = true;
                        if (shutdown(to, SHUT_WR) < 0 && errno != ENOTCONN)
                                r = -errno;
                        break;
                }
                r = fill(p, d, from);
        }
        /* An idle connection keeps no pipe. */
        if (d->pending == 0)
                d->pipe = pipe_give(p, d->pipe, true);
        return r < 0 ? r : 0;
}

/* What this side's socket has to be watched for, given what it sends and what it gets: also an end that came in the
 * last round of a turn and was not passed on yet, and a reset while nothing can be moved. A socket that both sides are
 * done with would report its hang-up for ever. */
static uint32_t interest(const struct direction *sends, const struct direction *gets) {
        bool owed = gets->pending > 0 || (gets->ended && !gets->closed);

        if (sends->ended && gets->closed)
                return 0;
        return EPOLLERR | (!sends->ended && sends->pending == 0 ? EPOLLIN : 0u) | (owed ? EPOLLOUT : 0u);
}

static void connection_pump(struct connection *c) {
        struct proxy *p = proxy_of(c);
        int r;

        r = pump(p, &c->up, c->client.fd, c->server.fd);
        if (r == 0)
                r = pump(p, &c->down, c->server.fd, c->client.fd);
        if (r == 0 && c->up.closed && c->down.closed) {
                connection_end(c, false);
                return;
        }
        if (r == 0)
                r = watch_set(p, &c->client, interest(&c->up, &c->down));
        if (r == 0)
                r = watch_set(p, &c->server, interest(&c->down, &c->up));
        if (r < 0)
                connection_end(c, true);
}

static int socket_error(int fd) {
        socklen_t size = sizeof(int);
        int error = 0;

        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
}

/* Goes on with the next address that was not tried. -EHOSTUNREACH when there is none. */
static int connect_next(struct connection *c) {
        const struct target *t = &c->listener->target;
        /* The family that the client came with first. */
        unsigned first = c->v6 ? 1 : 0;

        for (unsigned k = 0; k < 2; k++) {
                unsigned i = first ^ k;
                const struct address *a = &t->addresses[i];
                struct sockaddr_storage address;
                socklen_t size;
                int one = 1;

                if ((c->tried & (1u << i)) || a->family == AF_UNSPEC)
                        continue;
                c->tried |= (uint8_t) (1u << i);
                socket_close(proxy_of(c), &c->server, true);
                c->server.fd = socket(a->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                if (c->server.fd < 0)
                        continue;
                (void) setsockopt(c->server.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                (void) setsockopt(c->server.fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
                size = socket_address(a, t->port, &address);
                c->since = proxy_of(c)->now;
                if ((connect(c->server.fd, (struct sockaddr *) &address, size) == 0 || errno == EINPROGRESS) &&
                    watch_set(proxy_of(c), &c->server, EPOLLOUT) == 0) {
                        proxy_tick(proxy_of(c));
                        return 0;
                }
        }
        return -EHOSTUNREACH;
}

static void on_connecting(struct connection *c) {
        if (socket_error(c->server.fd) < 0) {
                if (connect_next(c) < 0)
                        connection_end(c, true);
                return;
        }
        c->connected = true;
        link_remove(&c->connecting);
        connection_pump(c);
}

/* A socket that both sides are done with, or that is broken, is reported whether it was asked for or not. */
static void on_socket(struct connection *c, struct watch *w, uint32_t events) {
        if ((events & EPOLLERR) && socket_error(w->fd) < 0) {
                connection_end(c, true);
                return;
        }
        connection_pump(c);
}

static void on_server(struct watch *w, uint32_t events) {
        struct connection *c = CONTAINER_OF(w, struct connection, server);

        if (c->connected)
                on_socket(c, w, events);
        else
                on_connecting(c);
}

static void on_client(struct watch *w, uint32_t events) {
        struct connection *c = CONTAINER_OF(w, struct connection, client);

        if (c->connected)
                on_socket(c, w, events);
        else
                connection_end(c, true); /* gone before the container answered */
}

/* Takes fd over. */
static void connection_new(struct listener *l, int fd, bool v6) {
        struct proxy *p = l->service->proxy;
        struct connection *c = calloc(1, sizeof *c);
        int one = 1;

        if (!c) {
                (void) fd_close(fd);
                return;
        }
        *c = (struct connection){
                .client = {.fd = fd, .ready = on_client},
                .server = {.fd = -1, .ready = on_server},
                .listener = l,
                .v6 = v6,
        };
        c->dead.object = c;
        link_append(&l->connections, &c->link);
        link_append(&p->connecting, &c->connecting);
        l->service->n_connections++;
        p->n_connections++;
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
        /* No EPOLLIN: what the client says waits in its socket. Its going away is reported all the same. */
        if (watch_set(p, &c->client, EPOLLERR) < 0 || connect_next(c) < 0)
                connection_end(c, true);
}

/* No descriptors left: take the connection with the spare one and refuse it, or it would be reported for ever. */
static void refuse_without_descriptor(struct proxy *p, int listening) {
        if (p->spare < 0)
                return;
        p->spare = fd_close(p->spare);
        (void) fd_close(accept4(listening, NULL, NULL, SOCK_CLOEXEC));
        p->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void tcp_accept(struct watch *w, uint32_t events) {
        struct listener *l = CONTAINER_OF(w, struct listener, watch);
        struct proxy *p = l->service->proxy;

        for (unsigned i = 0; i < ACCEPTS; i++) {
                struct sockaddr_storage client;
                socklen_t size = sizeof client;
                int fd = accept4(w->fd, (struct sockaddr *) &client, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd < 0) {
                        if (errno == EMFILE || errno == ENFILE)
                                refuse_without_descriptor(p, w->fd);
                        if (errno != ECONNABORTED && errno != EINTR)
                                return;
                } else if (p->n_connections >= CONNECTIONS_MAX ||
                           l->service->n_connections >= CONNECTIONS_CONTAINER_MAX) {
                        struct watch refused = {.fd = fd};

                        socket_close(p, &refused, true);
                } else
                        connection_new(l, fd, socket_address_is_v6(&client));
        }
}

void tcp_drop(struct listener *l) {
        while (!link_is_empty(&l->connections))
                connection_end(CONTAINER_OF(l->connections.next, struct connection, link), true);
}

static bool has_another_address(const struct connection *c) {
        for (unsigned i = 0; i < 2; i++)
                if (!(c->tried & (1u << i)) && c->listener->target.addresses[i].family != AF_UNSPEC)
                        return true;
        return false;
}

bool tcp_tick(struct proxy *p) {
        struct link *next;

        for (struct link *l = p->connecting.next; l != &p->connecting; l = next) {
                struct connection *c = CONTAINER_OF(l, struct connection, connecting);

                next = l->next;
                if (p->now - c->since < (has_another_address(c) ? CONNECT_MSEC : CONNECT_LAST_MSEC))
                        continue;
                if (connect_next(c) < 0)
                        connection_end(c, true);
        }
        return !link_is_empty(&p->connecting);
}
