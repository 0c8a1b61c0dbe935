#include "nspawn_settings.h"

#include "base/cleanup.h"
#include "base/parse.h"
#include "hand.h"
#include "unit_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void nspawn_settings_clear(struct nspawn_settings *s) {
        free(s->bridge);
        free(s->zone);
        *s = NSPAWN_SETTINGS_INIT;
}

static void list_clear(char ***list) {
        for (char **p = *list; p && *p; p++)
                free(*p);
        free(*list);
        *list = NULL;
}

static const char *read_switch(const char *value, int *ret) {
        bool b;

        if (parse_boolean(value, &b) < 0)
                return "expected yes or no";
        *ret = b;
        return NULL;
}

static const char *read_private(struct nspawn_settings *s, const char *value) {
        return read_switch(value, &s->private_network);
}

static const char *read_virtual_ethernet(struct nspawn_settings *s, const char *value) {
        return read_switch(value, &s->virtual_ethernet);
}

/* As often as one likes: the last one counts, an empty one is none. */
static const char *read_name(struct nspawn_settings *s, const char *value, char **ret) {
        freep(ret);
        if (!*value)
                return NULL;
        if (!reading_is_link_name(value, strlen(value)))
                return "expected a name of at most 15 characters, without blanks, '/' and ':'";
        *ret = strdup(value);
        return *ret ? NULL : reading_no_memory(&s->reading);
}

static const char *read_bridge(struct nspawn_settings *s, const char *value) {
        return read_name(s, value, &s->bridge);
}

static const char *read_zone(struct nspawn_settings *s, const char *value) {
        return strlen(value) > strlen("123456789012") ? "expected a name of at most 12 characters"
                                                      : read_name(s, value, &s->zone);
}

/* Words, behind those there are; an empty value drops them all. */
static const char *read_links(struct nspawn_settings *s, const char *value, char ***list,
                              const char *(*add)(struct reading *r, const char *word)) {
        if (!*value)
                list_clear(list);
        return reading_words(&s->reading, value, add);
}

static const char *add_interface(struct reading *r, const char *word) {
        return reading_check_link(word) ?: reading_add(r, &r->c->interfaces, word);
}

static const char *add_macvlan(struct reading *r, const char *word) {
        return reading_check_link(word) ?: reading_add(r, &r->c->macvlans, word);
}

static const char *add_ipvlan(struct reading *r, const char *word) {
        return reading_check_link(word) ?: reading_add(r, &r->c->ipvlans, word);
}

static const char *read_interface(struct nspawn_settings *s, const char *value) {
        return read_links(s, value, &s->reading.c->interfaces, add_interface);
}

static const char *read_macvlan(struct nspawn_settings *s, const char *value) {
        return read_links(s, value, &s->reading.c->macvlans, add_macvlan);
}

static const char *read_ipvlan(struct nspawn_settings *s, const char *value) {
        return read_links(s, value, &s->reading.c->ipvlans, add_ipvlan);
}

/* "NAME" at both ends, or "HOST:INSIDE" */
static const char *read_extra(struct nspawn_settings *s, const char *value) {
        size_t n = strcspn(value, ":");
        struct extra_veth *v;
        const char *problem = reading_check_link(value) ? "expected NAME, or HOST:INSIDE"
                                                        : reading_add_extra_veth(&s->reading, value, n, &v);

        if (problem || !value[n])
                return problem;
        v->inside = strdup(value + n + 1);
        return v->inside ? NULL : reading_no_memory(&s->reading);
}

static const char *read_port(struct nspawn_settings *s, const char *value) {
        if (s->source == NSPAWN_CONFIG)
                return "ports are forwarded by nixos-nspawn: use nixosContainer.forwardPorts";
        return reading_add_forward(&s->reading, value);
}

static const char *read_namespace(struct nspawn_settings *s, const char *value) {
        return "somebody else's network namespace is not supported here, and older systemd-nspawn would take the "
               "host's "
               "without a word; a nixos-container has networkNamespace";
}

static const char *own_ephemeral(const struct container *c) {
        return c->ephemeral ? "yes" : "no";
}

