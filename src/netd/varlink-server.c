/* Connections are bounded in number, in what they may send before a message ends, and in what they may leave unread:
 * while a peer does not take its replies, its next calls wait. */
#include "varlink-server.h"

#include "base/log.h"
#include "base/parse.h"
#include "varlink-service.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#define CONNECTIONS_MAX 1024U
#define LARGE_REPLY     ((size_t) 128 * 1024)
#define CALLS_AT_ONCE   32U

struct connection {
        struct varlink_server *server;
        struct connection *next;
        struct connection **previous_next;
        sd_event_source *source;
        int fd;
        struct buffer in, out;
        bool ended; /* the peer sends no more */
};

struct varlink_server {
        sd_event *event; /* referenced */
        int fd;
        sd_event_source *source;
        const struct varlink_interface *interface;
        void *userdata;
        struct connection *connections;
        size_t n_connections;
        uint64_t last_call;
};

static void connection_free(struct connection *c) {
        if (c->server->n_connections-- == CONNECTIONS_MAX)
                (void) sd_event_source_set_enabled(c->server->source, SD_EVENT_ON);
        *c->previous_next = c->next;
        if (c->next)
                c->next->previous_next = c->previous_next;
        sd_event_source_disable_unref(c->source);
        (void) fd_close(c->fd);
        buffer_clear(&c->in);
        buffer_clear(&c->out);
        free(c);
}

/* Sends what is there. -errno when the connection is lost. */
static int connection_flush(struct connection *c) {
        bool large;

        while (c->out.size > 0) {
                ssize_t n = send(c->fd, c->out.data, c->out.size, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 0 : -errno;
                buffer_consume(&c->out, (size_t) n);
        }
        /* An idle connection keeps no memory; and what a large answer took goes back to the system. */
        large = c->out.capacity > LARGE_REPLY;
        buffer_clear(&c->out);
        if (large)
                (void) malloc_trim(0);
        return 0;
}

static size_t call_max(const struct connection *c) {
        return c->server->interface->call_max ? c->server->interface->call_max : VARLINK_CALL_MAX;
}

static int connection_receive(struct connection *c) {
        char chunk[16 * 1024];
        ssize_t n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                c->ended = true;
        buffer_append(&c->in, chunk, (size_t) n);
        return buffer_error(&c->in);
}

static int reply(struct connection *c, const struct varlink_call *call, json_t *parameters, const char *error) {
        return call->oneway ? 0 : varlink_reply_append(&c->out, parameters, error, false);
}

static int reply_named(struct connection *c, const struct varlink_call *call, const char *error, const char *key,
                       const char *value) {
        json_t *parameters = json_pack("{s:s}", key, value);
        int r = parameters ? reply(c, call, parameters, error) : -ENOMEM;

        json_decref(parameters);
        return r;
}

static int reply_failure(struct connection *c, const struct varlink_call *call, const struct error *e) {
        const struct varlink_interface *i = c->server->interface;
        _cleanup_(freep) char *name = NULL;
        json_t *parameters;
        int r;

        parameters = json_pack("{s:s,s:i,s:i}", "message", error_message(e), "exitStatus",
                               e->exit_status ? e->exit_status : EXIT_FAILED, "errno", -e->code);
        if (!parameters) /* a message that is not UTF-8: it quotes a damaged file */
                parameters = json_pack("{s:s,s:i,s:i}", "message", strerror(-e->code), "exitStatus", EXIT_FAILED,
                                       "errno", -e->code);
        if (asprintf(&name, "%s.%s", i->name, i->error_name(e)) < 0)
                name = NULL;
        r = name && parameters ? reply(c, call, parameters, name) : -ENOMEM;
        json_decref(parameters);
        return r;
}

static int call_method(struct connection *c, const struct varlink_call *call, const struct varlink_method *m) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        json_t *empty = NULL, *parameters = call->parameters, *result = NULL;
        const char *wrong;
        int r;

        if (!parameters)
                parameters = empty = json_object();
        wrong = varlink_parameters_check(m, parameters);
        if (wrong)
                r = reply_named(c, call, "org.varlink.service.InvalidParameter", "parameter", wrong);
        else {
                r = m->function(parameters, c->server->userdata, &result, &e);
                if (r < 0 && e.code >= 0)
                        e.code = r;
                r = r < 0 ? reply_failure(c, call, &e) : reply(c, call, result, NULL);
        }
        json_decref(result);
        json_decref(empty);
        return r;
}

static int connection_call(struct connection *c, const struct varlink_call *call) {
        const struct varlink_interface *i = c->server->interface;
        const char *dot = strrchr(call->method, '.');
        _cleanup_(freep) char *name = NULL;
        const struct varlink_method *m;
        json_t *result = NULL;
        int r;

        name = dot ? strndup(call->method, (size_t) (dot - call->method)) : strdup(call->method);
        if (!name)
                return -ENOMEM;

        if (string_equal(name, VARLINK_SERVICE)) {
                const char *error = NULL, *key = NULL, *value = NULL;

                r = varlink_service_call(i, call->method, call->parameters, &result, &error, &key, &value);
                if (r >= 0)
                        r = error ? reply_named(c, call, error, key, value) : reply(c, call, result, NULL);
                json_decref(result);
                return r;
        }
        if (!dot || !string_equal(name, i->name))
                return reply_named(c, call, VARLINK_SERVICE ".InterfaceNotFound", "interface", name);
        m = varlink_method_find(i, dot + 1);
        if (!m)
                return reply_named(c, call, VARLINK_SERVICE ".MethodNotFound", "method", call->method);
        return call_method(c, call, m);
}

