/* What the keys of a nixos-container's conf mean, each by itself: a table of keys. */
#include "conf_keys.h"

#include "base/file.h"
#include "base/parse.h"
#include "model/names.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#define WORD_BREAKS " \t\n"

/* Readers return why a value is refused (static text), or NULL. */
struct reading {
        struct container *c;
        bool memory; /* there was not enough */
};

static const char *no_memory(struct reading *r) {
        r->memory = true;
        return "not enough memory";
}

static const char *read_switch(const char *value, bool *ret) {
        if (strcmp(value, "1") != 0 && strcmp(value, "0") != 0 && *value)
                return "expected 1, 0 or nothing";
        *ret = strcmp(value, "1") == 0;
        return NULL;
}

static const char *read_string(struct reading *r, const char *value, char **ret) {
        if (!*value)
                return NULL;
        *ret = strdup(value);
        return *ret ? NULL : no_memory(r);
}

static const char *read_path(struct reading *r, const char *value, char **ret) {
        if (*value && (*value != '/' || strstr(value, "/../")))
                return "expected an absolute path without '..'";
        return read_string(r, value, ret);
}

static bool is_link_name(const char *s, size_t n) {
        if (n == 0 || n >= IFNAMSIZ || (n == 1 && *s == '.') || (n == 2 && strncmp(s, "..", 2) == 0))
                return false;
        for (size_t i = 0; i < n; i++)
                if (s[i] <= ' ' || s[i] == '/' || s[i] == ':' || s[i] == 0x7f || (unsigned char) s[i] >= 0x80)
                        return false;
        return true;
}

static const char *read_address(const char *value, int family, struct prefix *ret) {
        struct prefix p;

        if (!*value)
                return NULL;
        if (prefix_parse(value, true, &p) < 0 || p.address.family != family || p.length == 0 ||
            address_is_multicast(&p.address) || address_is_loopback(&p.address))
                return family == AF_INET
                               ? "expected an IPv4 address such as 10.233.1.1, with a length such as /24 or none"
                               : "expected an IPv6 address such as fd00::1, with a length such as /64 or none";
        *ret = p;
        return NULL;
}

/* each: takes one word (of n characters). */
static const char *read_words(struct reading *r, const char *value,
                              const char *(*each)(struct reading *r, const char *word)) {
        _cleanup_(freep) char *copy = strdup(value);
        const char *problem = NULL;

        if (!copy)
                return no_memory(r);
        for (char *rest = copy, *word; !problem && (word = strsep(&rest, WORD_BREAKS));)
                if (*word)
                        problem = each(r, word);
        return problem;
}

static const char *list_add(struct reading *r, char ***list, const char *word) {
        size_t n = 0;
        char **grown;

        for (char **p = *list; p && *p; p++)
                n++;
        grown = reallocarray(*list, n + 2, sizeof *grown);
        if (!grown)
                return no_memory(r);
        *list = grown;
        grown[n] = strdup(word);
        grown[n + 1] = NULL;
        return grown[n] ? NULL : no_memory(r);
}

static const char *check_interface(const char *word) {
        size_t n = strcspn(word, ":");

        if (!is_link_name(word, n) || (word[n] && !is_link_name(word + n + 1, strlen(word + n + 1))))
                return "expected names of links, IF or IF:NAME";
        return NULL;
}

static const char *add_interface(struct reading *r, const char *word) {
        return check_interface(word) ?: list_add(r, &r->c->interfaces, word);
}

static const char *add_macvlan(struct reading *r, const char *word) {
        return check_interface(word) ?: list_add(r, &r->c->macvlans, word);
}

static const char *add_flag(struct reading *r, const char *word) {
        if (!r->c->extra_flags && *word != '-')
                return "expected options of systemd-nspawn, which begin with '-'";
        /* Their devices are allowed, as those of any bind mount are. */
        if (string_starts_with(word, "--bind=/")) {
                const char *problem = list_add(r, &r->c->bind_mounts, word + strlen("--bind="));

                if (problem)
                        return problem;
        }
        return list_add(r, &r->c->extra_flags, word);
}