static const char *own_private_users(const struct container *c) {
        return c->user_namespacing ? "pick" : "no";
}

static const char *own_ownership(const struct container *c) {
        return c->user_namespacing ? "auto" : "chown";
}

#define OURS "nixos-nspawn sets this itself"

/* Those without any of the three are passed on. */
static const struct setting {
        const char *section, *key;
        const char *(*read)(struct nspawn_settings *s, const char *value); /* of [Network] */
        const char *(*own)(const struct container *c);                     /* what we write, where an option says it */
        const char *fixed;   /* what we write always; "": nothing is equal */
        const char *problem; /* for own and fixed */
} settings[] = {
        {"Exec", "AmbientCapability"},
        {"Exec", "Boot", .fixed = "no", .problem = OURS ": the first process completes the network and then boots"},
        {"Exec", "CPUAffinity"},
        {"Exec", "Capability"},
        {"Exec", "DropCapability"},
        {"Exec", "Environment"},
        {"Exec", "Ephemeral", .own = own_ephemeral, .problem = OURS ": use nixosContainer.ephemeral"},
        {"Exec", "Hostname"},
        {"Exec", "KillSignal", .fixed = "SIGRTMIN+3", .problem = OURS " to what stops a systemd"},
        {"Exec", "LimitAS"},
        {"Exec", "LimitCORE"},
        {"Exec", "LimitCPU"},
        {"Exec", "LimitDATA"},
        {"Exec", "LimitFSIZE"},
        {"Exec", "LimitLOCKS"},
        {"Exec", "LimitMEMLOCK"},
        {"Exec", "LimitMSGQUEUE"},
        {"Exec", "LimitNICE"},
        {"Exec", "LimitNOFILE"},
        {"Exec", "LimitNPROC"},
        {"Exec", "LimitRSS"},
        {"Exec", "LimitRTPRIO"},
        {"Exec", "LimitRTTIME"},
        {"Exec", "LimitSIGPENDING"},
        {"Exec", "LimitSTACK"},
        {"Exec", "LinkJournal", .fixed = "no", .problem = OURS ": 'nixos-nspawn logs' has the container's messages"},
        {"Exec", "MachineID"},
        {"Exec", "NoNewPrivileges"},
        {"Exec", "NotifyReady", .fixed = "yes", .problem = OURS ": a start waits for the container"},
        {"Exec", "OOMScoreAdjust"},
        {"Exec", "Parameters", .fixed = "", .problem = OURS ": the first process completes the network and then boots"},
        {"Exec", "Personality"},
        {"Exec", "PivotRoot", .fixed = "",
         .problem = "the root folder is the container's own, as nixos-nspawn made it"},
        {"Exec", "PrivateUsers", .own = own_private_users, .problem = OURS ": use nixosContainer.userNamespacing"},
        {"Exec", "ProcessTwo", .fixed = "no", .problem = "the container has an init of its own as its first process"},
        {"Exec", "ResolvConf", .fixed = "off", .problem = OURS ": the resolver is nspawn-netd on the container's link"},
        {"Exec", "SuppressSync"},
        {"Exec", "SystemCallFilter"},
        {"Exec", "Timezone", .fixed = "off", .problem = OURS ": set the time zone inside"},
        {"Exec", "User", .fixed = "root",
         .problem = "the container's init has to be root; set users in systemd.services"},
        {"Exec", "WorkingDirectory"},
        {"Files", "Bind"},
        {"Files", "BindReadOnly"},
        {"Files", "BindUser"},
        {"Files", "BindUserShell"},
        {"Files", "Inaccessible"},
        {"Files", "Overlay"},
        {"Files", "OverlayReadOnly"},
        {"Files", "PrivateUsersChown", .fixed = "", .problem = OURS ": use nixosContainer.userNamespacing"},
        {"Files", "PrivateUsersOwnership", .own = own_ownership,
         .problem = OURS ": use nixosContainer.userNamespacing"},
        {"Files", "ReadOnly"},
        {"Files", "TemporaryFileSystem"},
        {"Files", "Volatile"},
        {"Network", "Bridge", read_bridge},
        {"Network", "IPVLAN", read_ipvlan},
        {"Network", "Interface", read_interface},
        {"Network", "MACVLAN", read_macvlan},
        {"Network", "NamespacePath", read_namespace},
        {"Network", "Port", read_port},
        {"Network", "Private", read_private},
        {"Network", "VirtualEthernet", read_virtual_ethernet},
        {"Network", "VirtualEthernetExtra", read_extra},
        {"Network", "Zone", read_zone},
};

