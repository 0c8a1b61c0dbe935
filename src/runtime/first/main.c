/* nspawn-first: the first process of a container. It completes the network, then becomes the real init.
 *
 *     nspawn-first INIT [ARGUMENT...]
 *     nspawn-first --boot [ARGUMENT...]
 *     nspawn-first --program [PROGRAM [ARGUMENT...]]
 *
 * The latter two are systemd-nspawn's own ways: the first init that there is, and a program by its name or a shell.
 *
 * systemd-nspawn has made host0 and given this process CAP_NET_ADMIN over its network namespace. Whatever goes wrong
 * here is said on the console, and the init is run all the same: a container without its network can still be
 * looked into. */
#include "base/paths.h"
#include "first.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static _printf_(1, 2) void complain(const char *fmt, ...) {
        char line[512];
        int n = snprintf(line, sizeof line, "nspawn-first: ");
        va_list ap;

        va_start(ap, fmt);
        int m = vsnprintf(line + n, sizeof line - (size_t) n - 1, fmt, ap);
        va_end(ap);
        n = m < 0 ? n : n + m;
        if ((size_t) n > sizeof line - 2)
                n = (int) sizeof line - 2;
        line[n++] = '\n';
        if (write(STDERR_FILENO, line, (size_t) n) < 0)
                return; /* there is nobody left to tell */
}

static uint64_t now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000 + (uint64_t) t.tv_nsec / 1000000;
}

static int network_read(struct first_file *ret) {
        char text[FIRST_FILE_MAX + 1];
        size_t size = 0;
        unsigned line;
        const char *problem;
        int fd = open(PATH_GUEST_NETWORK, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0) {
                complain("Cannot open %s: %s; the network stays unconfigured", PATH_GUEST_NETWORK, strerror(errno));
                return -ENOENT;
        }
        for (;;) {
                ssize_t n = read(fd, text + size, sizeof text - size);

                if (n <= 0)
                        break;
                size += (size_t) n;
        }
        close(fd);
        if (size > FIRST_FILE_MAX) {
                complain("%s is larger than %d bytes; the network stays unconfigured", PATH_GUEST_NETWORK,
                         FIRST_FILE_MAX);
                return -EFBIG;
        }
        text[size] = '\0';
        if (memchr(text, '\0', size)) {
                complain("%s is not text; the network stays unconfigured", PATH_GUEST_NETWORK);
                return -EINVAL;
        }
        if (first_parse(text, ret, &line, &problem) < 0) {
                ret->n = 0;
                complain("%s, line %u: %s; the network stays unconfigured", PATH_GUEST_NETWORK, line, problem);
                return -EINVAL;
        }
        return 0;
}

/* Sends the whole batch and takes one acknowledgement for each request. */
static void batch_send(int fd, const struct batch *b) {
        unsigned answered = 0;

        if (b->overflow) {
                complain("The network has more parts than fit into one request; it stays unconfigured");
                return;
        }
        if (send(fd, b->data, b->size, 0) < 0) {
                complain("Cannot send the network configuration to the kernel: %s", strerror(errno));
                return;
        }
        while (answered < b->n) {
                uint8_t reply[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
                struct sockaddr_nl from;
                socklen_t from_size = sizeof from;
                ssize_t n = recvfrom(fd, reply, sizeof reply, 0, (struct sockaddr *) &from, &from_size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        complain("The kernel did not answer a network request: %s", strerror(errno));
                        return;
                }
                if (from.nl_pid != 0)
                        continue;
                size_t left = (size_t) n;
                for (struct nlmsghdr *m = (struct nlmsghdr *) reply; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
                        const struct nlmsgerr *e = NLMSG_DATA(m);

                        if (m->nlmsg_type != NLMSG_ERROR || m->nlmsg_len < NLMSG_LENGTH(sizeof *e) ||
                            m->nlmsg_seq == 0 || m->nlmsg_seq > b->n)
                                continue;
                        answered++;
                        if (e->error)
                                complain("Cannot %s: %s", b->what[m->nlmsg_seq], strerror(-e->error));
                }
        }
}

static int netlink_open(uint32_t groups) {
        struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

        if (fd >= 0 && bind(fd, (struct sockaddr *) &address, sizeof address) < 0) {
                close(fd);
                fd = -1;
        }
        if (fd < 0)
                complain("Cannot open a netlink socket: %s", strerror(errno));
        return fd;
}

/* Asks for the state of the link; the answer comes like a notification. */
static void ask_for_link(int fd, int link) {
        struct {
                struct nlmsghdr header;
                struct ifinfomsg body;
        } request = {
                .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST},
                .body = {.ifi_index = link},
        };

        (void) send(fd, &request, sizeof request, 0);
}

