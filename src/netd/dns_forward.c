/* Queries on their way to the host's resolvers.
 *
 * A query goes to the first server; to the next when that one refuses, fails, or has said nothing for a while, and once
 * more round. Whoever answers first is believed, late ones included, until the deadline; then the client gets SERVFAIL.
 * A truncated answer goes to a UDP client as it is: it comes again over TCP, and so do we. */
#include "netd/responder.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define STEP_AFTER     2000000ULL  /* microseconds without an answer until the next server is asked */
#define DEADLINE_AFTER 10000000ULL /* a stub on this host itself may need more than one server's patience */

static unsigned steps_max(const struct dns_pending *p) {
        if (p->client.connection)
                return dns_pending_tries(p);
        return p->servers.n == 1 ? 3 : 2 * p->servers.n;
}

void dns_pending_free(struct responders *r, struct dns_pending *p) {
        struct responder_link *l = p->client.link;

        for (unsigned i = 0; i < DNS_TRIES_MAX; i++)
                dns_try_close(p, i);
        freep(&p->stream);
        if (p->client.connection)
                p->client.connection->waiting = NULL;
        if (p->next)
                p->next->previous = p->previous;
        if (p->previous)
                p->previous->next = p->next;
        else
                l->queries = p->next;
        l->n_queries--;
        r->dns.queries[p->slot] = NULL;
        r->dns.n_queries--;
        free(p);
}

/* Frees p, then answers: what the answer leads to finds everything in order. */
static void pending_finish(struct responders *r, struct dns_pending *p, const uint8_t *data, size_t size) {
        uint8_t *stream = steal_ptr(p->stream); /* data may be in it */
        struct dns_client client = p->client;

        dns_pending_free(r, p);
        dns_reply(r, &client, data, size);
        free(stream);
}

static void pending_fail(struct responders *r, struct dns_pending *p, enum dns_rcode rcode, uint16_t flags) {
        struct dns_client client = p->client;
        struct dns_query query = p->query;

        dns_pending_free(r, p);
        dns_reply_error(r, &client, &query, rcode, flags);
}

/* Asks the next server that may be of use; when there is none left and none can answer any more, gives up. */
static void pending_step(struct responders *r, struct dns_pending *p) {
        while (p->steps < steps_max(p)) {
                unsigned i = p->steps++ % dns_pending_tries(p);

                if (p->tries[i].failed)
                        continue;
                if (dns_try_send(r, p, i) >= 0) {
                        p->next_step_at = responder_now(r) + STEP_AFTER;
                        return;
                }
                p->tries[i].failed = true;
                dns_try_close(p, i);
        }
        p->next_step_at = UINT64_MAX;
        for (unsigned i = 0; i < DNS_TRIES_MAX; i++)
                if (p->tries[i].fd >= 0)
                        return;
        pending_fail(r, p, DNS_SERVFAIL, 0);
}

static void try_fail(struct responders *r, struct dns_pending *p, unsigned i) {
        p->tries[i].failed = true;
        dns_try_close(p, i);
        pending_step(r, p);
}

static bool has_untried(const struct dns_pending *p) {
        for (unsigned i = 0; i < dns_pending_tries(p); i++)
                if (!p->tries[i].begun)
                        return true;
        return false;
}

static void pending_answered(struct responders *r, struct dns_pending *p, unsigned i, uint8_t *data, size_t size) {
        const union dns_address *server = dns_try_server(p, i);
        bool bare = false, truncated;
        int rcode;

        rcode = dns_response_check(data, size, &p->query, p->tries[i].id, &bare);
        if (rcode < 0) {
                /* Over UDP perhaps somebody else's; a stream has no second message for us. */
                if (dns_try_is_stream(p, i))
                        try_fail(r, p, i);
                return;
        }
        truncated = dns_message_flags(data) & DNS_FLAG_TC;
        if (((rcode == DNS_SERVFAIL || rcode == DNS_REFUSED || rcode == DNS_NOTIMP) && has_untried(p)) ||
            (truncated && p->client.connection)) {
                p->refused = true;
                try_fail(r, p, i);
                return;
        }
        /* Only silence speaks against a server: one that refuses some names may be the only one that knows others. */
        if (!p->refused && !dns_address_equal(server, &p->servers.list[0]))
                dns_upstream_prefer(&r->upstream, responder_now(r), server);

        if (bare)
                pending_fail(r, p, (enum dns_rcode) rcode, 0);
        else if (!p->client.connection && size > dns_query_limit(&p->query, false))
                pending_fail(r, p, (enum dns_rcode) rcode, DNS_FLAG_TC);
        else
                pending_finish(r, p, data, size);
}

