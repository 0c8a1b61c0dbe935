/* Runs the responders alone, on links that a test made: no daemon, no firewall, no containers.
 *
 *     responders NAME:LINK:RANGE4:RANGE6... [--resolv-conf FILE] [--resolvers FOLDER] [--domain DOMAIN]
 *     responders --macs NAME
 *
 * RANGE4 10.233.0.0/28 gives the host its first address and the guest the second one, RANGE6 likewise; "-": none. MACs
 * are those that a container NAME has on a host with an all-zero machine id. Every NAME resolves. When it is ready it
 * says so. A line "remove LINK", "add LINK", "up LINK", "mtu LINK NUMBER", "domain LINK DOMAIN" (of all), "range LINK
 * RANGE4 RANGE6" or "memory LINK" on standard input does that, and is answered with "done" or the error; at the end of
 * its input it leaves. */
#include "netd/responders.h"
#include "base/log.h"
#include "base/parse.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define LINKS_MAX 4096

struct program {
        struct responders *responders;
        struct network *networks;
        size_t n;
        char line[256];
        size_t got;
};

static int lookup(void *userdata, const char *name, struct address ret[RESPONDER_ADDRESSES_MAX]) {
        struct program *p = userdata;
        int n = 0;

        for (size_t i = 0; i < p->n; i++) {
                if (strcmp(p->networks[i].name, name) != 0)
                        continue;
                if (p->networks[i].container_v4.address.family != AF_UNSPEC)
                        ret[n++] = p->networks[i].container_v4.address;
                if (p->networks[i].container_v6.address.family != AF_UNSPEC)
                        ret[n++] = p->networks[i].container_v6.address;
                ret[n++] = p->networks[i].container_link_local;
                return n;
        }
        return -ENOENT;
}

static int reverse(void *userdata, const struct address *a, char ret[CONTAINER_NAME_MAX + 1]) {
        struct program *p = userdata;

        for (size_t i = 0; i < p->n; i++)
                if (address_equal(a, &p->networks[i].container_v4.address) ||
                    address_equal(a, &p->networks[i].container_v6.address)) {
                        (void) strcpy(ret, p->networks[i].name);
                        return 0;
                }
        return -ENOENT;
}

/* NAME:LINK:RANGE4:RANGE6, whose last part has colons of its own. */
static int network_read(char *text, struct network *ret) {
        static const uint8_t machine_id[16];
        struct allocation a = {0};
        struct container c = CONTAINER_INIT;
        char *link, *v4, *v6;
        int r;

        c.name = strsep(&text, ":");
        link = strsep(&text, ":");
        v4 = strsep(&text, ":");
        v6 = text;
        if (!link || !v4 || !v6)
                return -EINVAL;
        if (strcmp(v4, "-") != 0 && prefix_parse(v4, false, &a.v4) < 0)
                return -EINVAL;
        if (strcmp(v6, "-") != 0 && prefix_parse(v6, false, &a.v6) < 0)
                return -EINVAL;
        r = network_compute(&c, &a, machine_id, ret);
        if (r < 0)
                return r;
        (void) snprintf(ret->link, sizeof(ret->link), "%s", link);
        return 0;
}

/* Bytes on the heap; AddressSanitizer replaces the allocator that mallinfo2() would know about. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
static size_t memory_used(void) {
        struct mallinfo2 m = mallinfo2();

        return &__sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
                                                        : m.uordblks + m.hblkhd;
}

/* Other addresses for the same container: "RANGE4 RANGE6". */
static int network_move(struct network *n, char *ranges) {
        static const uint8_t machine_id[16];
        struct container c = CONTAINER_INIT;
        struct allocation a = {0};
        struct network moved;
        char *v4 = strsep(&ranges, " ");
        int r;

        if (!ranges || prefix_parse(v4, false, &a.v4) < 0 || prefix_parse(ranges, false, &a.v6) < 0)
                return -EINVAL;
        c.name = n->name;
        r = network_compute(&c, &a, machine_id, &moved);
        if (r < 0)
                return r;
        memcpy(moved.link, n->link, sizeof(moved.link));
        *n = moved;
        return 0;
}

static struct network *network_find(struct program *p, const char *link) {
        for (size_t i = 0; i < p->n && link; i++)
                if (strcmp(p->networks[i].link, link) == 0)
                        return &p->networks[i];
        return NULL;
}

