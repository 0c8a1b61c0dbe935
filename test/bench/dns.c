/* DNS for 1,000 containers: the daemon beside dnsmasq with the same names in a hosts file, each asked by the same guest
 * over a pair of its own. Answers a second with 64 questions on their way, and the time of one question alone; A and
 * AAAA of random names, and names that nobody has. The two take turns; every answer is looked at. Prints a line a
 * measurement: name, ours, dnsmasq's, ratio, unit, separated by tabs. Must run as root in namespaces of its own
 * (network, mounts, pid); $BUILD is the build's folder, and dnsmasq is installed. */
#include "daemon.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "netd/client.h"
#include "state/store.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum {
        NAMES = 1000,
        WINDOW = 64,
        ROUNDS = 11,
        ROUND_MS = 300,
        SINGLE = 2000, /* questions that are asked one by one, a round */
        MESSAGE_MAX = 512,
        TYPE_A = 1,
        TYPE_AAAA = 28,
};

#define HOSTS        "/run/dnsmasq-hosts"
#define PLAIN_SERVER "192.0.2.1"

static uint32_t random_state = 1;

static uint32_t next_random(void) {
        random_state = random_state * 1664525U + 1013904223U;
        return random_state >> 8;
}

struct question {
        uint16_t type; /* 0: A of a name that nobody has */
};

/* A query in wire format; the answer's number tells which of the window it is. */
static size_t query_make(uint8_t data[MESSAGE_MAX], uint16_t id, struct question q) {
        static const uint8_t suffix[] = "\010internal";
        uint8_t *p = data;
        int n;

        *p++ = (uint8_t) (id >> 8);
        *p++ = (uint8_t) id;
        memcpy(p, "\1\0\0\1\0\0\0\0\0\0", 10);
        p += 10;
        n = sprintf((char *) p + 1, q.type == 0 ? "x%u" : "n%u", next_random() % NAMES);
        *p = (uint8_t) n;
        p += 1 + n;
        memcpy(p, suffix, sizeof(suffix));
        p += sizeof(suffix);
        *p++ = 0;
        *p++ = (uint8_t) (q.type == 0 ? TYPE_A : q.type);
        *p++ = 0;
        *p++ = 1;
        return (size_t) (p - data);
}

static unsigned answer_check(const uint8_t *data, size_t size, struct question q) {
        unsigned rcode = data[3] & 0xf, answers = (unsigned) data[6] << 8 | data[7];

        if (size < 12 || !(data[2] & 0x80))
                errx(1, "what came is no answer");
        if (q.type == 0 ? rcode != 3 : rcode != 0 || answers != 1)
                errx(1, "a wrong answer: code %u, %u records", rcode, answers);
        return (unsigned) data[0] << 8 | data[1];
}

static int socket_to(const char *server) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || inet_pton(AF_INET, server, &to.sin_addr) != 1 ||
            connect(fd, (struct sockaddr *) &to, sizeof(to)) < 0)
                err(1, "socket to %s", server);
        return fd;
}

struct window {
        uint8_t out[WINDOW][MESSAGE_MAX], in[WINDOW][MESSAGE_MAX];
        struct mmsghdr send[WINDOW], receive[WINDOW];
        struct iovec send_parts[WINDOW], receive_parts[WINDOW];
};

static void window_prepare(struct window *w) {
        for (size_t i = 0; i < WINDOW; i++) {
                w->receive_parts[i] = (struct iovec){w->in[i], MESSAGE_MAX};
                w->receive[i].msg_hdr = (struct msghdr){.msg_iov = &w->receive_parts[i], .msg_iovlen = 1};
                w->send[i].msg_hdr = (struct msghdr){.msg_iov = &w->send_parts[i], .msg_iovlen = 1};
        }
}

static void window_send(struct window *w, int fd, unsigned n) {
        for (unsigned sent = 0; sent < n;) {
                int k = sendmmsg(fd, w->send + sent, n - sent, 0);

                if (k < 0)
                        err(1, "sendmmsg");
                sent += (unsigned) k;
        }
}

