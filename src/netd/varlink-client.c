/* One connection a call, for the server may be replaced between two calls; who calls often keeps its connection, which
 * spares both sides some 60 µs a call. */
#include "varlink-client.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static int64_t now_ms(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What is left of a time limit; -1 stays "none". */
static int remaining(int64_t deadline) {
        int64_t left;

        if (deadline < 0)
                return -1;
        left = deadline - now_ms();
        return left < 0 ? 0 : (int) left;
}

static int wait_for(int fd, short events, int64_t deadline) {
        struct pollfd p = {.fd = fd, .events = events};
        int r;

        do
                r = poll(&p, 1, remaining(deadline));
        while (r < 0 && errno == EINTR);
        return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

static int client_connect(const char *path, int64_t deadline) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        (void) strcpy(address.sun_path, path);
        while (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0) {
                /* EAGAIN: the queue of a busy daemon is full, and poll() does not say when it has room. */
                if (errno == EAGAIN && remaining(deadline) != 0)
                        (void) poll(NULL, 0, 5);
                else if (errno != EINTR)
                        return errno == EAGAIN ? -ETIMEDOUT : -errno;
        }
        return steal_fd(&fd);
}

static int client_send(int fd, const struct buffer *b, int64_t deadline) {
        for (size_t sent = 0; sent < b->size;) {
                ssize_t n = send(fd, b->data + sent, b->size - sent, MSG_NOSIGNAL);
                int r;

                if (n >= 0)
                        sent += (size_t) n;
                else if (errno == EAGAIN) {
                        r = wait_for(fd, POLLOUT, deadline);
                        if (r < 0)
                                return r;
                } else if (errno != EINTR)
                        return -errno;
        }
        return 0;
}

/* Reads up to the NUL that ends the message, which is the last byte that comes. */
static int client_receive(int fd, struct buffer *b, int64_t deadline) {
        for (;;) {
                char chunk[16 * 1024];
                ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
                int r;

                if (n > 0) {
                        buffer_append(b, chunk, (size_t) n);
                        if (buffer_error(b) < 0)
                                return buffer_error(b);
                        if (memchr(chunk, 0, (size_t) n))
                                return chunk[n - 1] == 0 ? 0 : -EPROTO;
                        if (b->size > VARLINK_REPLY_MAX)
                                return -EMSGSIZE;
                } else if (n == 0)
                        return -ECONNRESET;
                else if (errno == EAGAIN) {
                        r = wait_for(fd, POLLIN, deadline);
                        if (r < 0)
                                return r;
                } else if (errno != EINTR)
                        return -errno;
        }
}

void varlink_exchange_clear(struct varlink_exchange *x) {
        x->fd = fd_close(x->fd);
}

int varlink_exchange_begin(const char *path, int *kept, const char *method, json_t *parameters, int timeout_ms,
                           struct varlink_exchange *ret) {
        int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
        _cleanup_(buffer_clear) struct buffer call = BUFFER_INIT;
        _cleanup_(fd_closep) int fd = -1;
        int r;

        r = varlink_call_append(&call, method, parameters, false, false);
        if (r < 0)
                return r;
        fd = kept && *kept >= 0 ? steal_fd(kept) : client_connect(path, deadline);
        if (fd < 0)
                return fd;
        r = client_send(fd, &call, deadline);
        if (r < 0)
                return r;
        *ret = (struct varlink_exchange){.fd = steal_fd(&fd), .deadline = deadline, .kept = kept};
        return 0;
}

int varlink_exchange_end(struct varlink_exchange *x, struct varlink_reply *ret) {
        _cleanup_(buffer_clear) struct buffer answer = BUFFER_INIT;
        int r;

        r = client_receive(x->fd, &answer, x->deadline);
        if (r >= 0 && x->kept && *x->kept < 0)
                *x->kept = steal_fd(&x->fd);
        varlink_exchange_clear(x);
        return r < 0 ? r : varlink_reply_parse(answer.data, strlen(answer.data), ret);
}

int varlink_exchange(const char *path, const char *method, json_t *parameters, int timeout_ms,
                     struct varlink_reply *ret) {
        _cleanup_(varlink_exchange_clear) struct varlink_exchange x = VARLINK_EXCHANGE_INIT;
        int r;

        r = varlink_exchange_begin(path, NULL, method, parameters, timeout_ms, &x);
        return r < 0 ? r : varlink_exchange_end(&x, ret);
}
