/* Operations for people and for programs. Both come from the same tables. */
#include "plan/plan.h"

#include <netinet/in.h>
#include <stdio.h>

struct set_text {
        const char *name;
        unsigned int fields;
        const char *add, *remove; /* what is said before the fields */
};

static const struct set_text sets[_SET_MAX] = {
        [SET_MASQUERADE_V4] = {"masquerade-v4", ELEMENT_PREFIX, "masquerade", "stop masquerading"},
        [SET_MASQUERADE_V6] = {"masquerade-v6", ELEMENT_PREFIX, "masquerade", "stop masquerading"},
        [SET_FORWARD_V4] = {"forward-v4", ELEMENT_PORT, "forward", "stop forwarding"},
        [SET_FORWARD_V6] = {"forward-v6", ELEMENT_PORT, "forward", "stop forwarding"},
        [SET_BOUND_V4] = {"bound-v4", ELEMENT_PORT | ELEMENT_PREFIX, "forward", "stop forwarding"},
        [SET_BOUND_V6] = {"bound-v6", ELEMENT_PORT | ELEMENT_PREFIX, "forward", "stop forwarding"},
        [SET_LINKS] = {"links", ELEMENT_LINK, "guard", "stop guarding"},
        [SET_CLOSED] = {"closed", ELEMENT_LINK, "keep from the outside, but for NAT,",
                        "no longer keep from the outside"},
        [SET_ROUTED] = {"routed", ELEMENT_LINK, "route without NAT", "no longer route without NAT"},
        [SET_OPEN_V4] = {"open-v4", ELEMENT_LINK | ELEMENT_PREFIX, "open to the outside", "close to the outside"},
        [SET_OPEN_V6] = {"open-v6", ELEMENT_LINK | ELEMENT_PREFIX, "open to the outside", "close to the outside"},
        [SET_GATEWAYS] = {"gateways", ELEMENT_LINK, "accept packets of networks behind",
                          "no longer accept packets of networks behind"},
        [SET_THROUGH_V4] = {"through-v4", ELEMENT_LINK, "open IPv4 networks behind to the outside",
                            "close IPv4 networks behind to the outside"},
        [SET_THROUGH_V6] = {"through-v6", ELEMENT_LINK, "open IPv6 networks behind to the outside",
                            "close IPv6 networks behind to the outside"},
        [SET_MACS] = {"macs", ELEMENT_LINK | ELEMENT_MAC, "accept frames of", "no longer accept frames of"},
        [SET_SOURCE_V4] = {"source-v4", ELEMENT_LINK | ELEMENT_PREFIX, "accept packets of",
                           "no longer accept packets of"},
        [SET_SOURCE_V6] = {"source-v6", ELEMENT_LINK | ELEMENT_PREFIX, "accept packets of",
                           "no longer accept packets of"},
        [SET_ADVERTISED] = {"advertised", ELEMENT_LINK | ELEMENT_PREFIX, "accept neighbour advertisements of",
                            "no longer accept neighbour advertisements of"},
        [SET_ARP_LINKS] = {"arp-links", ELEMENT_LINK, "guard ARP", "stop guarding ARP"},
        [SET_ARP_SENDERS] = {"arp-senders", ELEMENT_LINK | ELEMENT_MAC | ELEMENT_PREFIX, "accept ARP of",
                             "no longer accept ARP of"},
        [SET_WITHIN] = {"within", ELEMENT_LINK, "let members reach each other on",
                        "no longer let members reach each other on"},
        [SET_INTERNAL] = {"internal", ELEMENT_LINK, "close the way out of", "open the way out of"},
        [SET_ACCESS_ALL] = {"access-all", ELEMENT_LINK, "open all of the host to", "no longer open all of the host to"},
        [SET_ACCESS_NONE] = {"access-none", ELEMENT_LINK, "close the host to", "no longer close the host to"},
        [SET_ACCESS_PORTS] = {"access-ports", ELEMENT_LINK | ELEMENT_SERVICE, "open the host's",
                              "no longer open the host's"},
        [SET_PORTS] = {"ports", ELEMENT_LINK, "guard port", "stop guarding port"},
        [SET_PORT_MACS] = {"port-macs", ELEMENT_LINK | ELEMENT_MAC, "accept frames of", "no longer accept frames of"},
        [SET_PORT_SOURCE_V4] = {"port-source-v4", ELEMENT_LINK | ELEMENT_PREFIX, "accept packets of",
                                "no longer accept packets of"},
        [SET_PORT_SOURCE_V6] = {"port-source-v6", ELEMENT_LINK | ELEMENT_PREFIX, "accept packets of",
                                "no longer accept packets of"},
        [SET_PORT_ADVERTISED] = {"port-advertised", ELEMENT_LINK | ELEMENT_PREFIX, "accept neighbour advertisements of",
                                 "no longer accept neighbour advertisements of"},
        [SET_PORT_SENDERS] = {"port-senders", ELEMENT_LINK | ELEMENT_MAC | ELEMENT_PREFIX, "accept ARP of",
                              "no longer accept ARP of"},
        [SET_PORT_CLIENTS] = {"port-clients", ELEMENT_LINK | ELEMENT_MAC, "accept DHCP of", "no longer accept DHCP of"},
        [SET_PORT_ISOLATED] = {"port-isolated", ELEMENT_LINK, "isolate port", "no longer isolate port"},
};