static bool is_equal(const char *ours, const char *value) {
        bool a, b;

        if (parse_boolean(ours, &a) == 0 && parse_boolean(value, &b) == 0)
                return a == b;
        return *ours && strcmp(ours, value) == 0;
}

/* Into NAME.nspawn as it is, unless we write the same there, or something else. */
static const char *pass_on(struct nspawn_settings *s, const struct setting *setting, const char *value) {
        struct container *c = s->reading.c;
        const char *ours = setting->own ? setting->own(c) : setting->fixed;
        _cleanup_(freep) char *line = NULL;

        if (s->source == NSPAWN_FILE)
                return hand_read(&s->reading, setting->section, setting->key, value);
        if (ours)
                return is_equal(ours, value) ? NULL : setting->problem;
        if (!string_is_clean(value) || unit_line_goes_on(value))
                return "has a character that NAME.nspawn cannot hold: one line, and no backslash at its end";
        line = malloc(strlen(setting->key) + strlen(value) + 2);
        if (!line)
                return reading_no_memory(&s->reading);
        (void) stpcpy(stpcpy(stpcpy(line, setting->key), "="), value);
        return reading_add(&s->reading, strcmp(setting->section, "Exec") == 0 ? &c->exec : &c->files, line);
}

int nspawn_settings_read(struct nspawn_settings *s, const char *section, const char *key, const char *value,
                         const char **ret_problem) {
        for (size_t i = 0; i < ELEMENTS_OF(settings); i++) {
                const struct setting *setting = &settings[i];

                if (strcmp(setting->section, section) != 0 || strcmp(setting->key, key) != 0)
                        continue;
                *ret_problem = setting->read ? setting->read(s, value) : pass_on(s, setting, value);
                return s->reading.memory ? -ENOMEM : *ret_problem ? -EINVAL : 0;
        }
        return -ENOENT;
}

/* What of it contradicts itself, where systemd-nspawn would take one and be silent about the other. */
static const char *find_contradiction(const struct nspawn_settings *s, bool others) {
        if (s->bridge && s->zone)
                return "Bridge= and Zone= exclude each other: a zone is a bridge that is made for its members";
        if ((s->bridge || s->zone) && s->virtual_ethernet == 0)
                return "VirtualEthernet=no and Bridge= or Zone= exclude each other: what joins the bridge is a virtual "
                       "Ethernet link; remove one of them";
        if (s->private_network == 0 && (others || s->virtual_ethernet == 1))
                return "Private=no shares the host's network, and no link can be given to a container that does; "
                       "remove "
                       "it, or the links";
        return NULL;
}

int nspawn_settings_decide(struct nspawn_settings *s, const char **ret_problem) {
        struct container *c = s->reading.c;
        char **name = s->bridge ? &s->bridge : &s->zone;
        bool links = c->interfaces || c->macvlans || c->ipvlans || c->n_extra_veths > 0;

        *ret_problem = find_contradiction(s, links || s->bridge || s->zone);
        if (*ret_problem)
                return -EINVAL;
        free(c->attached_to);
        c->attached_to = steal_ptr(*name);
        if (c->attached_to)
                c->mode = name == &s->bridge ? NETWORK_BRIDGE : NETWORK_ZONE;
        else if (s->virtual_ethernet == 1 || (!links && s->virtual_ethernet < 0 && s->private_network < 0))
                c->mode = NETWORK_VETH;
        else
                c->mode = links || s->private_network == 1 ? NETWORK_NONE : NETWORK_HOST;
        return 0;
}
