/* What one element costs: a transaction that adds one to a set that has none, a thousand, ten thousand already. The
 * hash sets are ours; the interval set is systemd's masq_saddr. Then a range of ports, which is an element a port.
 * There is no floor: this is the kernel. Must run in a network namespace of its own. */
#include "firewall/firewall.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
        ROUNDS = 60,
};

static double now(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;
        return (x > y) - (x < y);
}

/* The i-th of a set: links with addresses, ranges that do not touch. */
static struct element element(enum element_set set, unsigned int i) {
        struct element e = {.set = set};
        char text[PREFIX_TEXT_MAX];
        if (set == SET_MASQUERADE_V6)
                snprintf(text, sizeof(text), "fd00:0:%x:%x::/64", i >> 15, (i << 1) & 0xffff);
        else
                snprintf(text, sizeof(text), "10.%u.%u.%u/%u", i >> 11 & 255, i >> 3 & 255, (i & 7) * 32,
                         set == SET_MASQUERADE_V4 ? 28 : 32);
        snprintf(e.link, sizeof(e.link), "ve-%u", i);
        if (prefix_parse(text, false, &e.prefix) < 0)
                errx(1, "%s", text);
        return e;
}

static double transaction(struct netlink *n, const struct element *e, size_t n_elements, enum firewall_verb verb) {
        static struct netlink_batch b;
        netlink_batch_reset(&b);
        firewall_begin(&b);
        for (size_t i = 0; i < n_elements; i++)
                firewall_element(&b, &e[i], verb);
        firewall_end(&b);
        double start = now();
        int r = netlink_send(n, &b, NULL, NULL, NULL);
        if (r < 0)
                errx(1, "transaction: %s", strerror(-r));
        return now() - start;
}

static void measure(struct netlink *n, enum element_set set, const char *what, unsigned int present) {
        double add[ROUNDS], drop[ROUNDS];
        for (unsigned int i = 0; i < ROUNDS; i++) {
                struct element e = element(set, 20000 + i * 7);
                add[i] = transaction(n, &e, 1, FIREWALL_ADD_NEW);
                drop[i] = transaction(n, &e, 1, FIREWALL_REMOVE);
                nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        }
        qsort(add, ROUNDS, sizeof(*add), compare);
        qsort(drop, ROUNDS, sizeof(*drop), compare);
        printf("add an element: %s, %u present\t%.3f\t-\t-\tms\n", what, present, add[ROUNDS / 2]);
        printf("remove an element: %s, %u present\t%.3f\t-\t-\tms\n", what, present, drop[ROUNDS / 2]);
}

int main(void) {
        static const struct {
                enum element_set set;
                const char *what;
        } sets[] = {{SET_SOURCE_V4, "hash (source_v4)"},
                    {SET_MASQUERADE_V4, "intervals (masq_saddr, IPv4)"},
                    {SET_MASQUERADE_V6, "intervals (masq_saddr, IPv6)"}};
        static const unsigned int sizes[] = {0, 1000, 10000};
        static struct element elements[10000];
        _cleanup_(netlink_closep) struct netlink *n = NULL;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        if (netlink_open(NETLINK_NETFILTER, -1, &n) < 0 || firewall_base_ensure(n, &e) < 0)
                errx(1, "%s", error_message(&e));
        for (size_t s = 0; s < ELEMENTS_OF(sets); s++) {
                unsigned int present = 0;
                for (size_t k = 0; k < ELEMENTS_OF(sizes); k++) {
                        unsigned int first = present;
                        for (; present < sizes[k]; present++)
                                elements[present] = element(sets[s].set, present);
                        if (present > first)
                                (void) transaction(n, elements + first, present - first, FIREWALL_ADD_NEW);
                        measure(n, sets[s].set, sets[s].what, present);
                }
        }
        struct element range = {.set = SET_FORWARD_V4, .protocol = 6, .port = 20000, .count = 10000, .to_port = 20000};
        if (address_parse("10.0.0.1", &range.to) < 0)
                errx(1, "address");
        double add = transaction(n, &range, 1, FIREWALL_ADD_NEW), drop = transaction(n, &range, 1, FIREWALL_REMOVE);
        printf("forward a range of 10000 ports\t%.3f\t-\t-\tms\n", add);
        printf("stop forwarding a range of 10000 ports\t%.3f\t-\t-\tms\n", drop);
        return 0;
}