/* Answers a second. */
static double flood(const char *server, struct question q) {
        static struct window w;
        int fd = socket_to(server);
        double start = now(), end;
        unsigned answered = 0;

        window_prepare(&w);
        for (unsigned i = 0; i < WINDOW; i++)
                w.send_parts[i] = (struct iovec){w.out[i], query_make(w.out[i], (uint16_t) i, q)};
        window_send(&w, fd, WINDOW);
        do {
                struct pollfd p = {.fd = fd, .events = POLLIN};
                int n;

                if (poll(&p, 1, 1000) <= 0)
                        errx(1, "%s: an answer was lost", server);
                n = recvmmsg(fd, w.receive, WINDOW, MSG_DONTWAIT, NULL);
                if (n < 0)
                        err(1, "recvmmsg");
                for (int i = 0; i < n; i++) {
                        unsigned id = answer_check(w.in[i], w.receive[i].msg_len, q);

                        w.send_parts[i] = (struct iovec){w.out[i], query_make(w.out[i], (uint16_t) id, q)};
                }
                answered += (unsigned) n;
                end = now();
                if (end - start < ROUND_MS)
                        window_send(&w, fd, (unsigned) n);
        } while (end - start < ROUND_MS);
        (void) close(fd);
        return answered / (end - start) * 1000;
}

/* Microseconds of each question. */
static void ask_singly(const char *server, struct question q, double times[SINGLE]) {
        int fd = socket_to(server);
        uint8_t data[MESSAGE_MAX];

        for (size_t i = 0; i < SINGLE; i++) {
                size_t size = query_make(data, (uint16_t) i, q);
                double start = now();
                ssize_t n;

                if (send(fd, data, size, 0) < 0 || (n = recv(fd, data, sizeof(data), 0)) < 0)
                        err(1, "%s", server);
                times[i] = (now() - start) * 1000;
                if (answer_check(data, (size_t) n, q) != (uint16_t) i)
                        errx(1, "%s: an answer to another question", server);
        }
        (void) close(fd);
}

static void report(const char *what, double ours, double theirs, const char *unit) {
        (void) printf("DNS, %d names, %s (beside dnsmasq)\t%.1f\t%.1f\t%.2f\t%s\n", NAMES, what, ours, theirs,
                      ours / theirs, unit);
        (void) fflush(stdout);
}

static void measure(const char *ours, const char *kind, struct question q) {
        static double rates[2][ROUNDS], times[2][ROUNDS * SINGLE];
        const char *const servers[] = {ours, PLAIN_SERVER};
        char text[64];

        for (size_t i = 0; i < ROUNDS; i++)
                for (size_t turn = 0; turn < 2; turn++) {
                        size_t who = (i + turn) % 2; /* who is first changes */

                        rates[who][i] = flood(servers[who], q);
                        ask_singly(servers[who], q, times[who] + i * SINGLE);
                }
        (void) snprintf(text, sizeof(text), "%s: answers", kind);
        report(text, median(rates[0], ROUNDS), median(rates[1], ROUNDS), "1/s");
        (void) snprintf(text, sizeof(text), "%s: one question, median", kind);
        report(text, median(times[0], ROUNDS * SINGLE), median(times[1], ROUNDS * SINGLE), "µs");
        (void) snprintf(text, sizeof(text), "%s: one question, 99 of 100 within", kind);
        report(text, quantile(times[0], ROUNDS * SINGLE, 0.99), quantile(times[1], ROUNDS * SINGLE, 0.99), "µs");
}

static void run(const char *command) {
        if (system(command) != 0)
                errx(1, "%s", command);
}

