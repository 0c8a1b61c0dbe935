/* All attached networks, and everything by which they are kept: the engine, the monitors, the responders.
 *
 * Requests (attach.c, namespace.c) put networks in and take them out; events (events.c) tell what happened to them;
 * link.c completes a link that appeared; repair.c puts back what others took away; recover.c does it for all. */
#pragma once

#include "apply/engine.h"
#include "base/error.h"
#include "firewall/monitor.h"
#include "model/nat.h"
#include "model/proxy_links.h"
#include "netd/attachment.h"
#include "netd/pace.h"
#include "netd/ports.h"
#include "netd/proxy_client.h"
#include "netd/responders.h"
#include "netd/zone.h"
#include "netlink/monitor.h"
#include "netlink/route.h"
#include "state/allocations.h"

#include <systemd/sd-event.h>

struct manager {
        sd_event *event;
        struct engine *engine;
        struct responders *responders;   /* NULL before the first network */
        struct netlink *route;           /* for looking */
        struct netlink *sockets;         /* sock_diag */
        struct allocations *allocations; /* read again when the file has changed; NULL before they are needed */
        struct netlink_monitor *links;
        struct firewall_monitor *firewall;
        uint8_t machine_id[16];
        bool forwarding, forwarding_v6; /* the host's sysctls are set */
        char *nat; /* the host's NAT that is in force, as nft's text; "" none, NULL: not known yet */
        bool nat_v6;
        char suffix[NAME_SUFFIX_MAX + 1]; /* behind containers' names */
        char *nat_seen;                   /* how the kernel shows it */
        struct nat_link *routed; /* links of nixos-containers that need no NAT, as the host's configuration says */
        size_t n_routed;

        struct proxy_links proxied;     /* links on which the host answers for containers */
        sd_event_source *proxied_timer; /* one-shot; NULL before the first */

        struct table by_name, by_link, by_index, by_v4, by_v6;
        size_t n_with_extra; /* attachments that have links beside the main one */
        size_t n_with_more;  /* attachments that have addresses beside the main ones */
        struct ports ports;
        struct active_zone *zones; /* list; owned */

        sd_event_source *links_source, *firewall_source;
        sd_event_source *proxy_source;                    /* the end of nspawn-proxy; NULL while none is needed */
        sd_event_source *repair_timer;                    /* one-shot: the earliest of what is damaged */
        sd_event_source *names_source, *addresses_source; /* of the folders of published names */
        sd_event_source *gone_timer;                      /* one-shot: containers whose link is gone, are they? */
        struct attachment *damaged;                       /* list by next_damaged */
        struct pace tables, proxy;                        /* the firewall, nspawn-proxy */
        struct pace sysctls, names;                       /* forwarding, published names */
        struct pace everything;                           /* when events were lost */
        uint64_t repair_at;                               /* when repair_timer fires; 0: never */
};

/* Opens everything in the current network namespace, and takes over from the daemon before: see recover.c. */
int manager_new(sd_event *event, struct manager **ret, struct error *e);
/* Lets go of everything; links, rules and published names stay. */
struct manager *manager_free(struct manager *m);
static inline void manager_freep(struct manager **m) {
        *m = manager_free(*m);
}

struct attachment *manager_find(const struct manager *m, const char *name);
struct attachment *manager_find_any_case(const struct manager *m, const char *name);             /* as DNS does */
struct attachment *manager_find_address(const struct manager *m, const struct address *address); /* the container's */
struct attachment *manager_find_link(const struct manager *m, const char *link);
struct attachment *manager_find_index(const struct manager *m, int ifindex);
/* Into all tables but by_index, and its ports. -ENOMEM. */
int manager_insert(struct manager *m, struct attachment *a);
/* Out of all tables and lists. */
void manager_remove(struct manager *m, struct attachment *a);
/* Whose link beside the main one is called so, ret: which of them. */
struct attachment *manager_find_extra(const struct manager *m, const char *link, size_t *ret);
int manager_set_index(struct manager *m, struct attachment *a, int ifindex);

/* The first attachment, the next one. */
struct attachment *manager_each(const struct manager *m, const struct attachment *previous);

/* Monotonic time of the current event loop iteration, microseconds. */
uint64_t manager_now(const struct manager *m);

/* attach.c */
int manager_attach(struct manager *m, const char *name, struct attachment **ret, struct error *e);
int manager_detach(struct manager *m, const char *name, struct error *e);
int manager_check(struct manager *m, const char *name, struct error *e);
/* What the definition needs of the pool, kept, if it has not got it yet. Takes store_lock(). netd/namespace.c */
int manager_allocate(struct manager *m, const char *name, struct error *e);
/* What the definition on disk says now. Refused when it has no link of ours. */
int manager_load(struct manager *m, const char *name, struct container *c, struct network *n, struct error *e);
/* The part that both kinds of networks share: ports, record, elements (and link, when netns_fd is given), proxy,
 * tables. a is taken over on success. */
