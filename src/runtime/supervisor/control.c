/* Who asks, and what they wait for: one JSON object a line, both ways.
 *
 *     {"request":"status"}                         -> {"state":"running","leader":123,...}
 *     {"request":"stop","timeoutUsec":90000000}    -> {"gone":true}
 *     {"request":"restart","timeoutUsec":90000000} -> {"ready":true}
 *     {"request":"wait"}                           -> {"ready":true}
 *     {"request":"gone"}                           -> {"gone":true}, when it has ended, whoever ends it
 *
 * Before an answer there may come {"phase":"..."}; instead of one {"error":"...","exitStatus":N}. */
#include "supervisor.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define REQUEST_MAX 4096
#define CLIENTS_MAX 64

static void client_free(struct client *c) {
        struct supervisor *s = c->supervisor;

        for (struct client **p = &s->clients; *p; p = &(*p)->next)
                if (*p == c) {
                        *p = c->next;
                        break;
                }
        (void) sd_event_source_disable_unref(c->source);
        (void) fd_close(c->fd);
        buffer_clear(&c->input);
        free(c);
}

/* j: consumed. One who does not read is not waited for. */
static void client_send(struct client *c, json_t *j) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        _cleanup_(freep) char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

        json_decref(j);
        if (!text)
                return;
        buffer_append_string(&b, text);
        buffer_append_byte(&b, '\n');
        if (buffer_error(&b) >= 0)
                (void) send(c->fd, b.data, b.size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static json_t *error_json(const struct error *e) {
        return json_pack("{s:s, s:i, s:i}", "error", error_message(e), "exitStatus",
                         e->exit_status ? e->exit_status : EXIT_FAILED, "errno", -e->code);
}

static void request_stop(struct supervisor *s, struct client *c, uint64_t timeout_usec, bool restart) {
        if (s->stopping && restart) {
                struct error e = ERROR_INIT;

                (void) error_set(&e, EBUSY, EXIT_FAILED, "%s is being stopped", s->name);
                client_send(c, error_json(&e));
                error_clear(&e);
                return;
        }
        c->wish = restart ? WISH_READY : WISH_GONE;
        s->restarting = restart;
        s->stopping = !restart;
        run_stop(s, timeout_usec);
}

static void request_handle(struct supervisor *s, struct client *c, const char *line, size_t size) {
        json_t *j = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
        const char *request = json_string_value(json_object_get(j, "request"));
        json_t *timeout = json_object_get(j, "timeoutUsec");
        json_int_t usec = json_is_integer(timeout) ? json_integer_value(timeout) : -1;
        uint64_t timeout_usec = usec < 0 ? UINT64_MAX : (uint64_t) usec;

        if (!request)
                client_send(c, json_pack("{s:s, s:i}", "error", "not a request", "exitStatus", EXIT_FAILED));
        else if (!strcmp(request, "status"))
                client_send(c, json_pack("{s:s, s:s, s:i, s:I}", "name", s->name, "state",
                                         runtime_state_name(s->record.state), "leader", (int) s->record.leader.pid,
                                         "sinceUsec", (json_int_t) s->record.since_usec));
        else if (!strcmp(request, "stop") || !strcmp(request, "restart"))
                request_stop(s, c, timeout_usec, !strcmp(request, "restart"));
        else if (!strcmp(request, "gone"))
                c->wish = WISH_GONE;
        else if (!strcmp(request, "wait")) {
                if (s->record.state == RUNTIME_RUNNING)
                        client_send(c, json_pack("{s:b}", "ready", 1));
                else
                        c->wish = WISH_READY;
        } else
                client_send(c, json_pack("{s:s, s:i}", "error", "unknown request", "exitStatus", EXIT_FAILED));
        json_decref(j);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct client *c = userdata;
        char data[REQUEST_MAX], *end;
        ssize_t n = recv(fd, data, sizeof data, MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0)
                buffer_append(&c->input, data, (size_t) n);
        if (n <= 0 || buffer_error(&c->input) < 0 || c->input.size > REQUEST_MAX) {
                client_free(c);
                return 0;
        }
        while ((end = memchr(buffer_text(&c->input), '\n', c->input.size))) {
                size_t size = (size_t) (end - c->input.data);

                request_handle(c->supervisor, c, c->input.data, size);
                buffer_consume(&c->input, size + 1);
        }
        return 0;
}

int control_add_client(struct supervisor *s, int fd, enum wish wish) {
        struct client *c = calloc(1, sizeof *c);
        int r;

        if (!c) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        *c = (struct client){.next = s->clients, .supervisor = s, .fd = fd, .input = BUFFER_INIT, .wish = wish};
        s->clients = c;
        r = sd_event_add_io(s->loop, &c->source, fd, EPOLLIN, on_client, c);
        if (r < 0)
                client_free(c);
        return r;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct supervisor *s = userdata;
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        size_t n = 0;

        if (connection < 0)
                return 0;
        for (struct client *c = s->clients; c; c = c->next)
                n++;
        if (n >= CLIENTS_MAX)
                (void) fd_close(connection);
        else if (control_add_client(s, connection, WISH_NONE) < 0)
                log_warning("Cannot serve a request about %s", s->name);
        return 0;
}

int control_open(struct supervisor *s, struct error *e) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(freep) char *path = supervisor_path(s->name, "control");
        _cleanup_(fd_closep) int fd = -1;
        int r;

        if (!path || strlen(path) >= sizeof address.sun_path)
                return error_errno(e, ENAMETOOLONG, EXIT_FAILED, "Cannot make the control socket of %s", s->name);
        strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void) file_remove(path);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof address) < 0 || chmod(path, 0600) < 0 ||
            listen(fd, 16) < 0)
                return error_errno(e, errno, EXIT_FAILED, "Cannot make the control socket %s", path);
        r = sd_event_add_io(s->loop, &s->control_source, fd, EPOLLIN, on_connection, s);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot watch the control socket %s", path);
        s->control = steal_fd(&fd);
        return 0;
}

void control_phase(struct supervisor *s, const char *phase) {
        for (struct client *c = s->clients; c; c = c->next)
                if (c->wish != WISH_NONE)
                        client_send(c, json_pack("{s:s}", "phase", phase));
}

void control_answer(struct supervisor *s, enum wish wish, const struct error *failure) {
        for (struct client *c = s->clients; c; c = c->next) {
                if (c->wish != wish)
                        continue;
                c->wish = WISH_NONE;
                client_send(c, failure             ? error_json(failure)
                               : wish == WISH_GONE ? json_pack("{s:b}", "gone", 1)
                                                   : json_pack("{s:b}", "ready", 1));
        }
}

void control_close(struct supervisor *s) {
        while (s->clients)
                client_free(s->clients);
        s->control_source = sd_event_source_disable_unref(s->control_source);
        s->control = fd_close(s->control);
}