static const char *const kinds[_OPERATION_MAX] = {
        [OPERATION_LINK_CREATE] = "create-link",     [OPERATION_BRIDGE_CREATE] = "create-bridge",
        [OPERATION_LINK_DELETE] = "delete-link",     [OPERATION_LINK_CONFIGURE] = "configure-link",
        [OPERATION_LINK_JOIN] = "join-bridge",       [OPERATION_PORT_CONFIGURE] = "configure-port",
        [OPERATION_LINK_UP] = "raise-link",          [OPERATION_LINK_DOWN] = "lower-link",
        [OPERATION_ADDRESS_ADD] = "add-address",     [OPERATION_ADDRESS_REMOVE] = "remove-address",
        [OPERATION_ROUTE_ADD] = "add-route",         [OPERATION_ROUTE_REMOVE] = "remove-route",
        [OPERATION_NEIGHBOUR_ADD] = "add-neighbour", [OPERATION_NEIGHBOUR_REMOVE] = "remove-neighbour",
        [OPERATION_ELEMENT_ADD] = "add-element",     [OPERATION_ELEMENT_REMOVE] = "remove-element",
};

unsigned int element_fields(enum element_set set) {
        return sets[set].fields;
}

const char *element_set_name(enum element_set set) {
        return sets[set].name;
}

/* A single address without its length. */
static const char *prefix_text(const struct prefix *p, char buf[PREFIX_TEXT_MAX]) {
        return p->length == address_bits(&p->address) ? address_format(&p->address, buf) : prefix_format(p, buf);
}