int manager_admit(struct manager *m, struct attachment *a, int netns_fd, struct error *e);
/* The way back, which goes on past errors; a is freed. */
int manager_dismiss(struct manager *m, struct attachment *a, struct error *e);

/* change.c */
/* netns: path of the container's network namespace; NULL: only the host's side is changed. ret: filled with what was
 * done (or, dry, would be done). */
int manager_update(struct manager *m, const char *name, const char *netns, bool dry, struct plan *ret, struct error *e);
/* The container's side of a link. */
struct guest {
        int netns;           /* owned; -1: leave it alone */
        char link[IFNAMSIZ]; /* as it is called in there */
};
#define GUEST_INIT ((struct guest){.netns = -1})
static inline void guest_clear(struct guest *g) {
        fd_closep(&g->netns);
}
/* The other end of a's link in the namespace; -ENODEV: it is not there as it was made. */
int manager_find_guest(const struct attachment *a, const char *path, struct guest *ret, struct error *e);
/* Inside the container, what a killed daemon had begun is taken back; what the guest has done meanwhile is no failure.
 */
void manager_finish_half(struct manager *m, struct attachment *a, const struct guest *g);
/* From here on `to`'s content is a's; `to` keeps the old. */
int manager_swap(struct manager *m, struct attachment *a, struct attachment *to);
/* What localhost, responders and names say of it: from a's network to `to`, or back. */
int manager_change_services(struct manager *m, struct attachment *a, const struct network *to, struct error *e);
/* UDP flows of forwards that p changes are begun anew. */
void manager_forget_flows(struct manager *m, const char *name, const struct plan *p);
/* To another network of the same container. ret: filled with what was done. */
int manager_change(struct manager *m, struct attachment *a, const struct network *to, const struct guest *g,
                   struct plan *ret, struct error *e);

/* taken.c: refuses forwards that another container has (other than `name`), or a process. */
int manager_check_ports(struct manager *m, const char *name, const struct forward *forwards, size_t n, struct error *e);

/* Refuses addresses by hand that meet another container's. */
int manager_check_ranges(struct manager *m, const struct network *n, struct error *e);
/* Refuses a zone whose ranges meet another zone's that is there, a running container's, or a network of the host's. */
int manager_check_zone(struct manager *m, const struct zone_network *z, struct error *e);

/* namespace.c */
int manager_attach_namespace(struct manager *m, const char *name, const char *path, const char *guest_link,
                             const json_t *forwards, struct attachment **ret, struct error *e);
int manager_detach_namespace(struct manager *m, const char *name, struct error *e);

/* link.c */
/* A link will come: has ready what it will need. */
int manager_expect_link(struct manager *m, struct error *e);
/* The link is there: responders, name, addresses and neighbours, and up, in this order. May be repeated. */
int manager_complete(struct manager *m, struct attachment *a, int ifindex, struct error *e);
/* The link was made complete by one plan: only the responders and the name are missing. */
int manager_made(struct manager *m, struct attachment *a, int ifindex, struct error *e);
/* The name resolves from Attach on: when the link comes, that is done. It does not while there is no link after that,
 * and not after Detach. */
int manager_publish(struct attachment *a, struct error *e);
/* Where its link-local address means something. */
int manager_scope(const struct attachment *a);
void manager_withdraw(struct attachment *a);
/* A link beside the main one is there: addresses or bridge, and up. Failure is told and tried again. */
void manager_complete_extra(struct manager *m, struct attachment *a, size_t i, int ifindex);
/* It is not there any more. */
void manager_link_gone(struct manager *m, struct attachment *a);
/* Looks whether it is, and does the one or the other. */
void manager_look(struct manager *m, struct attachment *a);

/* The kernel makes the route of an address's range with the address, and not again when somebody took it. */
int manager_restore_route(struct manager *m, const char *link, int ifindex, const struct prefix *address,
                          struct error *e);

