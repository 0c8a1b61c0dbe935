/* The responders as one object: links come and go, events find their way. */
#include "netd/responder.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define EVENTS_A_TURN   64 /* before the daemon's other work has its turn */
#define TIMER_ACCURACY  50000ULL
#define PRIORITY        (SD_EVENT_PRIORITY_NORMAL + 10) /* guests must not delay the daemon's own work */
#define ALLOWANCE_MAX   32
#define ALLOWANCE_EVERY 50000ULL /* microseconds a reply */

uint64_t responder_now(const struct responders *r) {
        uint64_t now = 0;

        (void) sd_event_now(r->event, CLOCK_MONOTONIC, &now);
        return now;
}

static uint64_t event_data(enum endpoint kind, uint32_t slot) {
        return (uint64_t) kind << 32 | slot;
}

int responder_watch(struct responders *r, int fd, enum endpoint kind, uint32_t slot, uint32_t events) {
        struct epoll_event e = {.events = events, .data.u64 = event_data(kind, slot)};

        return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

int responder_rewatch(struct responders *r, int fd, enum endpoint kind, uint32_t slot, uint32_t events) {
        struct epoll_event e = {.events = events, .data.u64 = event_data(kind, slot)};

        return epoll_ctl(r->epoll_fd, EPOLL_CTL_MOD, fd, &e) < 0 ? -errno : 0;
}

int responder_timer_set(struct responders *r, sd_event_source **source, uint64_t at, sd_event_time_handler_t handler) {
        int k;

        if (!*source) {
                k = at == UINT64_MAX
                            ? 0
                            : sd_event_add_time(r->event, source, CLOCK_MONOTONIC, at, TIMER_ACCURACY, handler, r);
                return k < 0 || at == UINT64_MAX ? k : sd_event_source_set_priority(*source, PRIORITY);
        }
        if (at == UINT64_MAX)
                return sd_event_source_set_enabled(*source, SD_EVENT_OFF);
        k = sd_event_source_set_time(*source, at);
        return k < 0 ? k : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

void allowance_init(struct allowance *a) {
        *a = (struct allowance){.left = ALLOWANCE_MAX};
}

bool responder_allows(struct allowance *a, uint64_t now) {
        uint64_t earned = (now - a->at) / ALLOWANCE_EVERY;

        if (earned > 0) {
                a->left = earned >= ALLOWANCE_MAX - a->left ? ALLOWANCE_MAX : a->left + (unsigned) earned;
                a->at = now;
        }
        if (a->left == 0)
                return false;
        a->left--;
        return true;
}

/* Where ifindex is in the index, or would be. */
static size_t index_find(const struct responders *r, int ifindex) {
        size_t low = 0, high = r->n_links;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (r->index[middle].ifindex < ifindex)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

struct responder_link *responder_link_find(const struct responders *r, int ifindex) {
        size_t i = index_find(r, ifindex);

        return i < r->n_links && r->index[i].ifindex == ifindex ? r->links[r->index[i].slot] : NULL;
}

static void dispatch_link(struct responders *r, enum endpoint kind, uint32_t slot) {
        struct responder_link *l = slot < r->n_slots ? r->links[slot] : NULL;

        if (!l || l->fds[kind] < 0)
                return;
        switch (kind) {
        case ENDPOINT_DHCP4:
                responder_dhcp4_receive(r, l);
                break;
        case ENDPOINT_DHCP6:
                responder_dhcp6_receive(r, l);
                break;
        case ENDPOINT_DNS_UDP4:
        case ENDPOINT_DNS_UDP6:
                dns_receive_udp(r, l, l->fds[kind]);
                break;
        default:
                dns_accept(r, l, l->fds[kind]);
        }
}

/* One event at a time: what it leads to may close descriptors that other events would speak of. Sockets that stay
 * readable go to the end of the kernel's queue, so all have their turn. */
static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct responders *r = userdata;
        struct epoll_event e;

        for (unsigned i = 0; i < EVENTS_A_TURN && epoll_wait(r->epoll_fd, &e, 1, 0) > 0; i++) {
                enum endpoint kind = (enum endpoint)(e.data.u64 >> 32);
                uint32_t slot = (uint32_t) e.data.u64;

                if (kind < LINK_ENDPOINTS)
                        dispatch_link(r, kind, slot);
                else if (kind == ENDPOINT_ROUTER)
                        responder_router_receive(r);
                else if (kind == ENDPOINT_QUERY)
                        dns_forward_event(r, slot, e.events);
                else
                        dns_connection_event(r, slot, e.events);
        }
        return 0;
}

static int domain_set(struct responders *r, const char *domain) {
        if (name_suffix_problem(domain))
                return -EINVAL;
        (void) strcpy(r->domain, domain);
        return dns_name_parse(domain, &r->domain_name);
}

static int responders_open(struct responders *r, const struct responder_options *o) {
        int k;

        k = domain_set(r, o->domain);
        if (k < 0)
                return k;
        r->owned = calloc(o->n_owned + 1, sizeof(*r->owned));
        if (!r->owned)
                return -ENOMEM;
        if (o->n_owned > 0)
                memcpy(r->owned, o->owned, o->n_owned * sizeof(*r->owned));
        r->n_owned = o->n_owned;
        k = dns_upstream_init(&r->upstream, o->resolv_conf, o->resolvers_folder);
        if (k >= 0)
                k = dns_server_init(&r->dns);
        if (k < 0)
                return k;
        r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (r->epoll_fd < 0)
                return -errno;
        k = responder_router_open(r);
        if (k >= 0)
                k = sd_event_add_io(r->event, &r->io, r->epoll_fd, EPOLLIN, on_io, r);
        if (k >= 0)
                k = sd_event_source_set_priority(r->io, PRIORITY);
        return k;
}

int responders_new(sd_event *event, const struct responder_options *options, struct responders **ret, struct error *e) {
        _cleanup_(responders_freep) struct responders *r = malloc(sizeof(*r));
        int k;

        if (!r)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot set up DHCP, router advertisements and DNS");
        /* The big buffers are left as they come, so that only what is used of them is ever in memory. */
        memset(r, 0, offsetof(struct responders, packet));
        r->event = sd_event_ref(event);
        r->epoll_fd = r->router_fd = r->frames_fd = r->dns.spare_fd = -1;
        for (size_t i = 0; i < ELEMENTS_OF(r->spares); i++)
                r->spares[i] = -1;
        r->advertise_next = UINT64_MAX;
        r->names = options->names;
        dhcp6_duid_make(options->machine_id, r->server_duid);
        k = responders_open(r, options);
        if (k < 0)
                return error_errno(e, k, EXIT_FAILED, "cannot set up DHCP, router advertisements and DNS");
        responder_spares_make(r);
        *ret = steal_ptr(r);
        return 0;
}

static void link_free(struct responders *r, struct responder_link *l) {
        dns_drop(r, l);
        for (unsigned kind = 0; kind < LINK_ENDPOINTS; kind++)
                responder_socket_close(l, kind);
        responder_members_free(l);
        network_more_free(l->more);
        free(l);
}

void responders_free(struct responders *r) {
        if (!r)
                return;
        for (uint32_t i = 0; i < r->n_slots; i++)
                if (r->links[i])
                        link_free(r, r->links[i]);
        sd_event_source_disable_unref(r->io);
        sd_event_source_disable_unref(r->advertise_timer);
        sd_event_source_disable_unref(r->dns_timer);
        sd_event_source_disable_unref(r->spares_source);
        sd_event_unref(r->event);
        dns_upstream_clear(&r->upstream);
        responder_spares_close(r);
        fd_closep(&r->router_fd);
        fd_closep(&r->frames_fd);
        fd_closep(&r->dns.spare_fd);
        fd_closep(&r->epoll_fd);
        free(r->links);
        free(r->index);
        free(r->owned);
        free(r);
}

/* What n says, into l. -ENOMEM: l is as it was. */
static int link_fill(struct responder_link *l, const struct network *n) {
        struct network_more *more = NULL;

        if (n->more && network_more_copy(n->more, &more) < 0)
                return -ENOMEM;
        network_more_free(l->more);
        l->more = more;
        l->host_mac = n->router_mac;
        l->client_mac = n->container_mac;
        l->host_v4 = v4_of(&n->host_v4);
        l->client_v4 = v4_of(&n->container_v4);
        l->host_v6 = v6_of(&n->host_v6);
        l->client_v6 = v6_of(&n->container_v6);
        l->host_link_local = n->host_link_local.v6;
        l->length_v4 = n->container_v4.length;
        l->length_v6 = n->container_v6.length;
        l->mtu = n->mtu;
        l->zone = n->mode == NETWORK_ZONE;
        l->internal = n->internal;
        if (l->zone) {
                l->length_v4 = n->host_v4.length;
                l->length_v6 = n->host_v6.length;
        }
        return 0;
}

/* Makes room for one more link; *ret_slot is free. */
static int links_reserve(struct responders *r, uint32_t *ret_slot) {
        struct responder_link **links;
        struct link_index *index;
        uint32_t n, slot = r->next_slot;

        if (r->n_links == r->n_slots) {
                n = r->n_slots > 0 ? 2 * r->n_slots : 8;
                links = reallocarray(r->links, n, sizeof(*links));
                if (!links)
                        return -ENOMEM;
                memset(links + r->n_slots, 0, (n - r->n_slots) * sizeof(*links));
                r->links = links;
                index = reallocarray(r->index, n, sizeof(*index));
                if (!index)
                        return -ENOMEM;
                r->index = index;
                slot = r->n_slots;
                r->n_slots = n;
        }
        while (r->links[slot])
                slot = (slot + 1) % r->n_slots;
        r->next_slot = (slot + 1) % r->n_slots;
        *ret_slot = slot;
        return 0;
}

int responders_add_link(struct responders *r, const struct network *n, int ifindex, struct error *e) {
        size_t at = index_find(r, ifindex), length = strlen(n->name) + 1;
        struct responder_link *l;
        uint32_t slot;

        if (responder_link_find(r, ifindex))
                return error_set(e, EEXIST, EXIT_FAILED, "link %s (%d) has its DHCP and DNS already", n->link, ifindex);
        l = calloc(1, sizeof(*l) + length);
        if (!l || link_fill(l, n) < 0 || links_reserve(r, &slot) < 0) {
                if (l)
                        network_more_free(l->more);
                free(l);
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot serve DHCP and DNS on %s", n->link);
        }
        l->ifindex = ifindex;
        l->slot = slot;
        for (unsigned kind = 0; kind < LINK_ENDPOINTS; kind++)
                l->fds[kind] = -1;
        memcpy(l->link, n->link, sizeof(l->link));
        memcpy(l->name, n->name, length);
        allowance_init(&l->allowance);

        memmove(r->index + at + 1, r->index + at, (r->n_links - at) * sizeof(*r->index));
        r->index[at] = (struct link_index){ifindex, slot};
        r->links[slot] = l;
        r->n_links++;

        if (responder_sockets_open(r, l) < 0)
                responder_router_retry_sockets(r);
        responder_spares_plan(r);
        /* Not here: who waits for the link need not wait for the way of an advertisement through the guest. */
        if (link_advertises(l)) {
                l->advertise_at = responder_now(r);
                responder_router_plan(r, l->advertise_at);
        } else
                l->advertise_at = UINT64_MAX;
        return 0;
}

int responders_update_link(struct responders *r, const struct network *n, int ifindex, struct error *e) {
        struct responder_link *l = responder_link_find(r, ifindex);
        struct in6_addr v6;
        struct in_addr v4;

        if (!l)
                return error_set(e, ENOENT, EXIT_FAILED, "link %s (%d) has no DHCP and DNS to be changed", n->link,
                                 ifindex);
        v4 = l->host_v4;
        v6 = l->host_v6;
        /* What is advertised again right behind it loses nothing. */
        if (!IN6_ARE_ADDR_EQUAL(&v6, &n->host_v6.address.v6) || l->more)
                responder_router_withdraw(r, l);
        if (link_fill(l, n) < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot serve DHCP and DNS on %s", n->link);
        for (unsigned kind = ENDPOINT_DHCP4; kind < LINK_ENDPOINTS; kind++) {
                bool is_v4 = kind == ENDPOINT_DNS_UDP4 || kind == ENDPOINT_DNS_TCP4,
                     is_v6 = kind == ENDPOINT_DNS_UDP6 || kind == ENDPOINT_DNS_TCP6;

                if (!responder_socket_needed(l, kind) || (is_v4 && v4.s_addr != l->host_v4.s_addr) ||
                    (is_v6 && !IN6_ARE_ADDR_EQUAL(&v6, &l->host_v6)))
                        responder_socket_close(l, kind);
        }
        if (responder_sockets_open(r, l) < 0)
                responder_router_retry_sockets(r);
        responder_router_advertise(r, l);
        return 0;
}

void responders_advertise(struct responders *r, int ifindex) {
        struct responder_link *l = responder_link_find(r, ifindex);

        if (l)
                responder_router_advertise(r, l);
}

int responders_set_domain(struct responders *r, const char *domain) {
        if (name_suffix_problem(domain))
                return -EINVAL;
        if (strcmp(r->domain, domain) == 0)
                return 0;
        for (uint32_t i = 0; i < r->n_slots; i++)
                if (r->links[i])
                        responder_router_withdraw_domain(r, r->links[i]);
        (void) domain_set(r, domain);
        for (uint32_t i = 0; i < r->n_slots; i++)
                if (r->links[i])
                        responder_router_advertise(r, r->links[i]);
        return 0;
}

int responders_remove_link(struct responders *r, int ifindex) {
        size_t at = index_find(r, ifindex);
        struct responder_link *l = responder_link_find(r, ifindex);

        if (!l)
                return -ENOENT;
        r->n_links--;
        memmove(r->index + at, r->index + at + 1, (r->n_links - at) * sizeof(*r->index));
        r->links[l->slot] = NULL;
        link_free(r, l);
        return 0;
}