/* "[tcp:|udp:]HOST[:CONTAINER]", as systemd-nspawn has --port=. */
static const char *add_forward(struct reading *r, const char *word) {
        struct forward f = {.protocol = PROTOCOL_TCP, .count = 1}, *grown;
        _cleanup_(freep) char *copy = NULL;
        char *colon;

        if (string_starts_with(word, "udp:"))
                f.protocol = PROTOCOL_UDP;
        if (string_starts_with(word, "udp:") || string_starts_with(word, "tcp:"))
                word += 4;
        copy = strdup(word);
        if (!copy)
                return no_memory(r);
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
                return no_memory(r);
        r->c->forwards = grown;
        grown[r->c->n_forwards++] = f;
        return NULL;
}

static const char *read_forwards(struct reading *r, const char *value) {
        _cleanup_(freep) char *copy = strdup(value);
        const char *problem = NULL;

        if (!copy)
                return no_memory(r);
        for (char *rest = copy, *word; *value && !problem && (word = strsep(&rest, ","));)
                problem = add_forward(r, word);
        return problem;
}

static const char *read_bridge(struct reading *r, const char *value, char **ret) {
        if (*value && !is_link_name(value, strlen(value)))
                return "expected the name of a bridge";
        return read_string(r, value, ret);
}

/* "hostBridge=br1", "localAddress=192.168.1.100/24" */
static const char *read_end_option(struct reading *r, struct end *end, const char *word) {
        static const char unknown[] = "expected NAME and then, after commas, hostBridge=, hostAddress=, hostAddress6=, "
                                      "localAddress= or localAddress6=";
        const char *value = strchr(word, '=');
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

        if (!value)
                return unknown;
        if (string_starts_with(word, "hostBridge="))
                return end->bridge ? "two bridges of one link" : read_bridge(r, value + 1, &end->bridge);
        for (size_t i = 0; i < ELEMENTS_OF(addresses); i++)
                if (strlen(addresses[i].name) == (size_t) (value - word) && string_starts_with(word, addresses[i].name))
                        return read_address(value + 1, addresses[i].family, addresses[i].address);
        return unknown;
}

static const char *add_extra_veth(struct reading *r, const char *word) {
        struct container *c = r->c;
        size_t n = strcspn(word, ",");
        struct extra_veth *grown;
        _cleanup_(freep) char *options = strdup(word + n);
        const char *problem = NULL;

        if (c->n_extra_veths == EXTRA_VETHS_MAX)
                return "more than 8 links";
        if (!is_link_name(word, n))
                return "expected a name of a link, of at most 15 characters, first";
        grown = reallocarray(c->extra_veths, c->n_extra_veths + 1, sizeof *grown);
        if (!grown || !options)
                return no_memory(r);
        c->extra_veths = grown;
        grown[c->n_extra_veths] = (struct extra_veth){.name = strndup(word, n)};
        c->n_extra_veths++;
        if (!grown[c->n_extra_veths - 1].name)
                return no_memory(r);
        for (size_t i = 0; i + 1 < c->n_extra_veths; i++)
                if (string_equal(grown[i].name, grown[c->n_extra_veths - 1].name))
                        return "two links of one name";
        for (char *rest = options, *option; !problem && (option = strsep(&rest, ","));)
                if (*option)
                        problem = read_end_option(r, &grown[c->n_extra_veths - 1].end, option);
        return problem;
}

static const char *read_private_network(struct reading *r, const char *value) {
        return read_switch(value, &r->c->private_network);
}

static const char *read_auto_start(struct reading *r, const char *value) {
        return read_switch(value, &r->c->auto_start);
}

static const char *read_copy_resolver(struct reading *r, const char *value) {
        return read_switch(value, &r->c->copy_resolver);
}

static const char *read_ephemeral(struct reading *r, const char *value) {
        return read_switch(value, &r->c->ephemeral);
}

