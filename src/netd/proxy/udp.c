/* UDP: a client (address and port) at a listener is a flow, with a socket of its own towards the container, so that
 * the answers find the way back. A flow that is silent too long ends; when there are too many, the one that was silent
 * longest makes room. */
#include "proxy.h"

#include "base/siphash.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* As connection tracking has it: a flow that was answered lives longer. */
#define SILENT_MSEC   30000u
#define ANSWERED_MSEC 120000u
#define DATAGRAMS     64

/* Who asked, and what address was asked: answers go from the one to the other. */
struct parties {
        struct sockaddr_storage client;
        socklen_t client_size;
        struct in6_pktinfo local; /* all zero where the listener has one address only */
};

struct flow {
        struct watch watch;
        struct listener *listener;
        struct flow *chain;  /* in proxy.flow_table */
        struct link link;    /* in listener.flows */
        struct link by_time; /* in proxy.flows */
        struct dead dead;
        struct parties parties;
        uint64_t last;
        bool answered;
        uint8_t tried;
};

/* One for all: there is one thread, and a datagram does not stay. */
static char datagram[65536];

/* Keyed: whoever chooses the ports must not be able to choose the chain. */
static uint32_t bucket_of(const struct listener *l, const struct parties *parties) {
        const uint8_t *key = l->service->proxy->hash_key;
        uint64_t hash = siphash24(&parties->client, parties->client_size, key) ^ siphash24(&l, sizeof(void *), key);

        return (uint32_t) (hash % FLOW_BUCKETS);
}

static void flow_end(struct flow *f) {
        struct proxy *p = f->listener->service->proxy;
        struct flow **chain = &p->flow_table[bucket_of(f->listener, &f->parties)];

        while (*chain && *chain != f)
                chain = &(*chain)->chain;
        if (*chain)
                *chain = f->chain;
        link_remove(&f->link);
        link_remove(&f->by_time);
        if (f->watch.fd >= 0) {
                (void) watch_set(p, &f->watch, 0);
                f->watch.fd = fd_close(f->watch.fd);
        }
        f->listener->service->n_flows--;
        p->n_flows--;
        link_append(&p->dead, &f->dead.link);
}

static void flow_touch(struct flow *f) {
        struct proxy *p = f->listener->service->proxy;

        f->last = p->now;
        link_remove(&f->by_time);
        link_append(&p->flows, &f->by_time);
}

/* A socket towards the container's next address that was not tried. */
static int flow_connect(struct flow *f) {
        struct proxy *p = f->listener->service->proxy;
        const struct target *t = &f->listener->target;
        unsigned first = socket_address_is_v6(&f->parties.client) ? 1 : 0;

        for (unsigned k = 0; k < 2; k++) {
                unsigned i = first ^ k;
                struct sockaddr_storage address;
                socklen_t size;

                if ((f->tried & (1u << i)) || t->addresses[i].family == AF_UNSPEC)
                        continue;
                f->tried |= (uint8_t) (1u << i);
                if (f->watch.fd >= 0) {
                        (void) watch_set(p, &f->watch, 0);
                        f->watch.fd = fd_close(f->watch.fd);
                }
                f->watch.fd = socket(t->addresses[i].family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                if (f->watch.fd < 0)
                        continue;
                size = socket_address(&t->addresses[i], t->port, &address);
                if (connect(f->watch.fd, (struct sockaddr *) &address, size) == 0 &&
                    watch_set(p, &f->watch, EPOLLIN) == 0)
                        return 0;
        }
        return -EHOSTUNREACH;
}

/* The container refused (ICMP): perhaps its service has the other family only. */
static void flow_failed(struct flow *f) {
        if (f->answered || flow_connect(f) < 0)
                flow_end(f);
}

/* A client that does not keep up loses datagrams, as on any network. */
static void send_answer(struct flow *f, size_t size) {
        union {
                struct cmsghdr header; /* aligns it */
                char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
        } control = {0};
        struct iovec data = {datagram, size};
        struct msghdr m = {
                .msg_name = &f->parties.client,
                .msg_namelen = f->parties.client_size,
                .msg_iov = &data,
                .msg_iovlen = 1,
        };

        if (f->parties.local.ipi6_ifindex > 0) {
                m.msg_control = &control;
                m.msg_controllen = sizeof control.space;
                control.header.cmsg_level = IPPROTO_IPV6;
                control.header.cmsg_type = IPV6_PKTINFO;
                control.header.cmsg_len = CMSG_LEN(sizeof(struct in6_pktinfo));
                memcpy(CMSG_DATA(&control.header), &f->parties.local, sizeof(struct in6_pktinfo));
        }
        (void) sendmsg(f->listener->watch.fd, &m, MSG_NOSIGNAL);
}

/* -errno, or the size of what lies in datagram now. */
static ssize_t receive_question(int fd, struct parties *ret) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
        } control;
        struct iovec data = {datagram, sizeof datagram};
        struct parties p = {0};
        struct msghdr m = {
                .msg_name = &p.client,
                .msg_namelen = sizeof p.client,
                .msg_iov = &data,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof control.space,
        };
        ssize_t n = recvmsg(fd, &m, 0);

        if (n < 0)
                return -errno;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
                if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
                    c->cmsg_len == CMSG_LEN(sizeof p.local))
                        memcpy(&p.local, CMSG_DATA(c), sizeof p.local);
        p.client_size = m.msg_namelen;
        *ret = p;
        return n;
}