static pid_t dnsmasq_start(void) {
        pid_t pid = fork();

        if (pid != 0)
                return pid;
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("dnsmasq", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
               "--addn-hosts=" HOSTS, "--local=/internal/", "--bind-interfaces", "--listen-address=" PLAIN_SERVER,
               "--except-interface=lo", "--user=root", "--pid-file=/run/dnsmasq.pid", (char *) NULL);
        err(1, "dnsmasq");
}

/* Names resolve from Attach on, so that none of them needs a link. */
static void attach_all(void) {
        _cleanup_(buffer_clear) struct buffer hosts = BUFFER_INIT;
        char v4[ADDRESS_TEXT_MAX], v6[ADDRESS_TEXT_MAX];

        for (unsigned i = 0; i < NAMES; i++) {
                _cleanup_(container_clear) struct container c = CONTAINER_INIT;
                _cleanup_(network_clear) struct network n = NETWORK_INIT;
                _cleanup_(freep) char *name = format("n%u", i);
                struct error e = ERROR_INIT;

                daemon_call("Attach", name);
                check(store_load_network(name, &c, &n, &e), name, &e);
                buffer_append_format(&hosts, "%s %s.internal %s\n%s %s.internal %s\n",
                                     address_format(&n.container_v4.address, v4), name, name,
                                     address_format(&n.container_v6.address, v6), name, name);
        }
        check(file_write_atomic(HOSTS, buffer_text(&hosts), hosts.size, 0644, false), HOSTS, NULL);
}

/* The guest, with a pair to the daemon's host side and one to dnsmasq's. Returns the daemon's address on the first. */
static const char *guest_make(void) {
        static char server[ADDRESS_TEXT_MAX];
        int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), guest;
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        _cleanup_(freep) char *path = NULL, *pair = NULL;
        struct error e = ERROR_INIT;
        json_t *reply = NULL;

        if (own < 0 || unshare(CLONE_NEWNET) < 0 || (guest = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) < 0 ||
            setns(own, CLONE_NEWNET) < 0)
                err(1, "a network namespace");
        path = format("/proc/%d/fd/%d", (int) getpid(), guest);
        check(netd_call("AttachNamespace",
                        json_pack("{s:s,s:s,s:s}", "name", "guest", "namespacePath", path, "link", "host0"), -1, NULL,
                        &e),
              "AttachNamespace", &e);
        check(netd_call("Ping", NULL, -1, &reply, &e), "Ping", &e);
        pair = format("ip link add plain0 type veth peer name plain netns %d",
                      (int) json_integer_value(json_object_get(reply, "pid")));
        json_decref(reply);
        check(store_load_network("guest", &c, &n, &e), "guest", &e);
        (void) address_format(&n.host_v4.address, server);

        if (setns(guest, CLONE_NEWNET) < 0)
                err(1, "setns");
        run(pair);
        run("ip addr add 192.0.2.2/24 dev plain0 && ip link set plain0 up");
        if (setns(own, CLONE_NEWNET) < 0)
                err(1, "setns");
        run("ip addr add " PLAIN_SERVER "/24 dev plain && ip link set plain up");
        (void) dnsmasq_start();
        if (setns(guest, CLONE_NEWNET) < 0)
                err(1, "setns");
        run("until dig +short +time=1 +tries=1 @" PLAIN_SERVER " n7.internal | grep -q .; do sleep 0.1; done");
        return server;
}

int main(void) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        struct error e = ERROR_INIT;
        const char *server;

        daemon_prepare();
        check(allocations_load(&a, &e), "allocations", &e);
        for (unsigned i = 0; i < NAMES; i++) {
                _cleanup_(freep) char *name = format("n%u", i);

                container_define(a, name, 10000 + i);
        }
        container_define(a, "guest", 9999);
        check(allocations_save(a, &e), "allocations", &e);
        check(netd_ensure(&e), "netd", &e);
        attach_all();
        server = guest_make();
        measure(server, "A", (struct question){TYPE_A});
        measure(server, "AAAA", (struct question){TYPE_AAAA});
        measure(server, "unknown", (struct question){0});
        return 0;
}
