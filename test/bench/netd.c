/* The daemon with 1 and 1,000 networks: from a link's appearance to the carrier that its guest sees, beside one bare
 * netlink batch of the same requests; Attach and Detach over its socket; its memory. Prints a line a measurement:
 * name, ours, floor, ratio, unit, separated by tabs. Must run as root in namespaces of its own (network, mounts, pid);
 * $BUILD is the build's folder. */
#include "bare.h"
#include "base/file.h"
#include "daemon.h"
#include "links.h"
#include "netd/client.h"
#include "netlink/route.h"
#include "state/allocations.h"
#include "state/store.h"

#include <err.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum {
        NETWORKS = 1000,
        ROUNDS = 100,
        FLUSHES = 3,
};

static void report(const char *what, int networks, double ours, double floor, const char *unit) {
        (void) printf("%s, %d network%s\t%.3f\t", what, networks, networks == 1 ? "" : "s", ours);
        if (floor > 0)
                (void) printf("%.3f\t%.2f\t%s\n", floor, ours / floor, unit);
        else
                (void) printf("-\t-\t%s\n", unit);
        (void) fflush(stdout);
}

/* The floor: everything known beforehand, one message. */
static void bare_complete(struct netlink *route, const struct network *n) {
        _cleanup_(plan_clear) struct plan p = PLAN_INIT;
        struct netlink_link link;

        check(plan_link(n, &p), "plan", NULL);
        check(netlink_link_find(route, n->link, &link), n->link, NULL);
        bare_operations(route, &p, link.ifindex, 0);
}

static double round_link(struct netlink *route, struct guest *g, const struct network *n, bool bare) {
        const struct timespec settle = {.tv_nsec = 20000000};
        double start;

        g->carrier = false;
        link_make(route, g, n, "host0");
        start = now();
        if (bare)
                bare_complete(route, n);
        wait_for_carrier(g);
        start = now() - start;
        link_delete(route, n->link);
        (void) nanosleep(&settle, NULL);
        return start;
}

static void measure_link(struct netlink *route, struct guest *g, const char *name, int networks) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        static double ours[ROUNDS], bare[ROUNDS], attach[ROUNDS], detach[ROUNDS];
        struct error e = ERROR_INIT;
        struct network n;

        check(store_load_network(name, &c, &n, &e), name, &e);
        for (size_t i = 0; i < ROUNDS; i++) {
                double start = now();

                daemon_call("Attach", name);
                attach[i] = now() - start;
                ours[i] = round_link(route, g, &n, false);
                start = now();
                daemon_call("Detach", name);
                detach[i] = now() - start;
                bare[i] = round_link(route, g, &n, true);
        }
        report("link to carrier", networks, median(ours, ROUNDS), median(bare, ROUNDS), "ms");
        report("Attach over the socket, one forward", networks, median(attach, ROUNDS), 0, "ms");
        report("Detach over the socket", networks, median(detach, ROUNDS), 0, "ms");
}

/* The floor's i-th network: that of n with a link, ranges and a port of its own. */
static struct network bare_network(const struct network *n, unsigned i, struct forward *f) {
        struct network b = *n;

        *f = (struct forward){
                .protocol = PROTOCOL_TCP, .host_port = (uint16_t) (20000 + i), .container_port = 80, .count = 1};
        b.forwards = f;
        (void) snprintf(b.link, sizeof(b.link), "bare%u", i);
        for (struct prefix *p = &b.host_v4, *end = p + 2; p < end; p++) {
                p->address.bytes[1]++; /* out of the pool */
                p->address.bytes[2] = (uint8_t) (i >> 4);
                p->address.bytes[3] = (uint8_t) (i << 4 | (p == &b.host_v4 ? 1 : 2));
        }
        for (struct prefix *p = &b.host_v6, *end = p + 2; p < end; p++) {
                p->address.bytes[5] ^= 1;
                p->address.bytes[7] = (uint8_t) i;
        }
        return b;
}

/* The floor's elements go when all rounds are over: the daemon takes their removal for damage, and would be at work on
 * its repair in the next round. */
static void measure_namespace(struct guest *g, int networks) {
        static double ours[ROUNDS], bare[ROUNDS], ours_end[ROUNDS], bare_end[ROUNDS];
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        const struct timespec settle = {.tv_nsec = 20000000};
        _cleanup_(freep) char *path = format("/proc/%d/fd/%d", (int) getpid(), g->netns);
        static struct network floors[ROUNDS];
        static struct forward forwards[ROUNDS];
        struct bare *b = bare_open();
        struct error e = ERROR_INIT;
        struct network n;

        check(store_load_network("n1000", &c, &n, &e), "n1000", &e);
        for (unsigned i = 0; i < ROUNDS; i++) {
                double start = now(), middle;

                check(netd_call("AttachNamespace",
                                json_pack("{s:s,s:s,s:s}", "name", "n1000", "namespacePath", path, "link", "host0"), -1,
                                NULL, &e),
                      "AttachNamespace", &e);
                middle = now();
                daemon_call("DetachNamespace", "n1000");
                ours[i] = middle - start;
                ours_end[i] = now() - middle;
                (void) nanosleep(&settle, NULL);
                floors[i] = bare_network(&n, i, &forwards[i]);
                start = now();
                bare_attach(b, &floors[i], g->netns);
                middle = now();
                bare_delete(b, &floors[i]);
                bare[i] = middle - start;
                bare_end[i] = now() - middle;
                (void) nanosleep(&settle, NULL);
        }
        for (size_t i = 0; i < ROUNDS; i++) {
                double start = now();

                bare_dismiss(b, &floors[i]);
                bare_end[i] += now() - start;
        }
        bare_close(b);
        report("AttachNamespace over the socket, all in place", networks, median(ours, ROUNDS), median(bare, ROUNDS),
               "ms");
        report("DetachNamespace over the socket", networks, median(ours_end, ROUNDS), median(bare_end, ROUNDS), "ms");
        /* What it repairs now. */
        (void) poll(NULL, 0, 2000);
}

