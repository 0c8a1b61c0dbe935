/* The engine on the command line, for the tests of this folder: what the daemon does with a plan, without a daemon.
 *
 *   engine base | unbase | ranges | watch
 *   engine admit|attach|link|dismiss|detach|change NAME V4/28 V6/64 [NETNS|-] [FORWARD...]
 *
 * FORWARD: tcp|udp:HOST:CONTAINER[:COUNT[:BIND]]. NETNS: a name of ip-netns(8), for the container's side. change: the
 * forwards before a "to" are those that were, those behind it those that are to be. watch prints an event a line. */
#include "apply/engine.h"
#include "apply/forwarding.h"
#include "firewall/monitor.h"
#include "netlink/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t machine_id[16] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
                                       0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};

static int parse_forward(const char *text, struct forward *ret) {
        char protocol[4], bind[ADDRESS_TEXT_MAX] = "";
        unsigned short port, to, count = 1;
        if (sscanf(text, "%3[a-z]:%hu:%hu:%hu:%45s", protocol, &port, &to, &count, bind) < 3)
                return -EINVAL;
        *ret = (struct forward){.protocol = strcmp(protocol, "udp") == 0 ? PROTOCOL_UDP : PROTOCOL_TCP,
                                .host_port = port,
                                .container_port = to,
                                .count = count};
        return bind[0] ? address_parse(bind, &ret->bind) : 0;
}

static int complain(const struct error *e) {
        fprintf(stderr, "%s\n", error_message(e));
        return 1;
}

static int print_event(const struct netlink_event *e, void *userdata) {
        char text[PREFIX_TEXT_MAX] = "";
        if (e->address.address.family != AF_UNSPEC)
                prefix_format(&e->address, text);
        printf("%s %d %s %s %s\n", netlink_event_name(e->kind), e->ifindex, e->name, e->link_kind, text);
        return 0;
}

static int watch(struct engine *engine, struct error *e) {
        static const char *const events[] = {"quiet", "damaged", "resync"};
        _cleanup_(netlink_monitor_closep) struct netlink_monitor *links = NULL;
        _cleanup_(firewall_monitor_closep) struct firewall_monitor *firewall = NULL;
        if (netlink_monitor_open(&links, e) < 0 || firewall_monitor_open(&firewall, e) < 0)
                return complain(e);
        printf("watching\n");
        for (;;) {
                struct pollfd p[] = {{.fd = netlink_monitor_fd(links), .events = POLLIN},
                                     {.fd = firewall_monitor_fd(firewall), .events = POLLIN}};
                fflush(stdout);
                (void) poll(p, 2, -1);
                (void) netlink_monitor_dispatch(links, print_event, NULL);
                int r = firewall_monitor_dispatch(firewall, engine_firewall_port(engine));
                if (r > 0)
                        printf("firewall %s\n", events[r]);
                if (r > 0 && engine_base_ensure(engine, e) > 0)
                        printf("firewall repaired\n");
        }
}

static int print_ranges(struct engine *engine, struct error *e) {
        _cleanup_(freep) struct prefix *ranges = NULL;
        size_t n;
        char text[PREFIX_TEXT_MAX];
        if (engine_observe_ranges(engine, &ranges, &n, e) < 0)
                return complain(e);
        for (size_t i = 0; i < n; i++)
                printf("%s\n", prefix_format(&ranges[i], text));
        return 0;
}

struct side {
        struct forward forwards[64];
        struct container container;
        struct network network;
};

static int side_make(struct side *s, char *const argv[], int n, char **words) {
        struct allocation a = {0};
        s->container = (struct container){.name = argv[2], .forwards = s->forwards};
        for (int i = 0; i < n && i < 64; i++)
                if (parse_forward(words[i], &s->forwards[s->container.n_forwards++]) < 0)
                        return -EINVAL;
        if (prefix_parse(argv[3], false, &a.v4) < 0 || prefix_parse(argv[4], false, &a.v6) < 0)
                return -EINVAL;
        return network_compute(&s->container, &a, machine_id, &s->network);
}

static int with_network(struct engine *engine, int argc, char *argv[], struct error *e) {
        static struct side from, to;
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        _cleanup_(fd_closep) int netns = -1;
        int split = argc;
        for (int i = 6; i < argc; i++)
                if (strcmp(argv[i], "to") == 0)
                        split = i;
        if (side_make(&from, argv, split > 6 ? split - 6 : 0, argv + 6) < 0 ||
            (split < argc && side_make(&to, argv, argc - split - 1, argv + split + 1) < 0)) {
                fprintf(stderr, "bad network or forward\n");
                return 2;
        }
        if (argc > 5 && strcmp(argv[5], "-") != 0) {
                _cleanup_(freep) char *path = NULL;
                if (asprintf(&path, "/run/netns/%s", argv[5]) < 0 || (netns = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
                        perror(argv[5]);
                        return 1;
                }
        }
        const char *verb = argv[1];
        const struct network *n = &from.network;
        int r = strcmp(verb, "admit") == 0     ? plan_admit(n, &plan)
                : strcmp(verb, "link") == 0    ? plan_link(n, &plan)
                : strcmp(verb, "attach") == 0  ? plan_attach(n, "host0", &plan)
                : strcmp(verb, "dismiss") == 0 ? plan_dismiss(n, &plan)
                : strcmp(verb, "detach") == 0  ? plan_detach(n, &plan)
                : strcmp(verb, "change") == 0  ? plan_change(n, &to.network, &plan)
                                               : -EINVAL;
        if (r == 0 && (strcmp(verb, "dismiss") == 0 || strcmp(verb, "detach") == 0))
                r = engine_dismiss(engine, &plan, e);
        else if (r == 0)
                r = engine_apply(engine, &plan, 0, netns, e);
        if (r < 0)
                return complain(e);
        printf("%zu operations\n", plan.n);
        return 0;
}

int main(int argc, char *argv[]) {
        _cleanup_(engine_freep) struct engine *engine = NULL;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        const char *verb = argc > 1 ? argv[1] : "";
        if (engine_new(&engine, &e) < 0)
                return complain(&e);
        if (strcmp(verb, "base") == 0) {
                int r = engine_base_ensure(engine, &e);
                if (r >= 0)
                        printf("%s\n", r > 0 ? "repaired" : "complete");
                return r < 0 ? complain(&e) : 0;
        }
        if (strcmp(verb, "unbase") == 0)
                return engine_base_remove(engine, &e) < 0 ? complain(&e) : 0;
        if (strcmp(verb, "forwarding") == 0)
                return forwarding_enable(argv[2], true, &e) < 0 ? complain(&e) : 0;
        if (strcmp(verb, "unforwarding") == 0)
                return forwarding_restore(argv[2], &e) < 0 ? complain(&e) : 0;
        if (strcmp(verb, "watch") == 0)
                return watch(engine, &e);
        if (strcmp(verb, "ranges") == 0)
                return print_ranges(engine, &e);
        if (argc < 5) {
                fprintf(stderr, "usage: see the head of test/net/engine.c\n");
                return 2;
        }
        return with_network(engine, argc, argv, &e);
}
