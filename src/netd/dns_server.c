/* The clients' side of the DNS responder: what is a query, what is answered at once, what goes on. */
#include "netd/responder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#define MESSAGES_A_TURN 16        /* of one socket, before others have theirs */
#define TICK            250000ULL /* microseconds */

int dns_server_init(struct dns_server *d) {
        *d = (struct dns_server){0};
        d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return d->spare_fd < 0 ? -errno : 0;
}

static size_t reply_limit(const struct dns_client *client, const struct dns_query *q, bool own) {
        return client->connection ? UINT16_MAX : dns_query_limit(q, own);
}

void dns_reply(struct responders *r, const struct dns_client *client, const uint8_t *data, size_t size) {
        enum endpoint kind = client->address.any.sa_family == AF_INET ? ENDPOINT_DNS_UDP4 : ENDPOINT_DNS_UDP6;

        if (client->connection)
                dns_connection_reply(r, client->connection, data, size);
        else /* the socket is bound to the address that was asked; a reply that cannot go is a lost packet */
                (void) sendto(client->link->fds[kind], data, size, MSG_DONTWAIT, &client->address.any,
                              dns_address_size(&client->address));
}

void dns_reply_error(struct responders *r, const struct dns_client *client, const struct dns_query *q,
                     enum dns_rcode rcode, uint16_t flags) {
        uint8_t data[DNS_UDP_SIZE];
        struct dns_answer a;

        dns_answer_begin(&a, data, sizeof(data), q, rcode, flags);
        dns_reply(r, client, data, dns_answer_end(&a));
}

void dns_serve(struct responders *r, const struct dns_client *client, const uint8_t *data, size_t size) {
        uint8_t answer[DNS_UDP_SIZE_EDNS];
        struct dns_query q;
        size_t capacity;
        int k;

        k = dns_query_parse(data, size, &q);
        if (k < 0)
                return;
        if (k > 0 || size > DNS_QUERY_SIZE_MAX) {
                dns_reply_error(r, client, &q, k > 0 ? (enum dns_rcode) k : DNS_FORMERR, 0);
                return;
        }
        capacity = reply_limit(client, &q, true);
        if (capacity > sizeof(answer))
                capacity = sizeof(answer);
        if (dns_local_answer(r, client->link, &q, answer, capacity, &size) > 0)
                dns_reply(r, client, answer, size);
        else
                dns_forward(r, client, &q, data, size);
}

void dns_receive_udp(struct responders *r, struct responder_link *l, int fd) {
        for (unsigned i = 0; i < MESSAGES_A_TURN; i++) {
                struct dns_client client = {.link = l};
                socklen_t length = sizeof(client.address);
                ssize_t n = recvfrom(fd, r->packet, sizeof(r->packet), MSG_DONTWAIT, &client.address.any, &length);

                if (n < 0)
                        return;
                /* Nobody sends from port 0, nor could be answered there. */
                if (client.address.v4.sin_port != 0)
                        dns_serve(r, &client, r->packet, (size_t) n);
        }
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        struct responders *r = userdata;
        uint64_t now = responder_now(r);

        dns_forward_tick(r, now);
        dns_connections_tick(r, now);
        dns_timer_update(r);
        return 0;
}

void dns_timer_update(struct responders *r) {
        bool wanted = r->dns.n_queries + r->dns.n_connections > 0;
        int running = SD_EVENT_OFF;

        if (r->dns_timer)
                (void) sd_event_source_get_enabled(r->dns_timer, &running);
        if (!wanted)
                (void) responder_timer_set(r, &r->dns_timer, UINT64_MAX, on_tick);
        else if (running == SD_EVENT_OFF)
                (void) responder_timer_set(r, &r->dns_timer, responder_now(r) + TICK, on_tick);
}

void dns_drop(struct responders *r, struct responder_link *l) {
        for (unsigned i = 0; i < DNS_CONNECTIONS_MAX && l->n_connections > 0; i++)
                if (r->dns.connections[i] && r->dns.connections[i]->link == l)
                        dns_connection_free(r, r->dns.connections[i]);
        while (l->queries)
                dns_pending_free(r, l->queries);
        dns_timer_update(r);
}