static const char *protocol_text(uint8_t protocol) {
        return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

/* "192.0.2.1:80-89", "[fd00::1]:80"; no address: only the port. */
static void print_socket(struct buffer *b, const struct address *a, uint16_t port, uint16_t count) {
        char text[ADDRESS_TEXT_MAX];
        if (a->family == AF_INET6)
                buffer_append_format(b, "[%s]:", address_format(a, text));
        else if (a->family == AF_INET)
                buffer_append_format(b, "%s:", address_format(a, text));
        buffer_append_format(b, "%u", port);
        if (count > 1)
                buffer_append_format(b, "-%u", port + count - 1U);
}

static void print_element(const struct element *e, bool add, struct buffer *b) {
        const struct set_text *s = &sets[e->set];
        char text[PREFIX_TEXT_MAX], mac[MAC_TEXT_MAX];
        buffer_append_string(b, add ? s->add : s->remove);
        if (s->fields & ELEMENT_PORT) {
                buffer_append_format(b, " %s ", protocol_text(e->protocol));
                print_socket(b, &e->prefix.address, e->port, e->count);
                buffer_append_string(b, " to ");
                print_socket(b, &e->to, e->to_port, e->count);
                return;
        }
        if (s->fields & ELEMENT_SERVICE)
                buffer_append_format(b, " %s port %u", protocol_text(e->protocol), e->port);
        if (s->fields & ELEMENT_MAC)
                buffer_append_format(b, " %s", mac_format(&e->mac, mac));
        if (s->fields & ELEMENT_PREFIX)
                buffer_append_format(b, "%s %s", s->fields & ELEMENT_MAC ? " as" : "", prefix_text(&e->prefix, text));
        if (s->fields & ELEMENT_LINK)
                buffer_append_format(b, "%s %s",
                                     s->fields == ELEMENT_LINK     ? ""
                                     : s->fields & ELEMENT_SERVICE ? " to"
                                                                   : " on",
                                     e->link);
}

static void print_route(const struct operation *o, struct buffer *b) {
        char text[PREFIX_TEXT_MAX];
        buffer_append_format(b, "%s route to ", o->kind == OPERATION_ROUTE_ADD ? "add" : "remove");
        if (o->route.destination.length == 0)
                buffer_append_string(b, o->route.destination.address.family == AF_INET ? "every IPv4 address"
                                                                                       : "every IPv6 address");
        else
                buffer_append_string(b, prefix_text(&o->route.destination, text));
        if (o->route.via.family != AF_UNSPEC)
                buffer_append_format(b, " via %s", address_format(&o->route.via, text));
        buffer_append_format(b, " on %s", o->link);
        if (o->route.source.family != AF_UNSPEC)
                buffer_append_format(b, " from %s", address_format(&o->route.source, text));
}

static void print_create(const struct operation *o, struct buffer *b) {
        char mac[MAC_TEXT_MAX];
        buffer_append_format(b, "create link %s (%s)", o->link, mac_format(&o->create.mac, mac));
        if (o->create.altname[0])
                buffer_append_format(b, ", also called %s,", o->create.altname);
        buffer_append_format(b, " with %s (%s) in the container", o->create.peer, mac_format(&o->create.peer_mac, mac));
        if (o->create.mtu > 0)
                buffer_append_format(b, ", MTU %u", o->create.mtu);
}

static void print_what(const struct operation *o, struct buffer *b) {
        char text[PREFIX_TEXT_MAX], mac[MAC_TEXT_MAX];
        bool add = false;
        switch (o->kind) {
        case OPERATION_LINK_CREATE:
                print_create(o, b);
                break;
        case OPERATION_BRIDGE_CREATE:
                buffer_append_format(b, "create bridge %s (%s)", o->link, mac_format(&o->create.mac, mac));
                break;
        case OPERATION_PORT_CONFIGURE:
                buffer_append_format(
                        b, o->port.isolated ? "isolate %s from other isolated ports" : "let %s reach every port",
                        o->link);
                break;
        case OPERATION_LINK_DELETE:
                buffer_append_format(b, "delete link %s", o->link);
                break;
        case OPERATION_LINK_CONFIGURE:
                buffer_append_format(b, "turn automatic link-local addresses off on %s", o->link);
                if (o->configure.mtu > 0)
                        buffer_append_format(b, ", set its MTU to %u", o->configure.mtu);
                break;
        case OPERATION_LINK_JOIN:
                buffer_append_format(b, "put %s into the bridge %s", o->link, o->bridge);
                break;
        case OPERATION_LINK_UP:
        case OPERATION_LINK_DOWN:
                buffer_append_format(b, "bring %s %s", o->link, o->kind == OPERATION_LINK_UP ? "up" : "down");
                break;
        case OPERATION_ADDRESS_ADD:
        case OPERATION_ADDRESS_REMOVE:
                add = o->kind == OPERATION_ADDRESS_ADD;
                buffer_append_format(b, "%s address %s %s %s", add ? "add" : "remove", prefix_format(&o->address, text),
                                     add ? "to" : "from", o->link);
                break;
        case OPERATION_ROUTE_ADD:
        case OPERATION_ROUTE_REMOVE:
                print_route(o, b);
                break;
        case OPERATION_NEIGHBOUR_ADD:
        case OPERATION_NEIGHBOUR_REMOVE:
                buffer_append_format(
                        b, "%s neighbour %s (%s) on %s", o->kind == OPERATION_NEIGHBOUR_ADD ? "add" : "remove",
                        address_format(&o->neighbour.address, text), mac_format(&o->neighbour.mac, mac), o->link);
                break;
        case OPERATION_ELEMENT_ADD:
        case OPERATION_ELEMENT_REMOVE:
                print_element(&o->element, o->kind == OPERATION_ELEMENT_ADD, b);
                break;
        case _OPERATION_MAX:
                break;
        }
}

void operation_print(const struct operation *o, struct buffer *b) {
        print_what(o, b);
        if (o->side == SIDE_CONTAINER)
                buffer_append_string(b, " in the container");
}

static void put_text(json_t *j, const char *key, const char *text) {
        (void) json_object_set_new(j, key, json_string(text));
}

static void put_number(json_t *j, const char *key, uint32_t number) {
        (void) json_object_set_new(j, key, json_integer(number));
}

static void element_json(const struct element *e, json_t *j) {
        unsigned int fields = sets[e->set].fields;
        char text[PREFIX_TEXT_MAX];
        put_text(j, "set", sets[e->set].name);
        if (fields & ELEMENT_LINK)
                put_text(j, "link", e->link);
        if (fields & ELEMENT_MAC)
                put_text(j, "mac", mac_format(&e->mac, text));
        if (fields & ELEMENT_PREFIX)
                put_text(j, fields & ELEMENT_PORT ? "bindAddress" : "address", prefix_text(&e->prefix, text));
        if (fields & ELEMENT_SERVICE) {
                put_text(j, "protocol", protocol_text(e->protocol));
                put_number(j, "port", e->port);
        }
        if (!(fields & ELEMENT_PORT))
                return;
        put_text(j, "protocol", protocol_text(e->protocol));
        put_number(j, "port", e->port);
        put_number(j, "count", e->count);
        put_text(j, "to", address_format(&e->to, text));
        put_number(j, "toPort", e->to_port);
}

static void create_json(const struct operation *o, json_t *j) {
        char text[MAC_TEXT_MAX];
        put_text(j, "mac", mac_format(&o->create.mac, text));
        put_text(j, "peer", o->create.peer);
        put_text(j, "peerMac", mac_format(&o->create.peer_mac, text));
        if (o->create.altname[0])
                put_text(j, "altname", o->create.altname);
        if (o->create.mtu > 0)
                put_number(j, "mtu", o->create.mtu);
}

static void route_json(const struct operation *o, json_t *j) {
        char text[PREFIX_TEXT_MAX];
        put_text(j, "destination", prefix_format(&o->route.destination, text));
        if (o->route.via.family != AF_UNSPEC)
                put_text(j, "via", address_format(&o->route.via, text));
        if (o->route.source.family != AF_UNSPEC)
                put_text(j, "source", address_format(&o->route.source, text));
}

json_t *operation_json(const struct operation *o) {
        char text[PREFIX_TEXT_MAX];
        json_t *j = json_object();
        if (!j)
                return NULL;
        put_text(j, "operation", kinds[o->kind]);
        if (operation_is_element(o)) {
                element_json(&o->element, j);
                return j;
        }
        put_text(j, "side", o->side == SIDE_HOST ? "host" : "container");
        put_text(j, "link", o->link);
        if (o->kind == OPERATION_LINK_CREATE) {
                create_json(o, j);
        } else if (o->kind == OPERATION_LINK_CONFIGURE) {
                put_text(j, "addressGeneration", "none");
                if (o->configure.mtu > 0)
                        put_number(j, "mtu", o->configure.mtu);
        } else if (o->kind == OPERATION_BRIDGE_CREATE) {
                put_text(j, "mac", mac_format(&o->create.mac, text));
        } else if (o->kind == OPERATION_PORT_CONFIGURE) {
                (void) json_object_set_new(j, "isolated", json_boolean(o->port.isolated));
        } else if (o->kind == OPERATION_LINK_JOIN) {
                put_text(j, "bridge", o->bridge);
        } else if (o->kind == OPERATION_ADDRESS_ADD || o->kind == OPERATION_ADDRESS_REMOVE) {
                put_text(j, "address", prefix_format(&o->address, text));
        } else if (o->kind == OPERATION_ROUTE_ADD || o->kind == OPERATION_ROUTE_REMOVE) {
                route_json(o, j);
        } else if (o->kind == OPERATION_NEIGHBOUR_ADD || o->kind == OPERATION_NEIGHBOUR_REMOVE) {
                put_text(j, "address", address_format(&o->neighbour.address, text));
                put_text(j, "mac", mac_format(&o->neighbour.mac, text));
        }
        return j;
}