/* Whose transaction it was that a notification speaks of, or NULL. */
static const char *generation_of(const struct nlmsghdr *h) {
        const struct nlattr *a;
        int left;

        if (NFNL_SUBSYS_ID(h->nlmsg_type) != NFNL_SUBSYS_NFTABLES || NFNL_MSG_TYPE(h->nlmsg_type) != NFT_MSG_NEWGEN)
                return NULL;
        a = mnl_nlmsg_get_payload_offset(h, sizeof(struct nfgenmsg));
        left = (int) mnl_nlmsg_get_payload_len(h) - (int) sizeof(struct nfgenmsg);
        for (; mnl_attr_ok(a, left); left -= (int) NLA_ALIGN(mnl_attr_get_len(a)), a = mnl_attr_next(a))
                if (mnl_attr_get_type(a) == NFTA_GEN_PROC_NAME)
                        return mnl_attr_get_str(a);
        return NULL;
}

/* From `nft flush ruleset` to the last transaction that puts everything back. */
static double flush_once(struct mnl_socket *s) {
        static char buffer[1 << 16];
        double flushed = 0, repaired = 0;
        int status;
        pid_t pid;

        /* Read while it happens: what counts is when a notification comes. */
        pid = fork();
        if (pid == 0) {
                execlp("nft", "nft", "flush", "ruleset", (char *) NULL);
                _exit(1);
        }
        for (;;) {
                struct pollfd p = {.fd = mnl_socket_get_fd(s), .events = POLLIN};
                ssize_t size;
                int left;

                if (poll(&p, 1, repaired > flushed ? 1000 : 10000) <= 0)
                        break;
                size = mnl_socket_recvfrom(s, buffer, sizeof(buffer));
                left = (int) size;
                for (const struct nlmsghdr *h = (const struct nlmsghdr *) (void *) buffer;
                     size > 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
                        const char *who = generation_of(h);

                        if (who && strcmp(who, "nft") == 0)
                                flushed = now();
                        else if (who && strcmp(who, "nspawn-netd") == 0)
                                repaired = now();
                }
        }
        if (waitpid(pid, &status, 0) < 0 || status != 0 || repaired <= flushed)
                errx(1, "the flush was not repaired");
        return repaired - flushed;
}

static void measure_flush(int networks) {
        struct mnl_socket *s = mnl_socket_open(NETLINK_NETFILTER);
        int group = NFNLGRP_NFTABLES, size = 16 * 1024 * 1024;
        static double times[FLUSHES];

        if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
            mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 ||
            setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
                err(1, "netlink");
        for (size_t i = 0; i < FLUSHES; i++) {
                /* Not one right after the other, which would count as a fight. */
                (void) poll(NULL, 0, 5500);
                times[i] = flush_once(s);
        }
        report("nft flush ruleset to everything back", networks, median(times, FLUSHES), 0, "ms");
        (void) mnl_socket_close(s);
}

static void attach_linked(struct netlink *route, struct guest *others, unsigned i) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(freep) char *name = format("n%u", i), *peer = format("h%u", i);
        struct error e = ERROR_INIT;
        struct network n;

        daemon_call("Attach", name);
        check(store_load_network(name, &c, &n, &e), name, &e);
        link_make(route, others, &n, peer);
}

int main(void) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        struct error e = ERROR_INIT;
        struct guest g, others;
        struct netlink *route;
        double base;

        daemon_prepare();
        check(allocations_load(&a, &e), "allocations", &e);
        for (unsigned i = 0; i <= NETWORKS; i++) {
                _cleanup_(freep) char *name = format("n%u", i);

                container_define(a, name, 10000 + i);
        }
        check(allocations_save(a, &e), "allocations", &e);
        check(netd_ensure(&e), "netd", &e);
        base = daemon_memory();
        check(netlink_open(NETLINK_ROUTE, -1, &route), "netlink", NULL);
        g = guest_open();
        others = guest_open();

        measure_link(route, &g, "n1000", 1);
        measure_namespace(&g, 1);
        attach_linked(route, &others, 0);
        measure_flush(1);
        for (unsigned i = 1; i < NETWORKS; i++)
                attach_linked(route, &others, i);
        await_links();
        report("memory of the daemon", 0, base / 1024, 0, "MiB");
        report("memory a network", NETWORKS, (daemon_memory() - base) / NETWORKS, 0, "KiB");
        measure_flush(NETWORKS);
        measure_link(route, &g, "n1000", NETWORKS);
        measure_namespace(&g, NETWORKS);
        return 0;
}