static void carry_out(struct program *p, char *line) {
        struct error e = ERROR_INIT;
        char *verb = strsep(&line, " ");
        char *link = strsep(&line, " ");
        struct network *n = network_find(p, link);
        int ifindex = link ? (int) if_nametoindex(link) : 0, r = -EINVAL;

        if (!n) {
                error_set(&e, EINVAL, 0, "no such link");
        } else if (strcmp(verb, "domain") == 0 && line) {
                r = responders_set_domain(p->responders, line);
        } else if (strcmp(verb, "remove") == 0) {
                r = responders_remove_link(p->responders, ifindex);
        } else if (strcmp(verb, "add") == 0) {
                r = responders_add_link(p->responders, n, ifindex, &e);
        } else if (strcmp(verb, "up") == 0) {
                responders_advertise(p->responders, ifindex);
                r = 0;
        } else if (strcmp(verb, "mtu") == 0 && line) {
                n->mtu = (uint32_t) atoi(line);
                r = responders_update_link(p->responders, n, ifindex, &e);
        } else if (strcmp(verb, "range") == 0 && line) {
                r = network_move(n, line);
                if (r >= 0)
                        r = responders_update_link(p->responders, n, ifindex, &e);
        } else if (strcmp(verb, "memory") == 0) {
                printf("%zu\n", memory_used());
                r = 0;
        }
        puts(r < 0 ? (e.message ? e.message : strerror(-r)) : "done");
        (void) fflush(stdout);
        error_clear(&e);
}

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct program *p = userdata;
        char *end;
        ssize_t n = read(fd, p->line + p->got, sizeof(p->line) - 1 - p->got);

        if (n <= 0)
                return sd_event_exit(sd_event_source_get_event(source), 0);
        p->got += (size_t) n;
        p->line[p->got] = '\0';
        while ((end = strchr(p->line, '\n'))) {
                *end++ = '\0';
                carry_out(p, p->line);
                p->got = strlen(end);
                memmove(p->line, end, p->got + 1);
        }
        return 0;
}

static int links_add(struct program *p) {
        for (size_t i = 0; i < p->n; i++) {
                struct error e = ERROR_INIT;

                if (responders_add_link(p->responders, &p->networks[i], (int) if_nametoindex(p->networks[i].link), &e) <
                    0) {
                        (void) fprintf(stderr, "responders: %s\n", error_message(&e));
                        error_clear(&e);
                        return -1;
                }
        }
        return 0;
}

static int print_macs(char *name) {
        static const uint8_t machine_id[16];
        struct mac host = link_mac(MAC_HOST, machine_id, name, 0), guest = link_mac(MAC_CONTAINER, machine_id, name, 0);
        struct address host_local = address_link_local(&host), guest_local = address_link_local(&guest);
        char host_text[MAC_TEXT_MAX], guest_text[MAC_TEXT_MAX], host_address[ADDRESS_TEXT_MAX],
                guest_address[ADDRESS_TEXT_MAX];

        printf("%s %s %s %s\n", mac_format(&host, host_text), address_format(&host_local, host_address),
               mac_format(&guest, guest_text), address_format(&guest_local, guest_address));
        return 0;
}

int main(int argc, char **argv) {
        static struct network networks[LINKS_MAX];
        struct program p = {.networks = networks};
        struct prefix owned[2];
        struct responder_options o = {.domain = "internal",
                                      .names = {.lookup = lookup, .reverse = reverse, .userdata = &p},
                                      .owned = owned,
                                      .n_owned = 2};
        struct error e = ERROR_INIT;
        sd_event *event = NULL;
        struct rlimit limit;
        int r;

        log_open("responders", LOG_DEBUG);
        if (argc == 3 && strcmp(argv[1], "--macs") == 0)
                return print_macs(argv[2]);
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                (void) setrlimit(RLIMIT_NOFILE, &limit);
        }
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "--resolv-conf") == 0 && i + 1 < argc) {
                        o.resolv_conf = argv[++i];
                } else if (strcmp(argv[i], "--resolvers") == 0 && i + 1 < argc) {
                        o.resolvers_folder = argv[++i];
                } else if (strcmp(argv[i], "--domain") == 0 && i + 1 < argc) {
                        o.domain = argv[++i];
                } else if (p.n == LINKS_MAX || network_read(argv[i], &networks[p.n]) < 0) {
                        (void) fprintf(stderr, "responders: '%s' is not NAME:LINK:RANGE4:RANGE6\n", argv[i]);
                        return 2;
                } else {
                        p.n++;
                }
        }
        if (prefix_parse("10.233.0.0/16", false, &owned[0]) < 0 ||
            prefix_parse("fd12:3456:789a::/48", false, &owned[1]) < 0 || sd_event_default(&event) < 0)
                return 1;
        if (responders_new(event, &o, &p.responders, &e) < 0) {
                (void) fprintf(stderr, "responders: %s\n", error_message(&e));
                return 1;
        }
        if (links_add(&p) < 0 || sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_input, &p) < 0)
                return 1;
        puts("ready");
        (void) fflush(stdout);
        r = sd_event_loop(event);
        responders_free(p.responders);
        sd_event_unref(event);
        return r < 0;
}
