/* Talks Varlink with nspawn-proxy, and starts it when there is something for it to do. */
#include "proxy_client.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/paths.h"
#include "launch.h"
#include "varlink-client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>

#define INTERFACE  "io.nixos.NspawnProxy"
#define LOG        PATH_LOGS "/proxy.log"
#define TIMEOUT_MS 10000
/* It does nothing that takes long: who says nothing for so long is stopped or hangs. */
#define ANSWER_MS 3000
/* How long to look again when one proxy ends while another one starts. */
#define START_MS 10000

/* The daemon's connection; it may be one to a proxy that has ended. */
static int kept = -1;

/* To connect is to start it, where systemd listens. */
static bool lives(void) {
        return lock_is_held(PATH_PROXY_LOCK);
}

/* Where it says what happened. */
static const char *log_place(void) {
        return launch_by_systemd() ? "journalctl -u nspawn-proxy" : LOG;
}

static bool nobody_there(int r) {
        return r == -ENOENT || r == -ECONNREFUSED || r == -ECONNRESET || r == -EPIPE;
}

static int error_from_reply(const struct varlink_reply *reply, struct error *e) {
        const char *message = json_string_value(json_object_get(reply->parameters, "message"));
        json_int_t code = json_integer_value(json_object_get(reply->parameters, "errno"));
        json_int_t status = json_integer_value(json_object_get(reply->parameters, "exitStatus"));

        if (!message)
                return error_set(e, EPROTO, EXIT_FAILED,
                                 "nspawn-proxy does not understand (%s); is another version running? End it: it is "
                                 "started again by itself",
                                 reply->error);
        return error_set(e, code > 0 && code < 4096 ? (int) code : EIO,
                         status > 0 && status < 256 ? (int) status : EXIT_FAILED, "%s", message);
}

static int await_end(int process, int timeout_ms) {
        struct pollfd p = {.fd = process, .events = POLLIN};
        int r;

        do
                r = poll(&p, 1, timeout_ms);
        while (r < 0 && errno == EINTR);
        return r > 0 ? 0 : -ETIMEDOUT;
}

static int end(int process, int signal, int timeout_ms) {
        if (pidfd_send_signal(process, signal, NULL, 0) < 0 && errno != ESRCH)
                return -errno;
        return await_end(process, timeout_ms);
}

/* One that hangs keeps its ports from everybody and would for ever. Its connections hang, too. */
static int replace(struct error *e) {
        _cleanup_(fd_closep) int process = proxy_open();
        int r = process;

        log_warning("nspawn-proxy did not answer within %d s, replacing it", ANSWER_MS / 1000);
        if (r >= 0)
                r = end(process, SIGKILL, TIMEOUT_MS);
        if (r < 0 && r != -ESRCH)
                return error_errno(e, r, EXIT_FAILED, "nspawn-proxy hangs and cannot be ended; see %s", log_place());
        return -ECONNRESET;
}

/* What came of an exchange: 0, or -errno with e set; when nobody_there(), without. */
static int judge(int r, const struct varlink_reply *reply, struct error *e) {
        if (nobody_there(r))
                return r;
        if (r == -ETIMEDOUT)
                return replace(e);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot talk to nspawn-proxy at " PATH_PROXY_SOCKET);
        return reply->error ? error_from_reply(reply, e) : 0;
}

static int exchange(const char *method, json_t *parameters, struct varlink_reply *ret) {
        _cleanup_(varlink_exchange_clear) struct varlink_exchange x = VARLINK_EXCHANGE_INIT;
        int r = varlink_exchange_begin(PATH_PROXY_SOCKET, &kept, method, parameters, ANSWER_MS, &x);

        return r < 0 ? r : varlink_exchange_end(&x, ret);
}

static int call(const char *method, json_t *parameters, json_t **ret, struct error *e) {
        _cleanup_(varlink_reply_clear) struct varlink_reply reply = VARLINK_REPLY_INIT;
        int r;

        r = judge(exchange(method, parameters, &reply), &reply, e);
        if (r >= 0 && ret)
                *ret = json_incref(reply.parameters);
        return r;
}

static int start(struct error *e) {
        _cleanup_(buffer_clear) struct buffer report = BUFFER_INIT;
        int r;

        r = directory_make(PATH_RUN, 0755);
        if (r == 0)
                r = directory_make(PATH_LOGS, 0755);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot make the folders " PATH_RUN " and " PATH_LOGS);
        r = launch("nspawn-proxy", LOG, TIMEOUT_MS, &report, e);
        if (r < 0)
                return r;
        if (report.size > 0 && !string_equal(report.data, "ready"))
                return error_set(e, EIO, EXIT_FAILED, "nspawn-proxy did not start: %s", report.data);
        /* Silence: another one was starting, or ending, at the same time. */
        if (report.size == 0)
                (void) poll(NULL, 0, 10);
        return 0;
}

/* systemd listens, and starts it for the call; it may have died meanwhile. */
static int start_by_systemd(int reason, struct error *e) {
        if (reason == -ENOENT || reason == -ECONNREFUSED)
                return launch_error_socket("nspawn-proxy", e);
        (void) poll(NULL, 0, 10);
        return 0;
}

