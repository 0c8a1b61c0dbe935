/* How attaching grows with what is there: one network of its own link, and one member of a zone, with 1, 100 and 1,000
 * others present, beside the kernel's own growth, which is that of the same calls made bare. Both take turns on the
 * same host: what is in the sets, how many links there are and how many ports the bridge has is the same for both.
 * Prints a line a measurement: name, ours, floor, ratio, unit, separated by tabs. Must run as root in namespaces of its
 * own (network, mounts, pid); $BUILD is the build's folder. */
#include "base/file.h"
#include "daemon.h"
#include "firewall/firewall.h"
#include "links.h"
#include "netd/client.h"
#include "state/allocations.h"
#include "state/store.h"
#include "state/zones.h"

#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

enum {
        ROUNDS = 100,
        SETTLE_MS = 20,
};

#define ZONE "z"

static const unsigned present[] = {1, 100, 1000};

#define STEPS ELEMENTS_OF(present)
#define PROBE "probe"

struct bench {
        const char *what;
        bool zone;
        struct netlink *route, *firewall;
        struct guest guest, others;
        struct network probe;
        pid_t daemon;
        unsigned rounds; /* of the floor, so far */
        int bridge;
};

/* Medians with so many present: until the guest sees its carrier, and of it time on a processor. */
struct sample {
        double time, cpu;
};

static double own_cpu(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

/* What the daemon's process has had of the processors, in ms. */
static double daemon_cpu(const struct bench *b) {
        _cleanup_(freep) char *path = format("/proc/%d/schedstat", (int) b->daemon), *text = NULL;

        check(file_read(path, 4096, &text, NULL), path, NULL);
        return strtod(text, NULL) / 1e6;
}

static void define(const struct bench *b, struct allocations *a, const struct zone_network *z, const char *name) {
        struct error e = ERROR_INIT;
        struct store_generation g;
        struct allocation ranges;
        uint32_t number;
        json_t *spec;

        spec = json_pack("{s:i,s:s,s:s,s:{s:{s:s*,s:s}}}", "version", 1, "name", name, "source", "/bench.json",
                         "config", "nixosContainer", "zone", b->zone ? ZONE : NULL, "timeoutStartSec", "90s");
        check(store_save_generation(name, spec, NULL, 0, &g, &e), name, &e);
        json_decref(spec);
        if (b->zone)
                check(allocations_get_member(a, z, name, &number, &e), name, &e);
        else
                check(allocations_get(a, name, NULL, 0, &ranges, &e), name, &e);
}

/* Room for 4,094 members, of which the last thousand are the floor's. */
static void define_zone(struct allocations *a, struct zone_network *ret) {
        json_t *options = json_pack("{s:i}", "size", 20);
        struct zone z = ZONE_INIT;
        struct error e = ERROR_INIT;
        struct allocation ranges;
        uint8_t machine_id[16];

        check(machine_id_get(machine_id, &e), "machine id", &e);
        check(zones_save(ZONE, options, &e), "zone", &e);
        check(zones_load(ZONE, &z, NULL, &e), "zone", &e);
        check(allocations_get_zone(a, &z, NULL, 0, &ranges, &e), "zone", &e);
        check(zone_compute(&z, &ranges, machine_id, ret), "zone", NULL);
        zone_clear(&z);
        json_decref(options);
}

static void define_all(struct bench *b) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        static struct container c;
        struct zone_network z = {0};
        struct error e = ERROR_INIT;

        check(allocations_load(&a, &e), "allocations", &e);
        if (b->zone)
                define_zone(a, &z);
        for (unsigned i = 0; i < present[STEPS - 1]; i++) {
                _cleanup_(freep) char *name = format("n%u", i);

                define(b, a, &z, name);
        }
        define(b, a, &z, PROBE);
        check(allocations_save(a, &e), "allocations", &e);
        check(store_load_network(PROBE, &c, &b->probe, &e), PROBE, &e);
}

static void attach(struct bench *b, unsigned i) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(freep) char *name = format("n%u", i), *peer = format("h%u", i);
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        struct error e = ERROR_INIT;

        daemon_call("Attach", name);
        check(store_load_network(name, &c, &n, &e), name, &e);
        link_make(b->route, &b->others, &n, peer);
}

