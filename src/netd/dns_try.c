/* One query to one of the host's resolvers, over UDP or TCP.
 *
 * Each try has a socket of its own, whose port the kernel chooses at random, and an id of its own; the socket is
 * connected, so that the kernel drops what comes from elsewhere and says when nobody listens there. */
#include "netd/responder.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/uio.h>

void dns_try_close(struct dns_pending *p, unsigned i) {
        fd_closep(&p->tries[i].fd);
        if (!dns_try_is_stream(p, i))
                return;
        freep(&p->stream);
        p->stream_got = 0;
}

static uint32_t watch_slot(const struct dns_pending *p, unsigned i) {
        return p->slot * DNS_TRIES_MAX + i;
}

static int try_open(struct responders *r, struct dns_pending *p, unsigned i) {
        const union dns_address *server = dns_try_server(p, i);
        bool stream = dns_try_is_stream(p, i);
        _cleanup_(fd_closep) int fd = -1;
        struct dns_try *t = &p->tries[i];
        int k;

        fd = socket(server->any.sa_family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, &server->any, dns_address_size(server)) < 0 && errno != EINPROGRESS)
                return -errno;
        if (getrandom(&t->id, sizeof(t->id), 0) != sizeof(t->id))
                return -EIO;
        k = responder_watch(r, fd, ENDPOINT_QUERY, watch_slot(p, i), stream ? EPOLLOUT : EPOLLIN);
        if (k < 0)
                return k;
        t->sent = false;
        t->fd = steal_fd(&fd);
        return 0;
}

static int try_write(struct dns_pending *p, unsigned i) {
        bool stream = dns_try_is_stream(p, i);
        struct dns_try *t = &p->tries[i];
        uint8_t head[4] = {(uint8_t) (p->size >> 8), (uint8_t) p->size, (uint8_t) (t->id >> 8), (uint8_t) t->id};
        struct iovec parts[] = {
                {stream ? head : head + 2, stream ? 4 : 2},
                {p->message + 2, p->size - 2},
        };
        struct msghdr m = {.msg_iov = parts, .msg_iovlen = ELEMENTS_OF(parts)};
        ssize_t n = sendmsg(t->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0)
                return -errno;
        /* The first bytes of a connection: they fit into its buffer. */
        return (size_t) n == parts[0].iov_len + parts[1].iov_len ? 0 : -EMSGSIZE;
}

int dns_try_send(struct responders *r, struct dns_pending *p, unsigned i) {
        struct dns_try *t = &p->tries[i];
        bool stream = dns_try_is_stream(p, i);
        int k;

        t->begun = true;
        if (t->fd < 0) {
                /* There is one stream buffer: an earlier connection that is silent still makes room. */
                for (unsigned j = 0; stream && j < DNS_TRIES_MAX; j += 2)
                        dns_try_close(p, j);
                k = try_open(r, p, i);
                if (k < 0)
                        return k;
        }
        return stream ? 0 : try_write(p, i);
}

static int stream_begin(struct responders *r, struct dns_pending *p, unsigned i) {
        struct dns_try *t = &p->tries[i];
        socklen_t size = sizeof(int);
        int error = 0, k;

        if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                return -errno;
        if (error != 0)
                return -error;
        k = try_write(p, i);
        if (k < 0)
                return k == -EAGAIN || k == -ENOTCONN ? 0 : k;
        t->sent = true;
        return responder_rewatch(r, t->fd, ENDPOINT_QUERY, watch_slot(p, i), EPOLLIN);
}

static int stream_receive(struct dns_pending *p, unsigned i, uint8_t **ret, size_t *ret_size) {
        size_t length;
        ssize_t n;

        if (p->stream_got < sizeof(p->stream_head)) {
                n = recv(p->tries[i].fd, p->stream_head + p->stream_got, sizeof(p->stream_head) - p->stream_got,
                         MSG_DONTWAIT);
                if (n <= 0)
                        return n < 0 && errno == EAGAIN ? 0 : -ECONNRESET;
                p->stream_got += (size_t) n;
                if (p->stream_got < sizeof(p->stream_head))
                        return 0;
        }
        length = (size_t) p->stream_head[0] << 8 | p->stream_head[1];
        if (length < DNS_HEADER_SIZE)
                return -EBADMSG;
        if (!p->stream) {
                p->stream = malloc(length);
                if (!p->stream)
                        return -ENOMEM;
        }
        n = recv(p->tries[i].fd, p->stream + p->stream_got - 2, length + 2 - p->stream_got, MSG_DONTWAIT);
        if (n <= 0)
                return n < 0 && errno == EAGAIN ? 0 : -ECONNRESET;
        p->stream_got += (size_t) n;
        if (p->stream_got < length + 2)
                return 0;
        *ret = p->stream;
        *ret_size = length;
        return 1;
}

int dns_try_receive(struct responders *r, struct dns_pending *p, unsigned i, uint8_t **ret, size_t *ret_size) {
        struct dns_try *t = &p->tries[i];
        ssize_t n;

        if (dns_try_is_stream(p, i))
                return t->sent ? stream_receive(p, i, ret, ret_size) : stream_begin(r, p, i);
        n = recv(t->fd, r->packet, sizeof(r->packet), MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN ? 0 : -errno;
        *ret = r->packet;
        *ret_size = (size_t) n;
        return 1;
}
