/* Asks the daemon, in one call after the other, and starts it when it does not live. */
#include "client.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "launch.h"
#include "varlink-client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#define INTERFACE       "io.nixos.Nspawn"
#define PING_TIMEOUT_MS 5000
/* A daemon that starts repairs everything first; with a thousand containers that takes a moment. */
#define START_TIMEOUT_MS 30000
/* A daemon of systemd's that died is there again so much later. */
#define AGAIN_MS 100
/* Between two looks whether it can still come. */
#define LOOK_MS 50

static int64_t now_ms(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int remaining(int64_t deadline) {
        int64_t left = deadline - now_ms();

        return left < 0 ? 0 : (int) left;
}

/* Where it says what happened. */
static const char *log_place(void) {
        return launch_by_systemd() ? "journalctl -u nspawn-netd" : PATH_LOGS "/netd.log";
}

static int exchange(const char *method, json_t *parameters, int timeout_ms, struct varlink_reply *ret) {
        _cleanup_(freep) char *name = format(INTERFACE ".%s", method);

        return name ? varlink_exchange(PATH_NETD_SOCKET, name, parameters, timeout_ms, ret) : -ENOMEM;
}

/* A Varlink error, in the words that the daemon sent along. */
static int error_from_reply(const char *method, const struct varlink_reply *reply, struct error *e) {
        const char *message = json_string_value(json_object_get(reply->parameters, "message"));
        json_int_t code = json_integer_value(json_object_get(reply->parameters, "errno"));
        json_int_t status = json_integer_value(json_object_get(reply->parameters, "exitStatus"));

        if (!message)
                return error_set(e, EPROTO, EXIT_FAILED,
                                 "nspawn-netd does not understand '%s' (%s); is another version running? "
                                 "It ends with the method Stop and starts again by itself",
                                 method, reply->error);
        if (code <= 0 || code > 4095)
                code = EIO;
        if (status <= 0 || status > 255)
                status = EXIT_FAILED;
        return error_set(e, (int) code, (int) status, "%s", message);
}

int netd_call(const char *method, json_t *parameters, int timeout_ms, json_t **ret, struct error *e) {
        _cleanup_(varlink_reply_clear) struct varlink_reply reply = VARLINK_REPLY_INIT;
        int r;

        r = exchange(method, parameters, timeout_ms, &reply);
        json_decref(parameters);
        if (r == -ETIMEDOUT)
                return error_set(e, ETIMEDOUT, EXIT_FAILED, "nspawn-netd did not answer '%s' within %d ms; see %s",
                                 method, timeout_ms, log_place());
        if (r == -ECONNREFUSED || r == -ENOENT)
                return error_set(e, r, EXIT_FAILED,
                                 "nspawn-netd is not running (asked for '%s' at " PATH_NETD_SOCKET ")", method);
        if (r == -ECONNRESET || r == -EPIPE)
                return error_set(e, r, EXIT_FAILED, "nspawn-netd ended while it was asked for '%s'; see %s", method,
                                 log_place());
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot ask nspawn-netd for '%s' at " PATH_NETD_SOCKET, method);
        if (reply.error)
                return error_from_reply(method, &reply, e);
        if (ret)
                *ret = reply.parameters ? json_incref(reply.parameters) : json_object();
        return 0;
}

bool netd_running(void) {
        _cleanup_(varlink_reply_clear) struct varlink_reply reply = VARLINK_REPLY_INIT;

        /* To connect is to start it, where systemd listens. */
        return lock_is_held(PATH_NETD_LOCK) && exchange("Ping", NULL, PING_TIMEOUT_MS, &reply) >= 0 && !reply.error;
}

/* Whether that one can come only matters while there is none. */
static bool may_come(netd_worth_t worth, void *userdata) {
        return !worth || lock_is_held(PATH_NETD_LOCK) || worth(userdata);
}

/* A call wakes a daemon of systemd's. */
static int ping_patiently(int64_t deadline, netd_worth_t worth, void *userdata) {
        _cleanup_(varlink_exchange_clear) struct varlink_exchange x = VARLINK_EXCHANGE_INIT;
        _cleanup_(varlink_reply_clear) struct varlink_reply reply = VARLINK_REPLY_INIT;
        int r = varlink_exchange_begin(PATH_NETD_SOCKET, NULL, INTERFACE ".Ping", NULL, remaining(deadline), &x);

        if (r < 0)
                return r;
        for (struct pollfd p = {.fd = x.fd, .events = POLLIN}; poll(&p, 1, LOOK_MS) <= 0;) {
                if (remaining(deadline) == 0)
                        return -ETIMEDOUT;
                if (!may_come(worth, userdata))
                        return -ECANCELED;
        }
        return varlink_exchange_end(&x, &reply);
}

/* systemd starts it, and starts it again when it dies at once. */
static int ensure_by_systemd(netd_worth_t worth, void *userdata, struct error *e) {
        int64_t deadline = now_ms() + START_TIMEOUT_MS;

        for (;;) {
                int r = ping_patiently(deadline, worth, userdata);

                if (r >= 0)
                        return 0;
                if (r == -ENOENT || r == -ECONNREFUSED)
                        return launch_error_socket("nspawn-netd", e);
                if (r == -EACCES || r == -EPERM)
                        return error_errno(e, r, EXIT_FAILED, "cannot talk to nspawn-netd: this needs root");
                /* systemd takes connections, and closes them, also where it will start nobody. */
                if (r == -ECANCELED || !may_come(worth, userdata))
                        return error_set(e, ECANCELED, EXIT_FAILED,
                                         "nspawn-netd does not run, and cannot be started now");
                if (remaining(deadline) <= AGAIN_MS)
                        return error_errno(e, r, EXIT_FAILED, "nspawn-netd does not come up within %d s; see %s",
                                           START_TIMEOUT_MS / 1000, log_place());
                (void) poll(NULL, 0, AGAIN_MS);
        }
}

static int ensure_by_launch(struct error *e) {
        int64_t deadline = now_ms() + START_TIMEOUT_MS;
        int r;

        r = directory_make(PATH_RUN, 0755);
        if (r >= 0)
                r = directory_make(PATH_LOGS, 0755);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot make the folders " PATH_RUN " and " PATH_LOGS);

        for (;;) {
                _cleanup_(varlink_reply_clear) struct varlink_reply reply = VARLINK_REPLY_INIT;
                _cleanup_(buffer_clear) struct buffer report = BUFFER_INIT;

                r = exchange("Ping", NULL, PING_TIMEOUT_MS, &reply);
                if (r >= 0)
                        return 0;
                if (r == -ETIMEDOUT)
                        return error_set(e, r, EXIT_FAILED,
                                         "nspawn-netd runs but does not answer within %d s; see " PATH_LOGS
                                         "/netd.log, and kill it when it hangs: the next command starts it again",
                                         PING_TIMEOUT_MS / 1000);
                if (r == -EACCES || r == -EPERM)
                        return error_errno(e, r, EXIT_FAILED, "cannot talk to nspawn-netd: this needs root");
                if (remaining(deadline) == 0)
                        return error_errno(e, r, EXIT_FAILED,
                                           "nspawn-netd does not come up within %d s; see " PATH_LOGS "/netd.log",
                                           START_TIMEOUT_MS / 1000);

                r = launch("nspawn-netd", PATH_LOGS "/netd.log", remaining(deadline), &report, e);
                if (r < 0)
                        return r;
                if (report.size > 0 && !string_equal(report.data, "ready"))
                        return error_set(e, EIO, EXIT_FAILED, "nspawn-netd did not start: %s", report.data);
                /* Silence: another one was starting, or ending, at the same time. */
                if (report.size == 0)
                        (void) poll(NULL, 0, 10);
        }
}

int netd_ensure(struct error *e) {
        return netd_ensure_while(NULL, NULL, e);
}

int netd_ensure_while(netd_worth_t worth, void *userdata, struct error *e) {
        return launch_by_systemd() ? ensure_by_systemd(worth, userdata, e) : ensure_by_launch(e);
}

int netd_open(void) {
        return lock_holder_open(PATH_NETD_LOCK);
}