/* Looks through what arrived for news of the link. The carrier bit (IFF_LOWER_UP) is there a moment before the kernel's
 * link watch has given the link its queue: what is sent in between is dropped. IFF_RUNNING follows that. */
static bool carrier_seen(uint8_t *data, size_t size, int link) {
        const unsigned ready = IFF_LOWER_UP | IFF_RUNNING;

        for (struct nlmsghdr *m = (struct nlmsghdr *) data; NLMSG_OK(m, size); m = NLMSG_NEXT(m, size)) {
                const struct ifinfomsg *i = NLMSG_DATA(m);

                if (m->nlmsg_type == RTM_NEWLINK && m->nlmsg_len >= NLMSG_LENGTH(sizeof *i) && i->ifi_index == link &&
                    (i->ifi_flags & ready) == ready)
                        return true;
        }
        return false;
}

/* The host raises its end last, so carrier means that the host's side is complete. */
static void carrier_wait(int fd, const struct first_network *n, int link) {
        uint64_t end = now_ms() + n->deadline_ms;

        ask_for_link(fd, link);
        for (;;) {
                uint8_t data[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
                struct pollfd p = {.fd = fd, .events = POLLIN};
                uint64_t now = now_ms();
                int r = poll(&p, 1, now >= end ? 0 : (int) (end - now));

                if (r == 0) {
                        complain("The host did not raise its side of %s within %u ms; going on without it. Look at "
                                 "what nspawn-netd says on the host",
                                 n->link, n->deadline_ms);
                        return;
                }
                ssize_t size = r < 0 ? -1 : recv(fd, data, sizeof data, MSG_DONTWAIT);
                if (size < 0) {
                        if (errno == ENOBUFS) /* notifications were lost: ask */
                                ask_for_link(fd, link);
                        else if (errno != EINTR && errno != EAGAIN) {
                                complain("Cannot wait for %s: %s", n->link, strerror(errno));
                                return;
                        }
                        continue;
                }
                if (carrier_seen(data, (size_t) size, link))
                        return;
        }
}

/* Of a link, and a key of at most SYSCTL_KEY_MAX characters. */
#define SYSCTL_V6      "/proc/sys/net/ipv6/conf/%s/%s"
#define SYSCTL_KEY_MAX 32

static void sysctl_write(const char *link, const char *key, const char *value, const char *otherwise) {
        char path[sizeof SYSCTL_V6 + IFNAMSIZ + SYSCTL_KEY_MAX];

        (void) snprintf(path, sizeof path, SYSCTL_V6, link, key);
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, value, strlen(value)) < 0)
                complain("Cannot write %s: %s; %s", path, strerror(errno), otherwise);
        if (fd >= 0)
                close(fd);
}

