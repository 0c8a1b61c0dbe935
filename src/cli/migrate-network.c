/* The network of a nixos-container's conf in the options of nixos-nspawn. */
#include "cli/migrate.h"

#include <errno.h>

static void add_address(json_t *list, const struct prefix *p) {
        char text[PREFIX_TEXT_MAX];

        if (p->address.family != AF_UNSPEC)
                (void) json_array_append_new(list, json_string(prefix_format(p, text)));
}

static void add_gateway(json_t *list, const struct prefix *p) {
        char text[ADDRESS_TEXT_MAX];

        if (p->address.family != AF_UNSPEC)
                (void) json_array_append_new(list, json_string(address_format(&p->address, text)));
}

/* An address of one side of the pair, and a route to the other's, which need not be in one range with it. */
static void add_side(json_t *settings, const struct prefix *own, const struct prefix *other) {
        struct prefix destination = prefix_of_address(&other->address);
        char text[PREFIX_TEXT_MAX];

        add_address(json_object_get(settings, "address"), own);
        if (other->address.family != AF_UNSPEC)
                (void) json_array_append_new(json_object_get(settings, "routes"),
                                             json_pack("{s:s}", "Destination", prefix_format(&destination, text)));
}

/* The empty address in front: these and no others. */
static json_t *settings_new(void) {
        return json_pack("{s:[s], s:[], s:[]}", "address", "", "gateway", "routes");
}

static json_t *host_settings(const struct end *end) {
        json_t *settings = settings_new();

        add_side(settings, &end->host_v4, &end->local_v4);
        add_side(settings, &end->host_v6, &end->local_v6);
        return settings;
}

/* Of a member of a bridge: its addresses there, and the host's as its router. */
static json_t *container_settings(const struct end *end, bool by_hand) {
        json_t *settings = end->bridge || !by_hand ? json_pack("{s:[], s:[]}", "address", "gateway") : settings_new();
        json_t *gateways = json_object_get(settings, "gateway");
        char text[MAC_TEXT_MAX];

        if (end->bridge) {
                add_address(json_object_get(settings, "address"), &end->local_v4);
                add_address(json_object_get(settings, "address"), &end->local_v6);
        } else if (by_hand) {
                add_side(settings, &end->local_v4, &end->host_v4);
                add_side(settings, &end->local_v6, &end->host_v6);
        }
        if (end->bridge || by_hand) {
                add_gateway(gateways, &end->host_v4);
                add_gateway(gateways, &end->host_v6);
        }
        if (end->has_mac)
                (void) json_object_set_new(settings, "linkConfig",
                                           json_pack("{s:s}", "MACAddress", mac_format(&end->mac, text)));
        if (by_hand || end->has_mac || json_array_size(json_object_get(settings, "address")) > 0)
                return settings;
        json_decref(settings);
        return json_null();
}

static void put_address(json_t *object, const char *key, const struct prefix *p) {
        char text[PREFIX_TEXT_MAX];

        if (p->address.family != AF_UNSPEC)
                (void) json_object_set_new(object, key, json_string(prefix_format(p, text)));
}

static json_t *extra_veths(const struct container *c) {
        json_t *all = json_object();

        for (size_t i = 0; i < c->n_extra_veths; i++) {
                const struct end *end = &c->extra_veths[i].end;
                json_t *one = json_pack("{s:s?}", "hostBridge", end->bridge);

                /* With a bridge the host's address is the bridge's, not this link's. */
                if (!end->bridge) {
                        put_address(one, "hostAddress", &end->host_v4);
                        put_address(one, "hostAddress6", &end->host_v6);
                }
                put_address(one, "localAddress", &end->local_v4);
                put_address(one, "localAddress6", &end->local_v6);
                (void) json_object_set_new(all, c->extra_veths[i].name, one);
        }
        return all;
}

static json_t *words(char *const *list) {
        json_t *array = json_array();

        for (; list && *list; list++)
                (void) json_array_append_new(array, json_string(*list));
        return array;
}

/* systemd.nspawn.NAME.networkConfig; NULL where nothing has to be said. */
static json_t *network_config(const struct container *c) {
        if (c->mode == NETWORK_HOST)
                return json_pack("{s:s}", "VirtualEthernet", "no");
        if (c->mode != NETWORK_NONE && !c->macvlans && !c->interfaces)
                return NULL;
        return json_pack("{s:b, s:s, s:o, s:o}", "Private", 1, "VirtualEthernet", container_has_link(c) ? "yes" : "no",
                         "MACVLAN", words(c->macvlans), "Interface", words(c->interfaces));
}

int migrate_network(const struct container *c, bool by_hand, json_t *config) {
        json_t *options = json_object_get(config, "nixosContainer"), *systemd = json_object_get(config, "systemd");
        json_t *network = network_config(c);

        if (json_object_set_new(options, "bridge", c->end.bridge ? json_string(c->end.bridge) : json_null()) < 0 ||
            json_object_set_new(options, "extraVeths", extra_veths(c)) < 0 ||
            (!json_is_object(systemd) && json_object_set_new(config, "systemd", json_object()) < 0)) {
                json_decref(network);
                return -ENOMEM;
        }
        if (by_hand || c->end.bridge || c->end.has_mac)
                (void) json_object_set_new(options, "containerNetworkConfig", container_settings(&c->end, by_hand));
        if (by_hand)
                (void) json_object_set_new(options, "hostNetworkConfig", host_settings(&c->end));
        if (!network)
                return 0;
        return json_object_set_new(json_object_get(config, "systemd"), "nspawn",
                                   json_pack("{s:{s:{}, s:{}, s:o}}", c->name, "execConfig", "filesConfig",
                                             "networkConfig", network)) < 0
                       ? -ENOMEM
                       : 0;
}
