/* What the keys of a nixos-container's conf mean, each by itself: a table of keys. */
#include "conf_keys.h"

#include "base/file.h"
#include "base/parse.h"
#include "reading.h"

#include <errno.h>
#include <string.h>

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
        return *ret ? NULL : reading_no_memory(r);
}

static const char *read_path(struct reading *r, const char *value, char **ret) {
        if (*value && (*value != '/' || strstr(value, "/../")))
                return "expected an absolute path without '..'";
        return read_string(r, value, ret);
}

static const char *add_interface(struct reading *r, const char *word) {
        return reading_check_link(word) ?: reading_add(r, &r->c->interfaces, word);
}

static const char *add_macvlan(struct reading *r, const char *word) {
        return reading_check_link(word) ?: reading_add(r, &r->c->macvlans, word);
}

static const char *add_flag(struct reading *r, const char *word) {
        if (!r->c->extra_flags && *word != '-')
                return "expected options of systemd-nspawn, which begin with '-'";
        /* Their devices are allowed, as those of any bind mount are. */
        if (string_starts_with(word, "--bind=/")) {
                const char *problem = reading_add(r, &r->c->bind_mounts, word + strlen("--bind="));

                if (problem)
                        return problem;
        }
        return reading_add(r, &r->c->extra_flags, word);
}

static const char *read_forwards(struct reading *r, const char *value) {
        _cleanup_(freep) char *copy = strdup(value);
        const char *problem = NULL;

        if (!copy)
                return reading_no_memory(r);
        for (char *rest = copy, *word; *value && !problem && (word = strsep(&rest, ","));)
                problem = reading_add_forward(r, word);
        return problem;
}

/* "hostBridge=br1", "localAddress=192.168.1.100/24" */
static const char *read_end_option(struct reading *r, struct end *end, char *word) {
        char *value = strchr(word, '=');

        if (!value)
                return reading_end(r, end, word, "");
        *value++ = '\0';
        return reading_end(r, end, word, value);
}

static const char *add_extra_veth(struct reading *r, const char *word) {
        size_t n = strcspn(word, ",");
        _cleanup_(freep) char *options = strdup(word + n);
        struct extra_veth *v;
        const char *problem = options ? reading_add_extra_veth(r, word, n, &v) : reading_no_memory(r);

        for (char *rest = options, *option; !problem && (option = strsep(&rest, ","));)
                if (*option)
                        problem = read_end_option(r, &v->end, option);
        return problem;
}

static const char *add_device(struct reading *r, const char *word) {
        const char *colon = strchr(word, ':');

        if (*word != '/' || !colon || !colon[1] || strspn(colon + 1, "rwm") != strlen(colon + 1))
                return "expected devices such as /dev/fuse:rw, separated by blanks; r, w and m are reading, writing "
                       "and "
                       "mknod";
        return reading_add(r, &r->c->allowed_devices, word);
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
        return reading_address(value, AF_INET, &r->c->end.host_v4);
}

static const char *read_host_address6(struct reading *r, const char *value) {
        return reading_address(value, AF_INET6, &r->c->end.host_v6);
}

static const char *read_local_address(struct reading *r, const char *value) {
        return reading_address(value, AF_INET, &r->c->end.local_v4);
}

static const char *read_local_address6(struct reading *r, const char *value) {
        return reading_address(value, AF_INET6, &r->c->end.local_v6);
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
        return reading_bridge(r, value, &r->c->end.bridge);
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
        return reading_words(r, value, add_interface);
}

static const char *read_macvlans(struct reading *r, const char *value) {
        return reading_words(r, value, add_macvlan);
}

static const char *read_extra_veths(struct reading *r, const char *value) {
        return reading_words(r, value, add_extra_veth);
}

static const char *read_allowed_devices(struct reading *r, const char *value) {
        return reading_words(r, value, add_device);
}

static const char *read_extra_flags(struct reading *r, const char *value) {
        return reading_words(r, value, add_flag);
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
        {"ALLOWED_DEVICES", read_allowed_devices},
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