void dns_forward_event(struct responders *r, uint32_t slot, uint32_t events) {
        struct dns_pending *p = r->dns.queries[slot / DNS_TRIES_MAX];
        unsigned i = slot % DNS_TRIES_MAX;
        uint8_t *data;
        size_t size;
        int k;

        if (!p || p->tries[i].fd < 0)
                return;
        k = dns_try_receive(r, p, i, &data, &size);
        if (k < 0)
                try_fail(r, p, i);
        else if (k > 0)
                pending_answered(r, p, i, data, size);
}

void dns_forward_tick(struct responders *r, uint64_t now) {
        for (unsigned i = 0; i < DNS_QUERIES_MAX && r->dns.n_queries > 0; i++) {
                struct dns_pending *p = r->dns.queries[i];

                if (!p)
                        continue;
                if (now >= p->deadline)
                        pending_fail(r, p, DNS_SERVFAIL, 0);
                else if (now >= p->next_step_at)
                        pending_step(r, p);
        }
}

/* A client that repeats itself waits for the same answer. */
static bool is_repeated(const struct dns_client *client, const struct dns_query *q) {
        for (const struct dns_pending *p = client->link->queries; p && !client->connection; p = p->next)
                if (!p->client.connection && p->query.id == q->id && p->query.type == q->type &&
                    dns_address_equal(&p->client.address, &client->address) && dns_name_equal(&p->query.name, &q->name))
                        return true;
        return false;
}

/* All slots are taken: the link that has the most of them lets its oldest go. */
static void make_room(struct responders *r) {
        struct responder_link *busiest = NULL;
        struct dns_pending *oldest;

        for (uint32_t i = 0; i < r->n_slots; i++)
                if (r->links[i] && (!busiest || r->links[i]->n_queries > busiest->n_queries))
                        busiest = r->links[i];
        if (!busiest || !busiest->queries)
                return;
        for (oldest = busiest->queries; oldest->next; oldest = oldest->next)
                ;
        pending_fail(r, oldest, DNS_SERVFAIL, 0);
}

static struct dns_pending *pending_new(struct responders *r, const struct dns_client *client, const struct dns_query *q,
                                       const uint8_t *data, size_t size) {
        struct responder_link *l = client->link;
        uint32_t slot = r->dns.next_slot;
        struct dns_pending *p;

        p = malloc(sizeof(*p) + size);
        if (!p)
                return NULL;
        *p = (struct dns_pending){.client = *client, .query = *q, .size = size, .next = l->queries};
        memcpy(p->message, data, size);
        for (unsigned i = 0; i < DNS_TRIES_MAX; i++)
                p->tries[i].fd = -1;
        while (r->dns.queries[slot])
                slot = (slot + 1) % DNS_QUERIES_MAX;
        p->slot = slot;
        r->dns.queries[slot] = p;
        r->dns.next_slot = (slot + 1) % DNS_QUERIES_MAX;
        r->dns.n_queries++;
        if (p->next)
                p->next->previous = p;
        l->queries = p;
        l->n_queries++;
        if (client->connection)
                client->connection->waiting = p;
        return p;
}

void dns_forward(struct responders *r, const struct dns_client *client, const struct dns_query *q, const uint8_t *data,
                 size_t size) {
        uint64_t now = responder_now(r);
        struct dns_pending *p;

        if (is_repeated(client, q) || (!client->connection && client->link->n_queries >= DNS_LINK_QUERIES_MAX))
                return;
        if (r->dns.n_queries >= DNS_QUERIES_MAX)
                make_room(r);
        p = pending_new(r, client, q, data, size);
        if (!p) {
                dns_reply_error(r, client, q, DNS_SERVFAIL, 0);
                return;
        }
        dns_upstream_find(&r->upstream, now, &q->name, &p->servers);
        p->deadline = now + DEADLINE_AFTER;
        pending_step(r, p);
        dns_timer_update(r);
}
