#include "links.h"

#include "base/file.h"
#include "daemon.h"
#include "netd/client.h"
#include "netlink/route.h"

#include <err.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <poll.h>
#include <sched.h>
#include <string.h>

enum {
        INDICES_SKIPPED =
                40, /* what one network, a bridge and its first port need is less, a hundred networks is more */
};

pid_t daemon_pid(void) {
        struct error e = ERROR_INIT;
        json_t *reply = NULL;
        pid_t pid;

        check(netd_call("Ping", NULL, -1, &reply, &e), "Ping", &e);
        pid = (pid_t) json_integer_value(json_object_get(reply, "pid"));
        json_decref(reply);
        return pid;
}

double daemon_memory(void) {
        _cleanup_(freep) char *path = format("/proc/%d/status", (int) daemon_pid()), *text = NULL;
        const char *line;

        check(file_read(path, 65536, &text, NULL), path, NULL);
        line = strstr(text, "VmRSS:");
        return line ? strtod(line + strlen("VmRSS:"), NULL) : 0;
}

static bool all_linked(void) {
        struct error e = ERROR_INIT;
        json_t *reply = NULL, *network;
        bool linked = true;
        size_t i;

        check(netd_call("List", NULL, -1, &reply, &e), "List", &e);
        json_array_foreach (json_object_get(reply, "networks"), i, network)
                linked = linked && strcmp(json_string_value(json_object_get(network, "state")), "linked") == 0;
        json_decref(reply);
        return linked;
}

void await_links(void) {
        while (!all_linked())
                (void) poll(NULL, 0, 100);
}

/* Takes some numbers of links: where both ends of a pair have the same number, which a host's and a container's hardly
 * ever have, the kernel may tell of the carrier up to a second late (it takes the link for one without a peer). */
static void indices_skip(struct guest *g) {
        for (unsigned i = 0; i < INDICES_SKIPPED; i += 2) {
                _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
                _cleanup_(freep) char *name = format("skip%u", i), *peer = format("skip%u", i + 1);
                struct netlink_veth veth = {.name = name,
                                            .peer_name = peer,
                                            .mac = {{2, 0, 0, 0, 0, 1}},
                                            .peer_mac = {{2, 0, 0, 0, 0, 2}},
                                            .peer_netns_fd = g->netns};

                netlink_link_create(&b, &veth);
                check(netlink_send(g->route, &b, NULL, NULL, NULL), name, NULL);
        }
}

struct guest guest_open(void) {
        int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        struct error e = ERROR_INIT;
        struct guest g = {0};

        if (own < 0 || unshare(CLONE_NEWNET) < 0)
                err(1, "unshare");
        g.netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        check(netlink_open(NETLINK_ROUTE, -1, &g.route), "netlink", NULL);
        check(netlink_monitor_open(&g.monitor, &e), "monitor", &e);
        if (setns(own, CLONE_NEWNET) < 0)
                err(1, "setns");
        (void) fd_close(own);
        indices_skip(&g);
        return g;
}

static int on_event(const struct netlink_event *event, void *userdata) {
        struct guest *g = userdata;

        if (event->kind == NETLINK_EVENT_LINK && (event->flags & IFF_RUNNING) && (event->flags & IFF_UP) &&
            strcmp(event->name, "host0") == 0)
                g->carrier = true;
        return 0;
}

void wait_for_carrier(struct guest *g) {
        while (!g->carrier) {
                struct pollfd p = {.fd = netlink_monitor_fd(g->monitor), .events = POLLIN};

                if (poll(&p, 1, 10000) <= 0)
                        errx(1, "no carrier within 10 s");
                check(netlink_monitor_dispatch(g->monitor, on_event, g), "monitor", NULL);
        }
}

void link_make(struct netlink *route, struct guest *g, const struct network *n, const char *peer) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT, up = NETLINK_BATCH_INIT;
        struct netlink_veth veth = {.name = n->link,
                                    .peer_name = peer,
                                    .mac = n->host_mac,
                                    .peer_mac = n->container_mac,
                                    .peer_netns_fd = g->netns};
        struct netlink_link link;

        netlink_link_create(&b, &veth);
        check(netlink_send(route, &b, NULL, NULL, NULL), "veth", NULL);
        check(netlink_link_find(g->route, peer, &link), peer, NULL);
        netlink_link_set_up(&up, link.ifindex, true);
        check(netlink_send(g->route, &up, NULL, NULL, NULL), "up", NULL);
}

void link_delete(struct netlink *route, const char *name) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;

        netlink_link_delete(&b, 0, name);
        check(netlink_send(route, &b, NULL, NULL, NULL), name, NULL);
}

static void bare_operation(struct netlink_batch *b, const struct operation *o, int ifindex, int bridge) {
        switch (o->kind) {
        case OPERATION_LINK_CONFIGURE:
                netlink_link_configure(b, ifindex, IN6_ADDR_GEN_MODE_NONE, 0);
                break;
        case OPERATION_LINK_JOIN:
                netlink_link_set_master(b, ifindex, bridge);
                break;
        case OPERATION_PORT_CONFIGURE:
                netlink_port_configure(b, ifindex, o->port.isolated);
                break;
        case OPERATION_ADDRESS_ADD:
                netlink_address_add(b, ifindex, &o->address, true);
                break;
        case OPERATION_NEIGHBOUR_ADD:
                netlink_neighbour_add(b, ifindex, &o->neighbour.address, &o->neighbour.mac, NUD_PERMANENT, true);
                break;
        case OPERATION_NEIGHBOUR_REMOVE:
                netlink_neighbour_remove(b, ifindex, &o->neighbour.address);
                break;
        case OPERATION_LINK_UP:
                netlink_link_set_up(b, ifindex, true);
                break;
        default:
                errx(1, "the floor cannot do operation %d", (int) o->kind);
        }
}

void bare_operations(struct netlink *route, const struct plan *p, int ifindex, int bridge) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;

        for (size_t i = 0; i < p->n; i++)
                bare_operation(&b, &p->operations[i], ifindex, bridge);
        check(netlink_send(route, &b, NULL, NULL, NULL), "bare", NULL);
}