/* Handles complete messages while the peer takes the answers. Returns 1 when more are waiting. */
static int connection_process(struct connection *c) {
        for (unsigned n = 0; n < CALLS_AT_ONCE; n++) {
                _cleanup_(varlink_call_clear) struct varlink_call call = VARLINK_CALL_INIT;
                const char *end;
                int r;

                if (c->out.size > 0)
                        return 1;
                end = c->in.size > 0 ? memchr(c->in.data, 0, c->in.size) : NULL;
                if (!end)
                        return c->in.size > call_max(c) ? -EMSGSIZE : 0;
                r = varlink_call_parse(c->in.data, (size_t) (end - c->in.data), &call);
                if (r < 0)
                        return r;
                buffer_consume(&c->in, (size_t) (end - c->in.data) + 1);
                if (c->in.size == 0)
                        buffer_clear(&c->in);
                (void) sd_event_now(c->server->event, CLOCK_MONOTONIC, &c->server->last_call);
                r = connection_call(c, &call);
                if (r >= 0)
                        r = connection_flush(c);
                if (r < 0)
                        return r;
        }
        return 1;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct connection *c = userdata;
        uint32_t wanted = EPOLLIN;
        int r;

        r = connection_flush(c);
        if (r >= 0 && (events & (EPOLLIN | EPOLLHUP)) && !c->ended && c->in.size <= call_max(c))
                r = connection_receive(c);
        if (r >= 0)
                r = connection_process(c);
        if (r == -EBADMSG || r == -EMSGSIZE)
                log_warning("a Varlink peer sent %s, disconnecting it",
                            r == -EBADMSG ? "something that is not a Varlink call" : "an endless message");
        if (r < 0 || (events & EPOLLERR) || (r == 0 && c->ended && c->out.size == 0)) {
                connection_free(c);
                return 0;
        }

        /* Level triggered: asking for EPOLLOUT while calls wait brings us back at once, after the others' turn. */
        if (r > 0 || c->out.size > 0)
                wanted = EPOLLOUT;
        (void) sd_event_source_set_io_events(source, wanted);
        return 0;
}

/* The socket's mode keeps others out already; but it may have been passed to us, and modes can be changed. */
static int peer_check(int fd) {
        struct ucred credentials;
        socklen_t size = sizeof(credentials);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
                return -errno;
        return credentials.uid == 0 ? 0 : -EPERM;
}

static int connection_new(struct varlink_server *server, int fd) {
        struct connection *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        r = sd_event_add_io(server->event, &c->source, fd, EPOLLIN, on_connection, c);
        if (r < 0) {
                free(c);
                return r;
        }
        (void) sd_event_source_set_priority(c->source, SD_EVENT_PRIORITY_NORMAL + 10);
        c->server = server;
        c->fd = fd;
        c->next = server->connections;
        c->previous_next = &server->connections;
        if (c->next)
                c->next->previous_next = &c->next;
        server->connections = c;
        server->n_connections++;
        return 0;
}

size_t varlink_server_accept(struct varlink_server *server) {
        size_t n = 0;

        for (;;) {
                _cleanup_(fd_closep) int fd = -1;

                /* The next ones wait in the socket's queue until somebody has left. */
                if (server->n_connections >= CONNECTIONS_MAX) {
                        (void) sd_event_source_set_enabled(server->source, SD_EVENT_OFF);
                        return n;
                }
                fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd < 0)
                        return n;
                if (peer_check(fd) < 0) {
                        log_warning("a process that is not root's tried to connect, refusing it");
                        continue;
                }
                if (connection_new(server, fd) < 0)
                        return n;
                (void) steal_fd(&fd);
                n++;
        }
}

/* Who connects has mostly sent its call by now. When many come, each waits for its turn. */
static int on_listen(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct varlink_server *server = userdata;

        if (varlink_server_accept(server) == 1) {
                struct connection *c = server->connections; /* the newest */

                return on_connection(c->source, c->fd, EPOLLIN, c);
        }
        return 0;
}

int varlink_server_new(sd_event *event, int fd, const struct varlink_interface *interface, void *userdata,
                       struct varlink_server **ret) {
        struct varlink_server *server = calloc(1, sizeof(*server));
        int r;

        if (!server) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        server->event = sd_event_ref(event);
        server->fd = fd;
        server->interface = interface;
        server->userdata = userdata;
        r = sd_event_add_io(event, &server->source, fd, EPOLLIN, on_listen, server);
        if (r < 0) {
                varlink_server_free(server);
                return r;
        }
        (void) sd_event_source_set_priority(server->source, SD_EVENT_PRIORITY_NORMAL + 10);
        *ret = server;
        return 0;
}

struct varlink_server *varlink_server_free(struct varlink_server *server) {
        if (!server)
                return NULL;
        while (server->connections) {
                (void) connection_flush(server->connections);
                connection_free(server->connections);
        }
        sd_event_source_disable_unref(server->source);
        (void) fd_close(server->fd);
        sd_event_unref(server->event);
        free(server);
        return NULL;
}

size_t varlink_server_connections(const struct varlink_server *server) {
        return server->n_connections;
}

uint64_t varlink_server_last_call(const struct varlink_server *server) {
        return server->last_call;
}