static int64_t now_ms(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int call_or_start(const char *method, json_t *parameters, struct error *e) {
        int64_t deadline = now_ms() + START_MS;

        for (;;) {
                bool old = kept >= 0;
                int r = call(method, parameters, NULL, e);

                if (!nobody_there(r))
                        return r;
                if (old)
                        continue;
                if (now_ms() >= deadline)
                        return error_errno(e, r, EXIT_FAILED, "nspawn-proxy does not come up; see %s", log_place());
                r = launch_by_systemd() ? start_by_systemd(r, e) : start(e);
                if (r < 0)
                        return r;
        }
}

static int call_if_lives(const char *method, json_t *parameters, json_t **ret, struct error *e) {
        bool old = kept >= 0;
        int r = old || lives() ? call(method, parameters, ret, e) : -ESRCH;

        if (old && nobody_there(r))
                r = lives() ? call(method, parameters, ret, e) : -ESRCH;

        return nobody_there(r) ? -ESRCH : r;
}

static json_t *address_json(const struct address *a) {
        char text[ADDRESS_TEXT_MAX];

        return a->family == AF_UNSPEC ? json_null() : json_string(address_format(a, text));
}

/* Bound to every address, of both families or of one, or to a loopback address. */
static bool wants_localhost(const struct forward *f) {
        static const uint8_t zero[16];

        return memcmp(f->bind.bytes, zero, address_size(&f->bind)) == 0 || address_is_loopback(&f->bind);
}

bool proxy_needed(const struct network *n) {
        for (size_t i = 0; i < n->n_forwards; i++)
                if (wants_localhost(&n->forwards[i]))
                        return true;
        return false;
}

static json_t *set_parameters(const char *name, const struct network *n, size_t *ret_n) {
        json_t *forwards = json_array();

        for (size_t i = 0; i < n->n_forwards; i++) {
                const struct forward *f = &n->forwards[i];

                if (wants_localhost(f))
                        (void) json_array_append_new(
                                forwards,
                                json_pack("{s:s, s:i, s:i, s:i, s:o}", "protocol", protocol_name(f->protocol),
                                          "hostPort", (int) f->host_port, "containerPort", (int) f->container_port,
                                          "count", (int) f->count, "bindAddress", address_json(&f->bind)));
        }
        *ret_n = json_array_size(forwards);
        return json_pack("{s:s, s:o, s:o, s:o}", "name", name, "address4", address_json(&n->container_v4.address),
                         "address6", address_json(&n->container_v6.address), "forwards", forwards);
}

int proxy_set(const char *name, const struct network *n, struct error *e) {
        size_t n_forwards;
        json_t *parameters;
        int r;

        parameters = set_parameters(name, n, &n_forwards);
        if (!parameters)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot tell nspawn-proxy about container '%s'", name);
        r = n_forwards > 0 ? call_or_start(INTERFACE ".Set", parameters, e)
                           : call_if_lives(INTERFACE ".Set", parameters, NULL, e);
        json_decref(parameters);
        return n_forwards == 0 && r == -ESRCH ? 0 : r;
}

void proxy_set_begin(const char *name, const struct network *n, struct varlink_exchange *ret) {
        size_t n_forwards;
        json_t *parameters = set_parameters(name, n, &n_forwards);

        *ret = VARLINK_EXCHANGE_INIT;
        /* With nothing to listen for it is not started. */
        if (parameters && n_forwards > 0)
                (void) varlink_exchange_begin(PATH_PROXY_SOCKET, &kept, INTERFACE ".Set", parameters, ANSWER_MS, ret);
        json_decref(parameters);
}

int proxy_set_end(struct varlink_exchange *x, const char *name, const struct network *n, struct error *e) {
        _cleanup_(varlink_reply_clear) struct varlink_reply reply = VARLINK_REPLY_INIT;
        int r;

        if (x->fd < 0)
                return proxy_set(name, n, e);
        r = judge(varlink_exchange_end(x, &reply), &reply, e);
        /* It ended meanwhile, by itself perhaps because it had nothing to do. */
        return nobody_there(r) ? proxy_set(name, n, e) : r;
}

int proxy_clear(const char *name, struct error *e) {
        json_t *parameters = json_pack("{s:s}", "name", name);
        int r;

        if (!parameters)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot tell nspawn-proxy about container '%s'", name);
        r = call_if_lives(INTERFACE ".Clear", parameters, NULL, e);
        json_decref(parameters);
        return r == -ESRCH ? 0 : r;
}

int proxy_list(json_t **ret, struct error *e) {
        json_t *reply = NULL, *list;
        int r;

        r = call_if_lives(INTERFACE ".List", NULL, &reply, e);
        if (r == -ESRCH) {
                *ret = json_array();
                return 0;
        }
        if (r < 0)
                return r;
        list = json_object_get(reply, "containers");
        *ret = json_is_array(list) ? json_incref(list) : json_array();
        json_decref(reply);
        return 0;
}

int proxy_open(void) {
        return lock_holder_open(PATH_PROXY_LOCK);
}

int proxy_stop(struct error *e) {
        _cleanup_(fd_closep) int process = proxy_open();
        int r = process;

        if (r >= 0)
                r = end(process, SIGTERM, ANSWER_MS);
        if (r == -ETIMEDOUT && process >= 0)
                r = end(process, SIGKILL, TIMEOUT_MS);
        return r < 0 && r != -ESRCH ? error_errno(e, r, EXIT_FAILED, "cannot end nspawn-proxy") : 0;
}