static void on_answer(struct watch *w, uint32_t events) {
        struct flow *f = CONTAINER_OF(w, struct flow, watch);

        for (unsigned i = 0; i < DATAGRAMS; i++) {
                ssize_t n = recv(w->fd, datagram, sizeof datagram, 0);

                if (n < 0) {
                        if (errno != EAGAIN && errno != EINTR)
                                flow_failed(f);
                        return;
                }
                f->answered = true;
                flow_touch(f);
                send_answer(f, (size_t) n);
        }
}

static bool parties_equal(const struct parties *a, const struct parties *b) {
        return a->client_size == b->client_size && memcmp(&a->client, &b->client, a->client_size) == 0 &&
               memcmp(&a->local, &b->local, sizeof a->local) == 0;
}

static struct flow *flow_find(struct listener *l, const struct parties *parties) {
        struct flow *f = l->service->proxy->flow_table[bucket_of(l, parties)];

        while (f && (f->listener != l || !parties_equal(&f->parties, parties)))
                f = f->chain;
        return f;
}

/* The flow that was silent longest: of the container when it has too many, else of all. */
static void make_room(struct listener *l) {
        struct proxy *p = l->service->proxy;
        bool own = l->service->n_flows >= FLOWS_CONTAINER_MAX;

        if (!own && p->n_flows < FLOWS_MAX)
                return;
        for (struct link *k = p->flows.next; k != &p->flows; k = k->next) {
                struct flow *f = CONTAINER_OF(k, struct flow, by_time);

                if (!own || f->listener->service == l->service) {
                        flow_end(f);
                        return;
                }
        }
}

static struct flow *flow_new(struct listener *l, const struct parties *parties) {
        struct proxy *p = l->service->proxy;
        struct flow *f;
        uint32_t bucket = bucket_of(l, parties);

        make_room(l);
        f = calloc(1, sizeof *f);
        if (!f)
                return NULL;
        *f = (struct flow){
                .watch = {.fd = -1, .ready = on_answer},
                .listener = l,
                .chain = p->flow_table[bucket],
                .parties = *parties,
        };
        f->dead.object = f;
        p->flow_table[bucket] = f;
        link_append(&l->flows, &f->link);
        link_init(&f->by_time);
        l->service->n_flows++;
        p->n_flows++;
        flow_touch(f);
        proxy_tick(p);
        if (flow_connect(f) < 0) {
                flow_end(f);
                return NULL;
        }
        return f;
}

void udp_receive(struct watch *w, uint32_t events) {
        struct listener *l = CONTAINER_OF(w, struct listener, watch);

        for (unsigned i = 0; i < DATAGRAMS; i++) {
                struct parties parties;
                struct flow *f;
                ssize_t n;

                n = receive_question(w->fd, &parties);
                if (n < 0)
                        return;
                f = flow_find(l, &parties);
                if (!f)
                        f = flow_new(l, &parties);
                if (!f)
                        continue;
                flow_touch(f);
                /* The error of an earlier datagram comes with the next one: try this one again where it may work. */
                if (send(f->watch.fd, datagram, (size_t) n, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED) {
                        if (!f->answered && flow_connect(f) < 0)
                                flow_end(f);
                        else
                                (void) send(f->watch.fd, datagram, (size_t) n, MSG_NOSIGNAL);
                }
        }
}

void udp_drop(struct listener *l) {
        while (!link_is_empty(&l->flows))
                flow_end(CONTAINER_OF(l->flows.next, struct flow, link));
}

bool udp_tick(struct proxy *p) {
        struct link *next;

        /* Oldest first; a short-lived one may stand behind a long-lived one, so look at all that may be due. */
        for (struct link *k = p->flows.next; k != &p->flows; k = next) {
                struct flow *f = CONTAINER_OF(k, struct flow, by_time);

                next = k->next;
                if (p->now - f->last < SILENT_MSEC)
                        break;
                if (!f->answered || p->now - f->last >= ANSWERED_MSEC)
                        flow_end(f);
        }
        return !link_is_empty(&p->flows);
}
