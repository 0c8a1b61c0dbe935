#include "reading.h"

#include "base/cleanup.h"
#include "base/parse.h"
#include "model/names.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BREAKS " \t\n"

const char *reading_no_memory(struct reading *r) {
        r->memory = true;
        return "not enough memory";
}

bool reading_is_link_name(const char *s, size_t n) {
        if (n == 0 || n >= IFNAMSIZ || (n == 1 && *s == '.') || (n == 2 && strncmp(s, "..", 2) == 0))
                return false;
        for (size_t i = 0; i < n; i++)
                /* The last two mean something in systemd's files. */
                if (s[i] <= ' ' || s[i] == 0x7f || (unsigned char) s[i] >= 0x80 || strchr("/:%\\", s[i]))
                        return false;
        return true;
}

/* each: takes one word (of n characters). */
const char *reading_words(struct reading *r, const char *value,
                          const char *(*each)(struct reading *r, const char *word)) {
        _cleanup_(freep) char *copy = strdup(value);
        const char *problem = NULL;

        if (!copy)
                return reading_no_memory(r);
        for (char *rest = copy, *word; !problem && (word = strsep(&rest, WORD_BREAKS));)
                if (*word)
                        problem = each(r, word);
        return problem;
}

const char *reading_add(struct reading *r, char ***list, const char *word) {
        size_t n = 0;
        char **grown;

        for (char **p = *list; p && *p; p++)
                n++;
        grown = reallocarray(*list, n + 2, sizeof *grown);
        if (!grown)
                return reading_no_memory(r);
        *list = grown;
        grown[n] = strdup(word);
        grown[n + 1] = NULL;
        return grown[n] ? NULL : reading_no_memory(r);
}

const char *reading_check_link(const char *word) {
        size_t n = strcspn(word, ":");

        if (!reading_is_link_name(word, n) || (word[n] && !reading_is_link_name(word + n + 1, strlen(word + n + 1))))
                return "expected names of links, IF or IF:NAME";
        return NULL;
}

/* "[tcp:|udp:]HOST[:CONTAINER]", as systemd-nspawn has --port=. */
const char *reading_add_forward(struct reading *r, const char *word) {
        struct forward f = {.protocol = PROTOCOL_TCP, .count = 1}, *grown;
        _cleanup_(freep) char *copy = NULL;
        char *colon;

        if (string_starts_with(word, "udp:"))
                f.protocol = PROTOCOL_UDP;
        if (string_starts_with(word, "udp:") || string_starts_with(word, "tcp:"))
                word += 4;
        copy = strdup(word);
        if (!copy)
                return reading_no_memory(r);
        colon = strchr(copy, ':');
        if (colon)
                *colon++ = '\0';
        if (parse_port(copy, &f.host_port) < 0 || parse_port(colon ?: copy, &f.container_port) < 0)
                return "expected forwards such as tcp:8080:80, separated by commas";
        for (size_t i = 0; i < r->c->n_forwards; i++)
                if (forward_conflicts(&r->c->forwards[i], &f))
                        return "a port of the host is forwarded twice";
        grown = reallocarray(r->c->forwards, r->c->n_forwards + 1, sizeof *grown);
        if (!grown)
                return reading_no_memory(r);
        r->c->forwards = grown;
        grown[r->c->n_forwards++] = f;
        return NULL;
}

const char *reading_add_extra_veth(struct reading *r, const char *name, size_t size, struct extra_veth **ret) {
        struct container *c = r->c;
        struct extra_veth *grown, *new;

        if (c->n_extra_veths == EXTRA_VETHS_MAX)
                return "more than 8 links";
        if (!reading_is_link_name(name, size))
                return "expected a name of a link, of at most 15 characters, first";
        grown = reallocarray(c->extra_veths, c->n_extra_veths + 1, sizeof *grown);
        if (!grown)
                return reading_no_memory(r);
        c->extra_veths = grown;
        new = &grown[c->n_extra_veths];
        *new = (struct extra_veth){.name = strndup(name, size)};
        if (!new->name)
                return reading_no_memory(r);
        c->n_extra_veths++;
        for (size_t i = 0; i + 1 < c->n_extra_veths; i++)
                if (string_equal(grown[i].name, new->name))
                        return "two links of one name";
        *ret = new;
        return NULL;
}

/* No address of a host's: 0.0.0.0/8, the broadcast address, ::. */
static bool is_nobody(const struct address *a) {
        static const uint8_t none[16] = {0}, all[4] = {255, 255, 255, 255};

        return a->family == AF_INET ? a->bytes[0] == 0 || memcmp(a->bytes, all, sizeof(all)) == 0
                                    : memcmp(a->bytes, none, sizeof(none)) == 0;
}

const char *reading_address(const char *value, int family, struct prefix *ret) {
        struct prefix p;

        if (!*value)
                return NULL;
        if (prefix_parse(value, true, &p) < 0 || p.address.family != family || p.length == 0 ||
            address_is_multicast(&p.address) || address_is_loopback(&p.address) || is_nobody(&p.address))
                return family == AF_INET
                               ? "expected an IPv4 address such as 10.233.1.1, with a length such as /24 or none"
                               : "expected an IPv6 address such as fd00::1, with a length such as /64 or none";
        *ret = p;
        return NULL;
}

const char *reading_bridge(struct reading *r, const char *value, char **ret) {
        if (!*value)
                return NULL;
        if (!reading_is_link_name(value, strlen(value)))
                return "expected the name of a bridge";
        if (link_zone(value))
                return "is the bridge of a zone, which only its members join; name another bridge";
        *ret = strdup(value);
        return *ret ? NULL : reading_no_memory(r);
}

const char *reading_end(struct reading *r, struct end *end, const char *key, const char *value) {
        const struct {
                const char *name;
                int family;
                struct prefix *address;
        } addresses[] = {
                {"hostAddress", AF_INET, &end->host_v4},
                {"hostAddress6", AF_INET6, &end->host_v6},
                {"localAddress", AF_INET, &end->local_v4},
                {"localAddress6", AF_INET6, &end->local_v6},
        };

        if (strcmp(key, "hostBridge") == 0)
                return end->bridge ? "two bridges of one link" : reading_bridge(r, value, &end->bridge);
        for (size_t i = 0; i < ELEMENTS_OF(addresses); i++)
                if (strcmp(addresses[i].name, key) == 0)
                        return reading_address(value, addresses[i].family, addresses[i].address);
        return "expected NAME and then, after commas, hostBridge=, hostAddress=, hostAddress6=, localAddress= or "
               "localAddress6=";
}