static void settle(void) {
        (void) poll(NULL, 0, SETTLE_MS);
}

static struct sample ours_once(struct bench *b) {
        double start = now(), cpu = daemon_cpu(b);
        struct sample s;

        b->guest.carrier = false;
        daemon_call("Attach", PROBE);
        link_make(b->route, &b->guest, &b->probe, "host0");
        wait_for_carrier(&b->guest);
        s.time = now() - start;
        settle();
        s.cpu = daemon_cpu(b) - cpu;
        link_delete(b->route, b->probe.link);
        daemon_call("Detach", PROBE);
        settle();
        return s;
}

static void bare_elements(struct bench *b, const struct plan *p) {
        _cleanup_(netlink_batch_clear) struct netlink_batch batch = NETLINK_BATCH_INIT;

        firewall_begin(&batch);
        for (size_t i = 0; i < p->n; i++)
                (void) firewall_element(&batch, &p->operations[i].element, FIREWALL_ADD_NEW);
        firewall_end(&batch);
        check(netlink_send(b->firewall, &batch, NULL, NULL, NULL), "bare elements", NULL);
}

/* Its elements stay, and each round has its own: the daemon takes their removal for damage, and would be at work on the
 * repair in the next round. */
static struct network bare_network(struct bench *b) {
        struct network n = b->probe;
        unsigned i = b->rounds++;

        (void) snprintf(n.link, sizeof(n.link), "bare%u", i);
        n.container_mac.bytes[4] ^= (uint8_t) (1 + (i >> 8));
        n.container_mac.bytes[5] ^= (uint8_t) i;
        n.container_link_local = address_link_local(&n.container_mac);
        if (!b->zone) { /* ranges out of the pools */
                for (struct prefix *p = &n.host_v4, *end = p + 2; p < end; p++) {
                        p->address.bytes[1]++;
                        p->address.bytes[2] = (uint8_t) (i >> 4);
                        p->address.bytes[3] = (uint8_t) (i << 4 | (p == &n.host_v4 ? 1 : 2));
                }
                n.host_v6.address.bytes[4] = n.container_v6.address.bytes[4] ^= 1;
                n.host_v6.address.bytes[6] = n.container_v6.address.bytes[6] = (uint8_t) (i >> 8);
                n.host_v6.address.bytes[7] = n.container_v6.address.bytes[7] = (uint8_t) i;
                return n;
        }
        n.container_v4.address = prefix_nth(&n.container_v4, 3000 + i);
        n.container_v6.address.bytes[14] = (uint8_t) ((3000 + i) >> 8);
        n.container_v6.address.bytes[15] = (uint8_t) (3000 + i);
        return n;
}

static struct sample bare_once(struct bench *b) {
        _cleanup_(plan_clear) struct plan admit = PLAN_INIT, neighbours = PLAN_INIT, link = PLAN_INIT;
        struct network n = bare_network(b);
        double start = now(), cpu = own_cpu();
        struct sample s;

        check(plan_admit(&n, &admit), "plan", NULL);
        check(plan_neighbours(&n, &neighbours), "plan", NULL);
        check(plan_link(&n, &link), "plan", NULL);
        bare_elements(b, &admit);
        if (neighbours.n > 0)
                bare_operations(b->route, &neighbours, b->bridge, 0);
        s.cpu = own_cpu() - cpu;
        b->guest.carrier = false;
        link_make(b->route, &b->guest, &n, "host0");
        cpu = own_cpu();
        bare_operations(b->route, &link, netlink_index(b->route, n.link), b->bridge);
        s.cpu += own_cpu() - cpu;
        wait_for_carrier(&b->guest);
        s.time = now() - start;
        settle();
        link_delete(b->route, n.link);
        for (size_t i = 0; i < neighbours.n; i++)
                neighbours.operations[i].kind = OPERATION_NEIGHBOUR_REMOVE;
        if (neighbours.n > 0)
                bare_operations(b->route, &neighbours, b->bridge, 0);
        settle();
        return s;
}

