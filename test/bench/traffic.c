/* One server and its clients, to compare ways to it: how much a second goes over one stream, how many requests over
 * connections that stay, how many connections with one request each. One thread on each side, no parsing: what is
 * measured is the way.
 *
 *     traffic serve PORT                          until it is killed
 *     traffic stream|requests|connections ADDRESS PORT MILLISECONDS      prints MB/s, requests/s or connections/s
 *
 * The client's first byte says what it wants: s: what comes is thrown away; r: each REQUEST bytes are answered with
 * RESPONSE bytes. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
        REQUEST = 128,
        RESPONSE = 512,
        CONNECTIONS = 16, /* at a time */
        BLOCK = 128 * 1024,
        SECONDS_LOST = 5, /* no answer for so long: something is broken */
};

/* What one connection still has to receive of the request (server) or the response (client). */
struct connection {
        int fd;
        int left;
        bool open, throw_away;
};

static char block[BLOCK];
static const struct linger reset = {.l_onoff = 1, .l_linger = 0};

static double now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static int watch(void) {
        int fd = epoll_create1(EPOLL_CLOEXEC);

        if (fd < 0)
                err(1, "epoll");
        return fd;
}

static void watch_add(int loop, struct connection *c, uint32_t events) {
        struct epoll_event e = {.events = events, .data.ptr = c};

        if (epoll_ctl(loop, EPOLL_CTL_ADD, c->fd, &e) < 0)
                err(1, "epoll");
}

static void no_delay(int fd) {
        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0)
                err(1, "TCP_NODELAY");
}

static void server_accept(int loop, int listener) {
        for (;;) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                struct connection *c = fd < 0 ? NULL : calloc(1, sizeof(*c));

                if (fd < 0)
                        return;
                if (!c)
                        err(1, "memory");
                no_delay(fd);
                *c = (struct connection){.fd = fd, .left = REQUEST};
                watch_add(loop, c, EPOLLIN);
        }
}

/* False at the connection's end. A client waits for its answer before it asks again, so that no more than one request
 * is ever there, and its answer always fits. */
static bool server_read(struct connection *c) {
        ssize_t n = recv(c->fd, block, c->throw_away ? BLOCK : REQUEST, 0);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return true;
        if (n <= 0)
                return false;
        if (!c->open) {
                c->open = true;
                c->throw_away = block[0] == 's';
        }
        if (c->throw_away)
                return true;
        c->left -= (int) n;
        if (c->left > 0)
                return true;
        c->left = REQUEST;
        return send(c->fd, block, RESPONSE, MSG_NOSIGNAL) == RESPONSE;
}

_Noreturn static void serve(uint16_t port) {
        struct sockaddr_in6 address = {
                .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_ANY_INIT};
        struct connection listener = {.fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
        int loop = watch();

        if (listener.fd < 0 || setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0 ||
            bind(listener.fd, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(listener.fd, 1024) < 0)
                err(1, "port %u", port);
        watch_add(loop, &listener, EPOLLIN);
        for (;;) {
                struct epoll_event events[64];
                int n = epoll_wait(loop, events, 64, -1);

                for (int i = 0; i < n; i++) {
                        struct connection *c = events[i].data.ptr;

                        if (c == &listener)
                                server_accept(loop, listener.fd);
                        else if (!server_read(c)) {
                                (void) close(c->fd);
                                free(c);
                        }
                }
        }
}

struct target {
        struct sockaddr_storage address;
        socklen_t size;
};

static struct target target(const char *address, uint16_t port) {
        struct target t = {.size = sizeof(struct sockaddr_in)};
        struct sockaddr_in *v4 = (void *) &t.address;
        struct sockaddr_in6 *v6 = (void *) &t.address;

        if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons(port);
                return t;
        }
        if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1)
                errx(2, "'%s' is no address", address);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        t.size = sizeof(*v6);
        return t;
}

static double stream(const struct target *t, double duration) {
        int fd = socket(t->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        double began, sent = 0;

        block[0] = 's';
        if (fd < 0 || connect(fd, (const struct sockaddr *) &t->address, t->size) < 0)
                err(1, "connect");
        began = now();
        while (now() - began < duration) {
                ssize_t n = send(fd, block, BLOCK, MSG_NOSIGNAL);

                if (n < 0)
                        err(1, "send");
                sent += (double) n;
        }
        duration = now() - began;
        (void) close(fd);
        return sent / 1e3 / duration;
}

static void client_open(int loop, const struct target *t, struct connection *c) {
        *c = (struct connection){.fd = socket(t->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                                 .left = RESPONSE};
        if (c->fd < 0 || (connect(c->fd, (const struct sockaddr *) &t->address, t->size) < 0 && errno != EINPROGRESS))
                err(1, "connect");
        no_delay(c->fd);
        /* No port waits in TIME_WAIT, of which there would soon be no more. */
        if (setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0)
                err(1, "SO_LINGER");
        watch_add(loop, c, EPOLLOUT);
}

static void client_ask(int loop, struct connection *c) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

        if (send(c->fd, block, REQUEST, MSG_NOSIGNAL) != REQUEST)
                err(1, "send");
        c->left = RESPONSE;
        if (!c->open && epoll_ctl(loop, EPOLL_CTL_MOD, c->fd, &e) < 0)
                err(1, "epoll");
        c->open = true;
}

/* True when an answer is whole. */
static bool client_read(struct connection *c) {
        ssize_t n = recv(c->fd, block, (size_t) c->left, 0);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return false;
        if (n <= 0)
                errx(1, "the connection ended: %s", n < 0 ? strerror(errno) : "by the server");
        c->left -= (int) n;
        return c->left == 0;
}

static double requests(const struct target *t, double duration, bool each_its_connection) {
        struct connection connections[CONNECTIONS];
        double began, answers = 0, took;
        int loop = watch();

        for (size_t i = 0; i < CONNECTIONS; i++)
                client_open(loop, t, &connections[i]);
        began = now();
        while ((took = now() - began) < duration) {
                struct epoll_event events[CONNECTIONS];
                int n = epoll_wait(loop, events, CONNECTIONS, SECONDS_LOST * 1000);

                if (n == 0)
                        errx(1, "no answer within %d s", SECONDS_LOST);
                for (int i = 0; i < n; i++) {
                        struct connection *c = events[i].data.ptr;

                        if (!c->open) {
                                block[0] = 'r';
                                client_ask(loop, c);
                                continue;
                        }
                        if (!client_read(c))
                                continue;
                        answers++;
                        if (each_its_connection) {
                                (void) close(c->fd);
                                client_open(loop, t, c);
                        } else
                                client_ask(loop, c);
                }
        }
        return answers / took * 1e3;
}

int main(int argc, char *argv[]) {
        const char *what = argc > 1 ? argv[1] : "";
        struct target t;
        double duration;

        if (argc == 3 && strcmp(what, "serve") == 0)
                serve((uint16_t) atoi(argv[2]));
        if (argc != 5)
                errx(2, "usage: traffic serve PORT | traffic stream|requests|connections ADDRESS PORT MILLISECONDS");
        t = target(argv[2], (uint16_t) atoi(argv[3]));
        duration = atof(argv[4]);
        if (strcmp(what, "stream") == 0)
                printf("%.1f\n", stream(&t, duration));
        else if (strcmp(what, "requests") == 0 || strcmp(what, "connections") == 0)
                printf("%.0f\n", requests(&t, duration, what[0] == 'c'));
        else
                errx(2, "'%s': stream, requests or connections", what);
        return 0;
}
