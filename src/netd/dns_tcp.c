/* Clients that ask over TCP (RFC 7766): one query at a time a connection, in the order they come. */
#include "netd/responder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

#define ACCEPTS_A_TURN 4
#define IDLE_AFTER     10000000ULL /* microseconds without progress */

void dns_connection_free(struct responders *r, struct dns_connection *c) {
        if (c->waiting)
                dns_pending_free(r, c->waiting);
        c->link->n_connections--;
        r->dns.connections[c->slot] = NULL;
        r->dns.n_connections--;
        fd_closep(&c->fd);
        free(c->out);
        free(c);
}

/* The link's connection (any link's with NULL) that made no progress for longest. */
static struct dns_connection *longest_idle(struct responders *r, const struct responder_link *l) {
        struct dns_connection *oldest = NULL;

        for (unsigned i = 0; i < DNS_CONNECTIONS_MAX; i++) {
                struct dns_connection *c = r->dns.connections[i];

                if (c && (!l || c->link == l) && (!oldest || c->active_at < oldest->active_at))
                        oldest = c;
        }
        return oldest;
}

static struct responder_link *busiest_link(const struct responders *r) {
        struct responder_link *busiest = NULL;

        for (uint32_t i = 0; i < r->n_slots; i++)
                if (r->links[i] && (!busiest || r->links[i]->n_connections > busiest->n_connections))
                        busiest = r->links[i];
        return busiest;
}

static void connection_new(struct responders *r, struct responder_link *l, int accepted) {
        _cleanup_(fd_closep) int fd = accepted;
        struct dns_connection *c;
        uint32_t slot = 0;

        if (l->n_connections >= DNS_LINK_CONNECTIONS_MAX)
                dns_connection_free(r, longest_idle(r, l));
        else if (r->dns.n_connections >= DNS_CONNECTIONS_MAX)
                dns_connection_free(r, longest_idle(r, busiest_link(r)));
        c = malloc(sizeof(*c));
        if (!c)
                return;
        while (r->dns.connections[slot])
                slot++;
        *c = (struct dns_connection){.slot = slot, .link = l, .active_at = responder_now(r), .fd = fd};
        if (responder_watch(r, fd, ENDPOINT_CONNECTION, slot, EPOLLIN) < 0) {
                free(c);
                return;
        }
        (void) steal_fd(&fd);
        r->dns.connections[slot] = c;
        r->dns.n_connections++;
        l->n_connections++;
        dns_timer_update(r);
}

void dns_accept(struct responders *r, struct responder_link *l, int fd) {
        for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
                int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                if (connection >= 0) {
                        connection_new(r, l, connection);
                        continue;
                }
                if (errno != EMFILE && errno != ENFILE)
                        return;
                /* Out of descriptors: it must leave the queue all the same, or we would be woken for ever. */
                r->dns.spare_fd = fd_close(r->dns.spare_fd);
                (void) fd_close(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
                r->dns.spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                return;
        }
}

static void connection_watch(struct responders *r, struct dns_connection *c) {
        uint32_t events = c->out ? EPOLLOUT : c->waiting ? 0 : EPOLLIN;

        (void) responder_rewatch(r, c->fd, ENDPOINT_CONNECTION, c->slot, events);
}

/* Serves the query that is complete in c->in, if one is. Returns false when c is gone. */
static bool connection_serve(struct responders *r, struct dns_connection *c) {
        uint8_t query[DNS_QUERY_SIZE_MAX];
        uint32_t slot = c->slot;
        size_t size;
        int k;

        if (c->out || c->waiting)
                return true;
        k = dns_stream_next(c->in, c->got, DNS_QUERY_SIZE_MAX, &size);
        if (k < 0)
                dns_connection_free(r, c);
        if (k <= 0)
                return k == 0;
        memcpy(query, c->in + 2, size);
        c->got -= 2 + size;
        memmove(c->in, c->in + 2 + size, c->got);
        dns_serve(r, &(struct dns_client){.link = c->link, .connection = c}, query, size);
        return r->dns.connections[slot] == c;
}

/* Writes what is left. Returns false when c is gone. */
static bool connection_flush(struct responders *r, struct dns_connection *c) {
        ssize_t n = send(c->fd, c->out + c->out_sent, c->out_size - c->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
                return true;
        if (n < 0) {
                dns_connection_free(r, c);
                return false;
        }
        c->active_at = responder_now(r);
        c->out_sent += (size_t) n;
        if (c->out_sent == c->out_size)
                freep(&c->out);
        return true;
}

void dns_connection_reply(struct responders *r, struct dns_connection *c, const uint8_t *data, size_t size) {
        c->out = malloc(2 + size);
        if (!c->out)
                return; /* it will be idle, and closed */
        c->out[0] = (uint8_t) (size >> 8);
        c->out[1] = (uint8_t) size;
        memcpy(c->out + 2, data, size);
        c->out_size = 2 + size;
        c->out_sent = 0;
        c->active_at = responder_now(r);
        connection_watch(r, c);
}

void dns_connection_event(struct responders *r, uint32_t slot, uint32_t events) {
        struct dns_connection *c = r->dns.connections[slot];
        ssize_t n;

        if (!c)
                return;
        if (c->out) {
                if (!connection_flush(r, c))
                        return;
        } else if (c->waiting) {
                dns_connection_free(r, c); /* nothing is watched then: it was reset */
                return;
        } else {
                n = recv(c->fd, c->in + c->got, sizeof(c->in) - c->got, MSG_DONTWAIT);
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n <= 0) {
                        dns_connection_free(r, c);
                        return;
                }
                c->got += (size_t) n;
        }
        /* Something that was complete behind the last query may be waiting as well. */
        if (connection_serve(r, c))
                connection_watch(r, c);
}

void dns_connections_tick(struct responders *r, uint64_t now) {
        for (unsigned i = 0; i < DNS_CONNECTIONS_MAX && r->dns.n_connections > 0; i++) {
                struct dns_connection *c = r->dns.connections[i];

                /* One that waits for us has its query's deadline. */
                if (c && !c->waiting && now - c->active_at >= IDLE_AFTER)
                        dns_connection_free(r, c);
        }
}