/* zone.c */
struct active_zone *manager_find_zone(const struct manager *m, const char *name);
struct active_zone *manager_find_bridge(const struct manager *m, const char *link);
struct active_zone *manager_find_bridge_index(const struct manager *m, int ifindex);
/* The zone with its bridge, made complete when it is not there yet. Who gets no member into it releases it. */
int manager_zone_hold(struct manager *m, const char *name, struct active_zone **ret, struct error *e);
/* Takes it away when it has no members and is not to stay. */
int manager_zone_release(struct manager *m, struct active_zone *z, struct error *e);
/* Its responders know the member, and do not any more. Others: nothing. */
void manager_zone_join(struct manager *m, struct attachment *a);
void manager_zone_leave(struct manager *m, struct attachment *a);
/* Repairs it, and what a new bridge has to be told of its members. */
void manager_zone_look(struct manager *m, struct active_zone *z);
/* Its responders after a change. */
void manager_zone_serve_changed(struct manager *m, struct active_zone *z);
/* A bridge where there is none; what its definition says now. */
int manager_zone_begin(struct manager *m, const struct zone_network *n, struct active_zone **ret, struct error *e);
int manager_zone_compute(struct manager *m, const char *name, struct zone_network *ret, struct error *e);
/* Takes over from the daemon before; then, all of them repaired; then, after the containers, those that are over go and
 * those that are to stay come. */
void manager_zones_recover(struct manager *m, const char *name, const json_t *record);
void manager_zones_resync(struct manager *m);
void manager_zones_settle(struct manager *m);
void manager_zones_free(struct manager *m);

/* zone_change.c */
/* To what its definition says now, its members that run included; one that is not defined any more goes. namespaces:
 * paths of members' network namespaces, by name; whose is not there is changed on the host's side alone. ret: as
 * manager_update(). */
int manager_zone_update(struct manager *m, const char *name, const json_t *namespaces, bool dry, struct plan *ret,
                        struct error *e);
/* What the daemon before had begun to make of it. */
void manager_zone_drop_pending(struct manager *m, const struct zone_network *n, const json_t *pending);

/* localhost.c */
/* Has nspawn-proxy listen for n's forwards, and started again when it dies. */
int manager_serve_localhost(struct manager *m, const struct network *n, struct error *e);
/* The same, begun before with proxy_set_begin(). */
int manager_serve_localhost_end(struct manager *m, const struct network *n, struct varlink_exchange *x,
                                struct error *e);
/* All of them once more. */
int manager_repair_proxy(struct manager *m, struct error *e);

/* host.c */
/* Puts in force what the host's configuration (state/applied.h) says now, or leaves all as it was and fails. */
int manager_apply_host(struct manager *m, struct error *e);
/* Whether it asks for something that has to be looked after. */
bool manager_keeps_host(const struct manager *m);
/* What it says of a container's links goes into n. */
void manager_route(const struct manager *m, struct network *n);
/* The same of all attached networks, where it is not so yet. */
int manager_route_all(struct manager *m, struct error *e);
/* Puts its NAT back where somebody took it away. */
int manager_repair_host(struct manager *m, struct error *e);
/* Has the host forward, for containers (both families) or for its NAT. */
int manager_forward(struct manager *m, bool v6, struct error *e);

/* Whether there is anything that the host has to forward for. */
bool manager_needs_forwarding(const struct manager *m);
/* Switches it on again where somebody switched it off. */
int manager_repair_forwarding(struct manager *m, struct error *e);

/* names.c */
/* Publishes what is published, and is not there any more; watches that it stays. */
int manager_repair_names(struct manager *m, struct error *e);

/* proxy_neighbours.c */
void manager_set_proxied(struct manager *m, const struct proxy_links *links);
/* The host answers for a's global addresses, or no longer. */
void manager_proxy_neighbours(struct manager *m, const struct attachment *a, bool add);
void manager_proxy_neighbours_all(struct manager *m);
bool manager_is_proxied(const struct manager *m, const char *link);

/* events.c */
int manager_listen(struct manager *m, struct error *e);

/* repair.c */
void manager_damaged(struct manager *m, struct attachment *a, const char *what);
void manager_zone_damaged(struct manager *m, struct active_zone *z, const char *what);
/* Called when its link turned out to be there: one that goes loses everything before. */
void manager_tell_damage(struct attachment *a);
/* Completing its link failed: tells, and has it tried again. */
void manager_incomplete(struct manager *m, struct attachment *a, const struct error *e);
void manager_tables_damaged(struct manager *m);
void manager_proxy_damaged(struct manager *m);
void manager_names_damaged(struct manager *m);
/* Somebody, or we, switched it off. */
void manager_forwarding_off(struct manager *m, bool v6);
void manager_events_lost(struct manager *m);
int manager_repair_tables(struct manager *m, struct error *e);

/* recover.c */
/* Carries out, on the host's side, those operations of the way back that take something away, or set a link as it was;
 * what is missing then is found missing. Returns whether there is a container's side to it. */
bool manager_drop_half(struct manager *m, const struct plan *back);
int manager_recover(struct manager *m, struct error *e);
/* Compares everything with the kernel. */
int manager_resync(struct manager *m, struct error *e);
/* Has gone_timer look, in a while, for containers that went without a Detach. */
void manager_expect_gone(struct manager *m);
