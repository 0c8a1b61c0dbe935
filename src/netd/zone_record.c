/* Zones as JSON: the record that a daemon leaves to the next one, and what Varlink shows. */
#include "zone.h"

#include "base/file.h"
#include "base/paths.h"
#include "netd/record_json.h"
#include "netd/record_more.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define RECORD_VERSION 1

static json_t *ports_json(const struct host_access *a) {
        json_t *list = json_array();

        for (size_t i = 0; i < a->n_ports; i++)
                (void) json_array_append_new(
                        list,
                        json_sprintf("%s/%u", a->ports[i].protocol == IPPROTO_UDP ? "udp" : "tcp", a->ports[i].port));
        return list;
}

json_t *host_access_json(const struct host_access *a) {
        return a->n_ports > 0 ? ports_json(a) : json_string(host_access_name(a->kind));
}

int host_access_from_json(const json_t *v, struct host_access *ret) {
        const json_t *port;
        size_t i;

        *ret = (struct host_access){0};
        if (json_is_string(v))
                return host_access_parse(json_string_value(v), &ret->kind);
        if (!json_is_array(v))
                return -EINVAL;
        json_array_foreach (v, i, port)
                if (!json_is_string(port) || host_access_add(ret, json_string_value(port)) < 0)
                        return -EINVAL;
        return 0;
}

static json_t *more_json(const struct zone_network *z) {
        json_t *list = json_array();

        for (size_t i = 0; i < z->n_more; i++)
                (void) json_array_append_new(list, prefix_or_null(&z->more[i]));
        return list;
}

json_t *zone_record(const struct zone_network *z) {
        const struct network_more more = zone_more(z);

        return json_pack("{s:i,s:s,s:o,s:o,s:o,s:o,s:o,s:I,s:b,s:b,s:b,s:b,s:b,s:o,s:o*}", "version", RECORD_VERSION,
                         "name", z->name, "mac", mac_json(&z->mac), "hostV4", prefix_or_null(&z->host_v4), "hostV6",
                         prefix_or_null(&z->host_v6), "hostLinkLocal", address_or_null(&z->host_link_local), "more",
                         more_json(z), "mtu", (json_int_t) z->mtu, "masqueradeV4", (int) z->masquerade_v4,
                         "masqueradeV6", (int) z->masquerade_v6, "internal", (int) z->internal, "persistent",
                         (int) z->persistent, "isolated", (int) z->isolated, "hostAccess", host_access_json(&z->access),
                         "settings", z->has_more ? network_more_json(&more) : NULL);
}

static int read_more(const json_t *list, struct zone_network *z) {
        const json_t *v;
        size_t i;

        if (!json_is_array(list) || json_array_size(list) > ZONE_ADDRESSES_MAX)
                return -EBADMSG;
        json_array_foreach (list, i, v)
                if (!json_is_string(v) || prefix_parse(json_string_value(v), false, &z->more[z->n_more++]) < 0)
                        return -EBADMSG;
        return 0;
}

static int take_list(const void *from, size_t n, size_t size, void *to, size_t max, size_t *ret_n) {
        if (n > max)
                return -EBADMSG;
        if (n > 0)
                memcpy(to, from, n * size);
        *ret_n = n;
        return 0;
}

static int read_settings(const json_t *settings, struct zone_network *z) {
        struct network_more *m = NULL;
        int r = settings ? network_more_from_json(settings, &m) : 0;

        if (r < 0 || !m)
                return r;
        z->has_more = true;
        z->dhcp = m->dhcp;
        z->router = m->router;
#define TAKE(from, to) take_list(m->from, m->n_##from, sizeof(*m->from), z->to, ELEMENTS_OF(z->to), &z->n_##to)
        if (TAKE(prefixes, prefixes) < 0 || TAKE(route_prefixes, route_prefixes) < 0 || TAKE(host_routes, routes) < 0 ||
            TAKE(host_neighbours, neighbours) < 0)
                r = -EBADMSG;
#undef TAKE
        network_more_free(m);
        return r;
}

int zone_from_record(const json_t *record, struct zone_network *ret) {
        const struct {
                const char *key;
                bool *ret;
        } switches[] = {
                {"masqueradeV4", &ret->masquerade_v4}, {"masqueradeV6", &ret->masquerade_v6},
                {"internal", &ret->internal},          {"persistent", &ret->persistent},
                {"isolated", &ret->isolated},
        };
        uint64_t version, mtu;

        *ret = (struct zone_network){0};
        if (read_number(record, "version", RECORD_VERSION, RECORD_VERSION, &version) < 0 ||
            read_text(record, "name", ret->name, sizeof(ret->name)) < 0 || zone_name_problem(ret->name) ||
            read_mac(record, "mac", &ret->mac) < 0 || read_prefix(record, "hostV4", &ret->host_v4) < 0 ||
            read_prefix(record, "hostV6", &ret->host_v6) < 0 ||
            read_address(record, "hostLinkLocal", &ret->host_link_local) < 0 ||
            read_number(record, "mtu", 0, UINT32_MAX, &mtu) < 0 ||
            host_access_from_json(json_object_get(record, "hostAccess"), &ret->access) < 0 ||
            read_more(json_object_get(record, "more"), ret) < 0 ||
            read_settings(json_object_get(record, "settings"), ret) < 0)
                return -EBADMSG;
        for (size_t i = 0; i < ELEMENTS_OF(switches); i++)
                if (read_boolean(record, switches[i].key, switches[i].ret) < 0)
                        return -EBADMSG;
        ret->mtu = (uint32_t) mtu;
        (void) link_name(LINK_VZ, ret->name, ret->link);
        return 0;
}

int zone_record_write(const struct zone_network *z, const struct zone_network *pending) {
        int r = directory_make(PATH_ZONES_ATTACHED, 0700);
        json_t *record;

        if (r < 0)
                return r;
        record = zone_record(z);
        if (pending)
                record = record_with_pending(record, zone_record(pending));
        return record_file_write(PATH_ZONES_ATTACHED, z->name, record);
}

int zone_record_remove(const char *name) {
        return record_file_remove(PATH_ZONES_ATTACHED, name);
}

json_t *zone_json(const struct active_zone *z) {
        const struct zone_network *n = &z->network;
        json_t *addresses = more_json(n);

        if (n->host_v6.address.family != AF_UNSPEC)
                (void) json_array_insert_new(addresses, 0, prefix_or_null(&n->host_v6));
        if (n->host_v4.address.family != AF_UNSPEC)
                (void) json_array_insert_new(addresses, 0, prefix_or_null(&n->host_v4));
        return json_pack("{s:s,s:s,s:o*,s:o,s:o,s:I,s:s*}", "name", n->name, "link", n->link, "linkIndex",
                         z->ifindex > 0 ? json_integer(z->ifindex) : NULL, "mac", mac_json(&n->mac), "hostAddresses",
                         addresses, "members", (json_int_t) z->members, "problem", z->damage);
}