static const char *read_host_address(struct reading *r, const char *value) {
        return read_address(value, AF_INET, &r->c->end.host_v4);
}

static const char *read_host_address6(struct reading *r, const char *value) {
        return read_address(value, AF_INET6, &r->c->end.host_v6);
}

static const char *read_local_address(struct reading *r, const char *value) {
        return read_address(value, AF_INET, &r->c->end.local_v4);
}

static const char *read_local_address6(struct reading *r, const char *value) {
        return read_address(value, AF_INET6, &r->c->end.local_v6);
}

static const char *read_local_mac(struct reading *r, const char *value) {
        if (!*value)
                return NULL;
        if (mac_parse(value, &r->c->end.mac) < 0 || (r->c->end.mac.bytes[0] & 1))
                return "expected a hardware address of one link, such as 02:00:00:00:00:01";
        r->c->end.has_mac = true;
        return NULL;
}

static const char *read_host_bridge(struct reading *r, const char *value) {
        return read_bridge(r, value, &r->c->end.bridge);
}

static const char *read_namespace(struct reading *r, const char *value) {
        return read_path(r, value, &r->c->network_namespace);
}

static const char *read_system_path(struct reading *r, const char *value) {
        return read_path(r, value, &r->c->system_path);
}

static const char *read_private_users(struct reading *r, const char *value) {
        if (strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789:") != strlen(value))
                return "expected no, yes, pick, identity, or numbers, as --private-users= has them";
        r->c->user_namespacing = *value && strcmp(value, "no") != 0;
        return read_string(r, value, &r->c->private_users);
}

static const char *read_interfaces(struct reading *r, const char *value) {
        return read_words(r, value, add_interface);
}

static const char *read_macvlans(struct reading *r, const char *value) {
        return read_words(r, value, add_macvlan);
}

static const char *read_extra_veths(struct reading *r, const char *value) {
        return read_words(r, value, add_extra_veth);
}

static const char *read_extra_flags(struct reading *r, const char *value) {
        return read_words(r, value, add_flag);
}

static const char *read_timeout(struct reading *r, const char *value) {
        if (!*value)
                return NULL;
        if (parse_timespan(value, &r->c->timeout_start_usec) < 0)
                return "expected a time span such as 90s, 2min or infinity";
        if (r->c->timeout_start_usec == 0)
                r->c->timeout_start_usec = UINT64_MAX;
        return NULL;
}

static const struct {
        const char *key;
        const char *(*read)(struct reading *r, const char *value);
} keys[] = {
        {"AUTO_START", read_auto_start},
        {"COPY_RESOLV_CONF", read_copy_resolver},
        {"EPHEMERAL", read_ephemeral},
        {"EXTRA_NSPAWN_FLAGS", read_extra_flags},
        {"EXTRA_VETHS", read_extra_veths},
        {"HOST_ADDRESS", read_host_address},
        {"HOST_ADDRESS6", read_host_address6},
        {"HOST_BRIDGE", read_host_bridge},
        {"HOST_PORT", read_forwards},
        {"INTERFACES", read_interfaces},
        {"LOCAL_ADDRESS", read_local_address},
        {"LOCAL_ADDRESS6", read_local_address6},
        {"LOCAL_MAC_ADDRESS", read_local_mac},
        {"MACVLANS", read_macvlans},
        {"NETWORK_NAMESPACE_PATH", read_namespace},
        {"PRIVATE_NETWORK", read_private_network},
        {"PRIVATE_USERS", read_private_users},
        {"SYSTEM_PATH", read_system_path},
        {"TIMEOUT_START_SEC", read_timeout},
};

int conf_read_key(struct container *c, const char *key, const char *value, const char **ret_problem) {
        struct reading r = {.c = c};

        *ret_problem = NULL;
        for (size_t i = 0; i < ELEMENTS_OF(keys); i++)
                if (string_equal(keys[i].key, key)) {
                        *ret_problem = keys[i].read(&r, value);
                        return r.memory ? -ENOMEM : *ret_problem ? -EINVAL : 0;
                }
        return 0;
}
