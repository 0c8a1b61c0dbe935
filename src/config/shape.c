#include "shape.h"

#include "base/parse.h"
#include "model/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Every link inside by name, with what asks for it. */
struct inside {
        struct {
                char name[IFNAMSIZ];
                const char *asked; /* "MACVLAN=eth0" in two parts */
                const char *word;
        } links[64];
        size_t n;
        const char *where;
};

static int inside_add(struct inside *s, const char *name, const char *asked, const char *word, struct error *e) {
        if (s->n == ELEMENTS_OF(s->links))
                return error_set(e, E2BIG, EXIT_CONTAINER, "%s: more than %zu links", s->where, ELEMENTS_OF(s->links));
        for (size_t i = 0; i < s->n; i++)
                if (strcmp(s->links[i].name, name) == 0)
                        return error_set(e, EEXIST, EXIT_CONTAINER,
                                         "%s: %s%s and %s%s would both be called %s inside; give one of them another "
                                         "name there, as in IF:NAME",
                                         s->where, s->links[i].asked, s->links[i].word, asked, word, name);
        (void) snprintf(s->links[s->n].name, IFNAMSIZ, "%s", name);
        s->links[s->n].asked = asked;
        s->links[s->n++].word = word;
        return 0;
}

/* prefix: LINK_MV, LINK_IV, or LINK_VE for none. */
static int inside_add_words(struct inside *s, char *const *words, enum link_prefix prefix, const char *asked,
                            struct error *e) {
        int r = 0;

        for (; words && *words && r >= 0; words++) {
                char name[IFNAMSIZ];

                link_inside_name(prefix, *words, name);
                r = inside_add(s, name, asked, *words, e);
        }
        return r;
}

int shape_check_inside(const struct container *c, const char *where, struct error *e) {
        struct inside s = {.where = where};
        bool nixos = c->kind == CONTAINER_NIXOS;
        int r = inside_add(&s, "lo", "its loopback", "", e);

        if (r >= 0 && container_has_link(c))
                r = inside_add(&s, nixos ? "eth0" : "host0", "its main link", "", e);
        if (r >= 0)
                r = inside_add_words(&s, c->interfaces, LINK_VE, nixos ? "interface " : "Interface=", e);
        if (r >= 0)
                r = inside_add_words(&s, c->macvlans, LINK_MV, nixos ? "macvlan " : "MACVLAN=", e);
        if (r >= 0)
                r = inside_add_words(&s, c->ipvlans, LINK_IV, "IPVLAN=", e);
        for (size_t i = 0; i < c->n_extra_veths && r >= 0; i++)
                r = inside_add(&s, c->extra_veths[i].inside ?: c->extra_veths[i].name,
                               nixos ? "extra veth " : "VirtualEthernetExtra=", c->extra_veths[i].name, e);
        return r;
}

/* Names that systemd-nspawn gives by itself, to this container's links or to those of others. */
static int check_outside(const struct container *c, const char *where, struct error *e) {
        static const enum link_prefix prefixes[] = {LINK_VE, LINK_VB};
        char own[IFNAMSIZ];

        for (size_t i = 0; i < c->n_extra_veths; i++)
                for (size_t k = 0; k < ELEMENTS_OF(prefixes); k++) {
                        link_name(prefixes[k], c->name, own);
                        if (strcmp(c->extra_veths[i].name, own) == 0)
                                return error_set(
                                        e, EEXIST, EXIT_CONTAINER,
                                        "%s: VirtualEthernetExtra=%s has the name of the container's main link "
                                        "on the host; choose another",
                                        where, own);
                }
        return 0;
}

static int check_forwards(const struct container *c, const char *where, struct error *e) {
        if (c->n_forwards == 0 || c->mode == NETWORK_VETH || c->mode == NETWORK_ZONE)
                return 0;
        if (c->hand && c->mode != NETWORK_HOST)
                return 0; /* systemd-nspawn looks for the address inside */
        if (c->hand)
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "%s: VirtualEthernet=no shares the host's network, and what listens inside is at the "
                                 "host's addresses already; remove Port=, or VirtualEthernet=no",
                                 where);
        if (c->mode == NETWORK_HOST)
                return error_set(
                        e, EINVAL, EXIT_CONTAINER,
                        "%s: VirtualEthernet=no shares the host's network, so there is nothing that a port could "
                        "be forwarded to: what listens inside is at the host's addresses already. Remove "
                        "nixosContainer.forwardPorts, or give the container a link of its own with "
                        "VirtualEthernet=yes",
                        where);
        if (c->mode == NETWORK_NONE)
                return error_set(
                        e, EINVAL, EXIT_CONTAINER,
                        "%s: the container has no host0, and nixosContainer.forwardPorts has nowhere to lead: "
                        "MACVLAN=, IPVLAN=, Interface= and VirtualEthernetExtra= replace the link to the host. "
                        "To have both, add VirtualEthernet=yes",
                        where);
        if (c->end.local_v4.address.family == AF_UNSPEC && c->end.local_v6.address.family == AF_UNSPEC &&
            c->container_settings.n_addresses == 0)
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "nixosContainer.forwardPorts: a member of the bridge %s gets its address from that "
                                 "network, and this host does not know it; give it one with "
                                 "nixosContainer.containerNetworkConfig.address",
                                 c->attached_to);
        return 0;
}

/* Its guards are for its members. Further links' bridges are looked at where they are read (reading_bridge()). */
#define BRIDGE_OF_ZONE "%s is the bridge of a zone, which only its members join; "
static int check_bridge(const struct container *c, const char *where, struct error *e) {
        const char *zone = c->mode == NETWORK_BRIDGE ? link_zone(c->attached_to) : NULL;

        if (!zone)
                return 0;
        if (c->hand)
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "%s: Bridge: " BRIDGE_OF_ZONE "say Zone=%s, or name another bridge", where,
                                 c->attached_to, zone);
        return error_set(e, EINVAL, EXIT_CONTAINER,
                         "nixosContainer.bridge: " BRIDGE_OF_ZONE
                         "say nixosContainer.zone = \"%s\", or name another bridge",
                         c->attached_to, zone);
}

/* What is asked for would not be done by anybody. */
static int check_access(const struct container *c, struct error *e) {
        bool host = !host_access_equal(&c->access, &(struct host_access){0});

        if (c->mode == NETWORK_VETH || c->mode == NETWORK_ZONE || (!host && c->outside_access == OUTSIDE_GLOBAL))
                return 0;
        return error_set(
                e, EINVAL, EXIT_CONTAINER,
                "nixosContainer.%s: container '%s' has no link to the host on which it could be carried out%s; "
                "remove it",
                host ? "hostAccess" : "outsideAccess", c->name,
                c->mode == NETWORK_BRIDGE ? ": who reaches what on a bridge is its owner's to say" : "");
}

int shape_check(const struct container *c, const char *where, struct error *e) {
        int r = shape_check_inside(c, where, e);

        if (r >= 0 && c->kind == CONTAINER_NSPAWN)
                r = check_bridge(c, where, e);
        if (r >= 0 && c->kind == CONTAINER_NSPAWN)
                r = check_access(c, e);

        if (r >= 0)
                r = check_outside(c, where, e);
        return r < 0 ? r : check_forwards(c, where, e);
}