static bool has_networkd(const char *init) {
        static const char *const wants[] = {
                "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
                "/usr/lib/systemd/system/multi-user.target.wants/systemd-networkd.service",
                "/usr/lib/systemd/system/sysinit.target.wants/systemd-networkd.service",
        };

        for (size_t i = 0; i < ELEMENTS_OF(wants); i++)
                if (faccessat(AT_FDCWD, wants[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        return true;
        /* NixOS makes its /etc later; those that this project runs have networkd. */
        return strncmp(init, "/nix/", 5) == 0;
}

/* Addresses stay when the link goes down, as IPv4's do: not everybody in here would give them back.
 *
 * The default route is static. One that the kernel takes from router advertisements comes beside it, and brings it back
 * after the link was down. Only a systemd-networkd brings it back itself, and would at its start take away what is not
 * in its file; a link-local address, too, where the kernel makes those. */
static void sysctls_write(const struct first_network *n, bool networkd) {
        bool v6 = false;

        for (size_t i = 0; i < n->n_gateways; i++)
                v6 = v6 || n->gateways[i].family == AF_INET6;
        if (!v6)
                return;
        sysctl_write(n->link, "keep_addr_on_down", "1", "IPv6 addresses go when the link goes down");
        if (networkd)
                sysctl_write(n->link, "accept_ra_defrtr", "0",
                             "a second default route may come from router advertisements");
}

/* What a systemd-networkd in here is to find: the same network, declared. In /run, so that a file of that name in the
 * guest's own /etc wins, and nothing of it outlives this boot. */
static void declaration_link(void) {
        static const char link[] = "/run/systemd/network/20-host0.network";

        if (access(PATH_GUEST_NETWORKD, R_OK) < 0)
                return;
        if ((mkdir("/run/systemd", 0755) < 0 && errno != EEXIST) ||
            (mkdir("/run/systemd/network", 0755) < 0 && errno != EEXIST) ||
            (symlink(PATH_GUEST_NETWORKD, link) < 0 && errno != EEXIST))
                complain("Cannot make %s: %s; a systemd-networkd in here will ask for addresses by DHCP", link,
                         strerror(errno));
}

static bool has_v6(const struct first_network *n) {
        for (size_t i = 0; i < n->n_addresses; i++)
                if (n->addresses[i].address.family == AF_INET6)
                        return true;
        return false;
}

static void autoconf_write(int link, const char *value) {
        char name[IFNAMSIZ];

        if (if_indextoname((unsigned) link, name)) /* the batch may have renamed it */
                sysctl_write(name, "autoconf", value, "an address may take two seconds to be there");
}

/* A router's advertisement may come between the link and its addresses: the kernel would make one of them itself, and
 * hold it back until it has probed for it. False where the kernel makes none anyway. */
static bool autoconf_stop(const struct first_network *n, int link) {
        char path[sizeof SYSCTL_V6 + IFNAMSIZ + SYSCTL_KEY_MAX], value = '0';
        int fd;

        (void) snprintf(path, sizeof path, SYSCTL_V6, n->link, "autoconf");
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, &value, 1) < 1)
                value = '0';
        if (fd >= 0)
                close(fd);
        if (value == '0')
                return false;
        autoconf_write(link, "0");
        return true;
}

/* Returns the link's index, 0 when it is not there. */
static int link_configure(int fd, const struct first_network *n, int loopback, bool networkd) {
        static struct batch batch;
        int link = (int) if_nametoindex(n->link);
        bool v6 = link > 0 && has_v6(n);

        if (link <= 0)
                complain("There is no link %s here; it stays unconfigured", n->link);
        else
                sysctls_write(n, networkd);
        v6 = v6 && autoconf_stop(n, link);
        batch_fill(&batch, n, link, loopback, !networkd);
        batch_send(fd, &batch);
        if (v6)
                autoconf_write(link, "1");
        return link;
}

static void tell_neighbours(const struct first_network *n, int link) {
        int r = n->shared ? announce(n, link) : 0;

        if (r < 0)
                complain("Cannot announce the addresses of %s: %s; who knew somebody else by them may need ten seconds "
                         "to find this container",
                         n->link, strerror(-r));
}

static void network_configure(bool networkd) {
        static const struct first_network none;
        static struct batch batch;
        static struct first_file f;
        int links[FIRST_LINKS_MAX] = {0};
        int fd = netlink_open(0), loopback = (int) if_nametoindex("lo"), events = -1;

        if (fd < 0)
                return;
        if (network_read(&f) < 0) {
                batch_fill(&batch, &none, 0, loopback, false);
                batch_send(fd, &batch);
                f.n = 0;
        }
        for (size_t i = 0; i < f.n && events < 0; i++)
                if (f.links[i].deadline_ms > 0)
                        events = netlink_open(RTMGRP_LINK); /* before any link is up: no news is missed */
        for (size_t i = 0; i < f.n; i++)
                links[i] = link_configure(fd, &f.links[i], i == 0 ? loopback : 0, networkd);
        close(fd);
        for (size_t i = 0; i < f.n && events >= 0; i++)
                if (links[i] > 0 && f.links[i].deadline_ms > 0) {
                        carrier_wait(events, &f.links[i], links[i]);
                        tell_neighbours(&f.links[i], links[i]);
                }
        if (events >= 0)
                close(events);
}

static int run_init(char *argv[]) {
        static const char *const places[] = {"/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/sbin/init"};

        for (size_t i = 0; i < ELEMENTS_OF(places); i++) {
                argv[0] = (char *) places[i];
                execv(argv[0], argv);
                if (errno != ENOENT)
                        complain("Cannot run the init %s: %s", argv[0], strerror(errno));
        }
        complain("There is no init: neither /usr/lib/systemd/systemd nor /lib/systemd/systemd nor /sbin/init can be "
                 "run");
        return 127;
}

static int run_program(char *argv[]) {
        static char *const shell[] = {(char *) "/bin/sh", NULL};

        if (!argv[0])
                argv = (char **) shell;
        execvp(argv[0], argv);
        complain("Cannot run %s: %s", argv[0], strerror(errno));
        return 127;
}

int main(int argc, char *argv[]) {
        bool boot, program;

        if (argc < 2) {
                complain("Usage: %s INIT [ARGUMENT...]", argc > 0 ? argv[0] : "nspawn-first");
                return 2;
        }
        boot = !strcmp(argv[1], "--boot");
        program = !strcmp(argv[1], "--program");
        network_configure((!program || argv[2]) && has_networkd(program ? argv[2] : argv[1]));
        declaration_link();
        if (boot)
                return run_init(argv + 1);
        if (program)
                return run_program(argv + 2);
        execv(argv[1], argv + 1);
        complain("Cannot run the init %s: %s", argv[1], strerror(errno));
        return 127;
}
