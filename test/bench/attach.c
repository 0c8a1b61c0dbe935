/* Attach and detach of one network with one forward, namespace given: the engine's plan_attach() and engine_apply()
 * beside the same kernel calls made bare (bare.c), turn by turn, with others present. Prints a line a measurement:
 * name, ours, floor, ratio, unit, separated by tabs. Must run in a network namespace of its own. */
#include "apply/engine.h"
#include "bare.h"

#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
        FIRST_PORT = 10000, /* of the forwards that are present */
};

static const uint8_t machine_id[16] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
                                       0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};

static double now(clockid_t clock) {
        struct timespec t;
        clock_gettime(clock, &t);
        return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;
        return (x > y) - (x < y);
}

static double median(double *values, int n) {
        qsort(values, (size_t) n, sizeof(*values), compare);
        return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* A namespace to attach to; the caller stays in its own. */
static int new_namespace(void) {
        int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        if (own < 0 || unshare(CLONE_NEWNET) < 0)
                err(1, "unshare");
        int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        if (fd < 0 || setns(own, CLONE_NEWNET) < 0)
                err(1, "setns");
        fd_close(own);
        return fd;
}

static struct network network(unsigned int i, struct container *c, char name[32], struct forward *forward) {
        struct prefix pool4, pool6;
        struct allocation a;
        struct network n;
        snprintf(name, 32, "n%u", i);
        *c = (struct container){.name = name, .forwards = forward, .n_forwards = forward ? 1 : 0};
        if (prefix_parse("10.233.0.0/16", false, &pool4) < 0 || prefix_parse("fd12:3456:789a::/48", false, &pool6) < 0)
                errx(1, "pools");
        a.v4 = (struct prefix){.address = prefix_nth(&pool4, (uint64_t) i * 16), .length = 28};
        a.v6 = (struct prefix){.address = pool6.address, .length = 64};
        a.v6.address.bytes[6] = (uint8_t) (i >> 8);
        a.v6.address.bytes[7] = (uint8_t) i;
        if (network_compute(c, &a, machine_id, &n) < 0)
                errx(1, "network");
        return n;
}

static void apply(struct engine *engine, int (*planner)(const struct network *, const char *, struct plan *),
                  const struct network *n, const char *guest, int netns) {
        _cleanup_(plan_clear) struct plan p = PLAN_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        if (planner(n, guest, &p) < 0 || engine_apply(engine, &p, 0, netns, &e) < 0)
                errx(1, "%s", error_message(&e));
}

static void detach(struct engine *engine, const struct network *n) {
        _cleanup_(plan_clear) struct plan p = PLAN_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        if (plan_detach(n, &p) < 0 || engine_dismiss(engine, &p, &e) < 0)
                errx(1, "%s", error_message(&e));
}

/* All containers' ends are in one namespace, which can have but one default route: their side stays unconfigured. */
static int attach_host_side(const struct network *n, const char *guest, struct plan *ret) {
        int r = plan_attach(n, guest, ret);
        while (r == 0 && ret->n > 0 && ret->operations[ret->n - 1].side == SIDE_CONTAINER)
                ret->n--;
        return r;
}

/* Adds networks up to `wanted`, all with their containers' ends in one namespace. */
static void populate(struct engine *engine, unsigned int *present, unsigned int wanted, int netns) {
        for (; *present < wanted; (*present)++) {
                struct container c;
                char name[32], guest[IFNAMSIZ];
                struct network n = network(*present + 1, &c, name, NULL);
                snprintf(guest, sizeof(guest), "h%u", *present);
                apply(engine, attach_host_side, &n, guest, netns);
        }
}

static int admit(const struct network *n, const char *guest, struct plan *p) {
        return plan_admit(n, p);
}

static void add_forwards(struct engine *engine, unsigned int count) {
        struct container c;
        char name[32];
        struct forward f = {.host_port = FIRST_PORT, .container_port = FIRST_PORT, .count = (uint16_t) count};
        struct network n = network(1, &c, name, &f);
        apply(engine, admit, &n, NULL, -1);
}

struct times {
        double *attach, *attach_cpu, *detach, *detach_cpu;
};

static struct times times_new(int rounds) {
        size_t n = (size_t) rounds;
        return (struct times){calloc(n, sizeof(double)), calloc(n, sizeof(double)), calloc(n, sizeof(double)),
                              calloc(n, sizeof(double))};
}

static void report(const char *what, unsigned int networks, unsigned int forwards, double *ours, double *floor,
                   int rounds) {
        double a = median(ours, rounds), b = median(floor, rounds);
        printf("%s, %u network%s and %u forward%s present\t%.3f\t%.3f\t%.2f\tms\n", what, networks,
               networks == 1 ? "" : "s", forwards, forwards == 1 ? "" : "s", a, b, a / b);
        fflush(stdout);
}

static int link_only(const struct network *n, const char *guest, struct plan *p) {
        return plan_link(n, p);
}

/* What stands between RTM_NEWLINK and carrier when systemd-nspawn makes the pair: the host's side. */
static void measure_link(struct engine *engine, struct bare *bare, unsigned int networks, unsigned int forwards,
                         int netns, int rounds) {
        struct times t[2] = {times_new(rounds), times_new(rounds)};
        struct container c;
        char name[32];
        struct network n = network(4000, &c, name, NULL);
        for (int i = -4; i < 2 * rounds; i++) {
                int bare_turn = (i ^ i >> 1) & 1;
                const struct timespec settle = {.tv_nsec = 5000000};
                bare_create(bare, &n, netns);
                nanosleep(&settle, NULL);
                double start = now(CLOCK_MONOTONIC), start_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
                if (bare_turn)
                        bare_link(bare, &n);
                else
                        apply(engine, link_only, &n, NULL, -1);
                double took = now(CLOCK_MONOTONIC) - start, took_cpu = now(CLOCK_PROCESS_CPUTIME_ID) - start_cpu;
                bare_delete(bare, &n);
                if (i < 0)
                        continue;
                t[bare_turn].attach[i / 2] = took;
                t[bare_turn].attach_cpu[i / 2] = took_cpu;
        }
        report("a link that nspawn made", networks, forwards, t[0].attach, t[1].attach, rounds);
        report("a link that nspawn made, CPU", networks, forwards, t[0].attach_cpu, t[1].attach_cpu, rounds);
}

static void measure(struct engine *engine, struct bare *bare, unsigned int networks, unsigned int forwards, int netns,
                    int rounds) {
        struct times t[2] = {times_new(rounds), times_new(rounds)};
        struct forward f = {.host_port = 8181, .container_port = 80, .count = 1};
        struct container c;
        char name[32];
        struct network n = network(4000, &c, name, &f);
        for (int i = -4; i < 2 * rounds; i++) { /* the first ones warm up */
                /* Who is first changes from pair to pair, and what the kernel does later of the last detach is given
                 * time. */
                int bare_turn = (i ^ i >> 1) & 1;
                const struct timespec settle = {.tv_nsec = 5000000};
                nanosleep(&settle, NULL);
                struct times *x = &t[bare_turn];
                double start = now(CLOCK_MONOTONIC), start_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
                if (bare_turn)
                        bare_attach(bare, &n, netns);
                else
                        apply(engine, plan_attach, &n, "host0", netns);
                double middle = now(CLOCK_MONOTONIC), middle_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
                if (bare_turn)
                        bare_detach(bare, &n);
                else
                        detach(engine, &n);
                if (i < 0)
                        continue;
                x->attach[i / 2] = middle - start;
                x->attach_cpu[i / 2] = middle_cpu - start_cpu;
                x->detach[i / 2] = now(CLOCK_MONOTONIC) - middle;
                x->detach_cpu[i / 2] = now(CLOCK_PROCESS_CPUTIME_ID) - middle_cpu;
        }
        report("attach", networks, forwards, t[0].attach, t[1].attach, rounds);
        report("attach, CPU", networks, forwards, t[0].attach_cpu, t[1].attach_cpu, rounds);
        report("detach", networks, forwards, t[0].detach, t[1].detach, rounds);
        report("detach, CPU", networks, forwards, t[0].detach_cpu, t[1].detach_cpu, rounds);
        measure_link(engine, bare, networks, forwards, netns, rounds);
}

int main(int argc, char *argv[]) {
        int rounds = argc > 1 ? atoi(argv[1]) : 100;
        _cleanup_(engine_freep) struct engine *engine = NULL;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        if (engine_new(&engine, &e) < 0 || engine_base_ensure(engine, &e) < 0)
                errx(1, "%s", error_message(&e));
        struct bare *bare = bare_open();
        int others = new_namespace(), guest = new_namespace();
        unsigned int present = 0;
        populate(engine, &present, 1, others);
        add_forwards(engine, 1);
        measure(engine, bare, 1, 1, guest, rounds);
        populate(engine, &present, 1000, others);
        measure(engine, bare, 1000, 1, guest, rounds);
        add_forwards(engine, 10000);
        measure(engine, bare, 1000, 10000, guest, rounds);
        bare_close(bare);
        return 0;
}