static void measure(struct bench *b, struct sample *ours, struct sample *floor) {
        static double values[4][ROUNDS];

        for (int i = -4; i < ROUNDS; i++) { /* the first ones warm up */
                struct sample s = ours_once(b), t = bare_once(b);

                if (i < 0)
                        continue;
                values[0][i] = s.time;
                values[1][i] = s.cpu;
                values[2][i] = t.time;
                values[3][i] = t.cpu;
        }
        *ours = (struct sample){median(values[0], ROUNDS), median(values[1], ROUNDS)};
        *floor = (struct sample){median(values[2], ROUNDS), median(values[3], ROUNDS)};
}

static void report(const char *what, double ours, double floor, const char *unit) {
        (void) printf("%s\t%.3f\t%.3f\t%.2f\t%s\n", what, ours, floor, ours / floor, unit);
        (void) fflush(stdout);
}

/* How many times as much as with one present, and how much more. */
static void report_growth(const struct bench *b, unsigned n, const char *of, double ours, double ours_first,
                          double floor, double floor_first) {
        _cleanup_(freep) char *times = format("attach %s%s, growth from %u to %u present", b->what, of, present[0], n),
                              *more = format("attach %s%s, added from %u to %u present", b->what, of, present[0], n);

        report(times, ours / ours_first, floor / floor_first, "times");
        report(more, ours - ours_first, floor - floor_first, "ms");
}

/* A guest that says nothing by itself: a thousand that greet each other over a bridge is a million packets. */
static struct guest quiet_guest(void) {
        int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), setting;
        struct guest g = guest_open();

        if (own < 0 || setns(g.netns, CLONE_NEWNET) < 0)
                err(1, "setns");
        setting = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);
        if (setting < 0 || write(setting, "1", 1) != 1 || setns(own, CLONE_NEWNET) < 0)
                err(1, "disable_ipv6");
        (void) fd_close(setting);
        (void) fd_close(own);
        return g;
}

static void run(struct bench *b) {
        struct sample ours[STEPS], floor[STEPS];
        struct error e = ERROR_INIT;
        double before;
        unsigned n = 0;

        define_all(b);
        check(netd_ensure(&e), "netd", &e);
        b->daemon = daemon_pid();
        before = daemon_memory();
        check(netlink_open(NETLINK_ROUTE, -1, &b->route), "netlink", NULL);
        check(netlink_open(NETLINK_NETFILTER, -1, &b->firewall), "netlink", NULL);
        b->guest = quiet_guest();
        b->others = quiet_guest();
        for (size_t i = 0; i < STEPS; i++) {
                _cleanup_(freep) char *time = format("attach %s, %u present", b->what, present[i]),
                                      *cpu = format("attach %s, CPU, %u present", b->what, present[i]);

                while (n < present[i])
                        attach(b, n++);
                await_links();
                if (b->zone && !(b->bridge = netlink_index(b->route, "vz-" ZONE)))
                        errx(1, "there is no bridge");
                measure(b, &ours[i], &floor[i]);
                report(time, ours[i].time, floor[i].time, "ms");
                report(cpu, ours[i].cpu, floor[i].cpu, "ms");
        }
        for (size_t i = 1; i < STEPS; i++) {
                report_growth(b, present[i], "", ours[i].time, ours[0].time, floor[i].time, floor[0].time);
                report_growth(b, present[i], ", CPU", ours[i].cpu, ours[0].cpu, floor[i].cpu, floor[0].cpu);
        }
        (void) printf("memory of the daemon for %s, %u present\t%.3f\t-\t-\tKiB\n", b->what, n,
                      (daemon_memory() - before) / n);
}

int main(void) {
        static struct bench benches[] = {{.what = "a veth"}, {.what = "a member", .zone = true}};

        for (size_t i = 0; i < ELEMENTS_OF(benches); i++) {
                pid_t pid = fork();
                int status;

                if (pid == 0) {
                        if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
                                err(1, "unshare");
                        daemon_prepare();
                        run(&benches[i]);
                        check(netd_call("Stop", NULL, -1, NULL, NULL), "Stop", NULL);
                        exit(0);
                }
                if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
                        return 1;
        }
        return 0;
}
