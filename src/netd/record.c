/* Attachments as JSON: the record that a daemon leaves to the next one, and what Varlink shows.
 *
 * The record is of what was applied, not of what the definition says by now, so that it can be taken back exactly. */
#include "attachment.h"

#include "record_json.h"
#include "record_more.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"

#include <errno.h>
#include <string.h>

#define RECORD_VERSION 1

json_t *address_or_null(const struct address *a) {
        char text[ADDRESS_TEXT_MAX];

        return a->family == AF_UNSPEC ? json_null() : json_string(address_format(a, text));
}

json_t *prefix_or_null(const struct prefix *p) {
        char text[PREFIX_TEXT_MAX];

        return p->address.family == AF_UNSPEC ? json_null() : json_string(prefix_format(p, text));
}

json_t *mac_json(const struct mac *m) {
        char text[MAC_TEXT_MAX];

        return json_string(mac_format(m, text));
}

json_t *forwards_json(const struct forward *forwards, size_t n) {
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++) {
                const struct forward *f = &forwards[i];

                if (json_array_append_new(
                            list, json_pack("{s:s,s:i,s:i,s:i,s:o}", "protocol", protocol_name(f->protocol), "hostPort",
                                            (int) f->host_port, "containerPort", (int) f->container_port, "count",
                                            (int) f->count, "bindAddress", address_or_null(&f->bind))) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

int read_number(const json_t *object, const char *key, uint64_t min, uint64_t max, uint64_t *ret) {
        const json_t *v = json_object_get(object, key);
        json_int_t i = json_integer_value(v);

        if (!json_is_integer(v) || i < 0 || (uint64_t) i < min || (uint64_t) i > max)
                return -EINVAL;
        *ret = (uint64_t) i;
        return 0;
}

int read_address(const json_t *object, const char *key, struct address *ret) {
        const json_t *v = json_object_get(object, key);

        *ret = ADDRESS_NONE;
        if (!v || json_is_null(v))
                return 0;
        return json_is_string(v) ? address_parse(json_string_value(v), ret) : -EINVAL;
}

int read_prefix(const json_t *object, const char *key, struct prefix *ret) {
        const json_t *v = json_object_get(object, key);

        *ret = (struct prefix){.address = ADDRESS_NONE};
        if (!v || json_is_null(v))
                return 0;
        return json_is_string(v) ? prefix_parse(json_string_value(v), false, ret) : -EINVAL;
}

int read_mac(const json_t *object, const char *key, struct mac *ret) {
        const char *s = json_string_value(json_object_get(object, key));

        return s ? mac_parse(s, ret) : -EINVAL;
}

int read_boolean(const json_t *object, const char *key, bool *ret) {
        const json_t *v = json_object_get(object, key);

        *ret = json_is_true(v);
        return json_is_boolean(v) ? 0 : -EINVAL;
}

static int read_forward(const json_t *object, struct forward *ret) {
        const char *protocol = json_string_value(json_object_get(object, "protocol"));
        uint64_t host, container, count = 1;

        *ret = (struct forward){.protocol = PROTOCOL_TCP};
        if (string_equal(protocol, "udp"))
                ret->protocol = PROTOCOL_UDP;
        else if (!string_equal(protocol, "tcp"))
                return -EINVAL;
        if (read_number(object, "hostPort", 1, UINT16_MAX, &host) < 0 ||
            read_number(object, "containerPort", 1, UINT16_MAX, &container) < 0 ||
            (json_object_get(object, "count") && read_number(object, "count", 1, UINT16_MAX, &count) < 0) ||
            read_address(object, "bindAddress", &ret->bind) < 0 || host + count - 1 > UINT16_MAX ||
            container + count - 1 > UINT16_MAX)
                return -EINVAL;
        ret->host_port = (uint16_t) host;
        ret->container_port = (uint16_t) container;
        ret->count = (uint16_t) count;
        return 0;
}

int forwards_from_json(const json_t *list, struct forward **ret, size_t *ret_n) {
        _cleanup_(freep) struct forward *forwards = NULL;
        size_t n = json_array_size(list);

        if (list && !json_is_array(list))
                return -EINVAL;
        if (n > 0) {
                forwards = calloc(n, sizeof(*forwards));
                if (!forwards)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++)
                if (read_forward(json_array_get(list, i), &forwards[i]) < 0)
                        return -EINVAL;
        *ret = steal_ptr(forwards);
        *ret_n = n;
        return 0;
}

static json_t *pair_json(const struct network_pair *p) {
        return json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "link", p->link, "guestLink",
                         p->guest_link, "bridge", p->bridge, "hostMac", mac_json(&p->host_mac), "containerMac",
                         mac_json(&p->container_mac), "hostV4", prefix_or_null(&p->host_v4), "containerV4",
                         prefix_or_null(&p->container_v4), "hostV6", prefix_or_null(&p->host_v6), "containerV6",
                         prefix_or_null(&p->container_v6), "hostLinkLocal", address_or_null(&p->host_link_local),
                         "containerLinkLocal", address_or_null(&p->container_link_local), "routed", p->routed);
}

/* A record without a kind is of a container of nixos-nspawn; one without links beside the main one has none. */
static void put_kind(json_t *record, const struct network *n) {
        if (n->kind == CONTAINER_NIXOS)
                (void) json_object_set_new(record, "kind", json_string(container_kind_name(n->kind)));
        if (n->routed)
                (void) json_object_set_new(record, "routed", json_true());
}

static void put_extra(json_t *record, const struct network *n) {
        json_t *extra = json_array();

        for (size_t i = 0; i < n->n_extra; i++)
                (void) json_array_append_new(extra, pair_json(&n->extra[i]));
        (void) json_object_set_new(record, "extra", extra);
}

/* What only members of zones have. */
static void put_member(json_t *record, const struct network *n) {
        (void) json_object_set_new(record, "bridge", json_string(n->bridge));
        (void) json_object_set_new(record, "routerMac", mac_json(&n->router_mac));
        (void) json_object_set_new(record, "isolated", json_boolean(n->isolated));
        (void) json_object_set_new(record, "internal", json_boolean(n->internal));
}

static int read_member(const json_t *record, struct network *n) {
        n->router_mac = n->host_mac;
        if (n->mode != NETWORK_ZONE)
                return 0;
        return read_text(record, "bridge", n->bridge, sizeof(n->bridge)) < 0 ||
                               read_mac(record, "routerMac", &n->router_mac) < 0 ||
                               read_boolean(record, "isolated", &n->isolated) < 0 ||
                               read_boolean(record, "internal", &n->internal) < 0
                       ? -EBADMSG
                       : 0;
}

static int read_access(const json_t *record, struct network *n) {
        const json_t *v = json_object_get(record, "hostAccess");

        if (!v)
                return 0;
        n->access = malloc(sizeof(*n->access));
        if (!n->access)
                return -ENOMEM;
        return host_access_from_json(v, n->access) < 0 ? -EBADMSG : 0;
}

json_t *attachment_record(const struct attachment *a) {
        const struct network *n = &a->network;
        json_t *record;

        record = json_pack("{s:i,s:s,s:s,s:b,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:b,s:b,s:o,s:s*,s:s*}", "version",
                           RECORD_VERSION, "name", n->name, "link", n->link, "linkShortened", (int) n->link_shortened,
                           "mode", (int) n->mode, "hostMac", mac_json(&n->host_mac), "containerMac",
                           mac_json(&n->container_mac), "hostV4", prefix_or_null(&n->host_v4), "containerV4",
                           prefix_or_null(&n->container_v4), "hostV6", prefix_or_null(&n->host_v6), "containerV6",
                           prefix_or_null(&n->container_v6), "hostLinkLocal", address_or_null(&n->host_link_local),
                           "containerLinkLocal", address_or_null(&n->container_link_local), "mtu", (json_int_t) n->mtu,
                           "masqueradeV4", (int) n->masquerade_v4, "masqueradeV6", (int) n->masquerade_v6, "forwards",
                           forwards_json(n->forwards, n->n_forwards), "namespacePath", a->namespace_path, "guestLink",
                           a->guest_link);
        if (record)
                put_kind(record, n);
        if (record && n->n_extra > 0)
                put_extra(record, n);
        if (record && n->mode == NETWORK_ZONE)
                put_member(record, n);
        if (record && n->access)
                (void) json_object_set_new(record, "hostAccess", host_access_json(n->access));
        if (record && n->more)
                (void) json_object_set_new(record, "more", network_more_json(n->more));
        return record;
}

int read_text(const json_t *object, const char *key, char *buf, size_t size) {
        const json_t *v = json_object_get(object, key);
        size_t n = json_string_length(v);

        if (!json_is_string(v) || n == 0 || n >= size)
                return -EINVAL;
        memcpy(buf, json_string_value(v), n + 1);
        return 0;
}

static int read_pair(const json_t *object, struct network_pair *p) {
        if (read_text(object, "link", p->link, sizeof(p->link)) < 0 ||
            read_text(object, json_object_get(object, "guestLink") ? "guestLink" : "link", p->guest_link,
                      sizeof(p->guest_link)) < 0 ||
            (json_string_length(json_object_get(object, "bridge")) > 0 &&
             read_text(object, "bridge", p->bridge, sizeof(p->bridge)) < 0) ||
            read_mac(object, "hostMac", &p->host_mac) < 0 || read_mac(object, "containerMac", &p->container_mac) < 0 ||
            read_prefix(object, "hostV4", &p->host_v4) < 0 ||
            read_prefix(object, "containerV4", &p->container_v4) < 0 ||
            read_prefix(object, "hostV6", &p->host_v6) < 0 ||
            read_prefix(object, "containerV6", &p->container_v6) < 0 ||
            read_address(object, "hostLinkLocal", &p->host_link_local) < 0 ||
            read_address(object, "containerLinkLocal", &p->container_link_local) < 0)
                return -EBADMSG;
        p->routed = json_is_true(json_object_get(object, "routed"));
        return 0;
}

static int read_kind(const json_t *record, struct network *n) {
        const json_t *kind = json_object_get(record, "kind");

        n->kind = kind ? CONTAINER_NIXOS : CONTAINER_NSPAWN;
        n->responders = !kind && n->mode == NETWORK_VETH;
        n->routed = json_is_true(json_object_get(record, "routed"));
        return kind && !string_equal(json_string_value(kind), container_kind_name(CONTAINER_NIXOS)) ? -EBADMSG : 0;
}

static int read_extra(const json_t *record, struct network *n) {
        const json_t *extra = json_object_get(record, "extra"), *v;
        size_t i;

        if ((extra && !json_is_array(extra)) || json_array_size(extra) > EXTRA_VETHS_MAX)
                return -EBADMSG;
        if (json_array_size(extra) == 0)
                return 0;
        n->extra = calloc(json_array_size(extra), sizeof(*n->extra));
        if (!n->extra)
                return -ENOMEM;
        json_array_foreach (extra, i, v)
                if (read_pair(v, &n->extra[n->n_extra++]) < 0)
                        return -EBADMSG;
        return 0;
}

static int read_network(const json_t *record, struct network *n) {
        uint64_t mode, mtu;

        if (read_text(record, "name", n->name, sizeof(n->name)) < 0 || container_name_problem(n->name) ||
            (json_string_length(json_object_get(record, "link")) > 0 &&
             read_text(record, "link", n->link, sizeof(n->link)) < 0) ||
            read_boolean(record, "linkShortened", &n->link_shortened) < 0 ||
            read_number(record, "mode", NETWORK_VETH, NETWORK_HOST, &mode) < 0 ||
            read_mac(record, "hostMac", &n->host_mac) < 0 || read_mac(record, "containerMac", &n->container_mac) < 0 ||
            read_prefix(record, "hostV4", &n->host_v4) < 0 ||
            read_prefix(record, "containerV4", &n->container_v4) < 0 ||
            read_prefix(record, "hostV6", &n->host_v6) < 0 ||
            read_prefix(record, "containerV6", &n->container_v6) < 0 ||
            read_address(record, "hostLinkLocal", &n->host_link_local) < 0 ||
            read_address(record, "containerLinkLocal", &n->container_link_local) < 0 ||
            read_number(record, "mtu", 0, UINT32_MAX, &mtu) < 0 ||
            read_boolean(record, "masqueradeV4", &n->masquerade_v4) < 0 ||
            read_boolean(record, "masqueradeV6", &n->masquerade_v6) < 0)
                return -EBADMSG;
        n->mode = (enum network_mode) mode;
        n->mtu = (uint32_t) mtu;
        if (!n->link[0] && (n->mode == NETWORK_VETH || n->mode == NETWORK_ZONE || n->mode == NETWORK_BRIDGE))
                return -EBADMSG;
        if (read_member(record, n) < 0 || read_access(record, n) < 0)
                return -EBADMSG;
        if (json_object_get(record, "more") && network_more_from_json(json_object_get(record, "more"), &n->more) < 0)
                return -EBADMSG;
        return read_kind(record, n) < 0 ? -EBADMSG : read_extra(record, n);
}

int attachment_from_record(const json_t *record, struct attachment **ret) {
        const char *namespace_path = json_string_value(json_object_get(record, "namespacePath"));
        const char *guest_link = json_string_value(json_object_get(record, "guestLink"));
        _cleanup_(attachment_freep) struct attachment *a = NULL;
        _cleanup_(freep) struct forward *forwards = NULL;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        uint64_t version;
        int r;

        if (read_number(record, "version", RECORD_VERSION, RECORD_VERSION, &version) < 0)
                return -EBADMSG;
        r = read_network(record, &n);
        if (r < 0)
                return r;
        r = forwards_from_json(json_object_get(record, "forwards"), &forwards, &n.n_forwards);
        if (r < 0)
                return r == -EINVAL ? -EBADMSG : r;
        n.forwards = forwards;
        a = attachment_new(&n);
        if (!a)
                return -ENOMEM;
        if (namespace_path && guest_link) {
                a->namespace_path = strdup(namespace_path);
                a->guest_link = strdup(guest_link);
                if (!a->namespace_path || !a->guest_link)
                        return -ENOMEM;
        }
        *ret = steal_ptr(a);
        return 0;
}

static json_t *addresses(const struct network *n, const struct prefix *(*nth)(const struct network *n, size_t i)) {
        json_t *list = json_array();
        const struct prefix *p;

        for (size_t i = 0; (p = nth(n, i)); i++)
                (void) json_array_append_new(list, prefix_or_null(p));
        return list;
}

json_t *attachment_json(const struct attachment *a) {
        const struct network *n = &a->network;

        return json_pack("{s:s,s:s,s:s*,s:s,s:o*,s:o,s:o,s:o,s:o,s:o*,s:o,s:s*,s:s*}", "name", n->name, "state",
                         attachment_state_name(a->state), "problem", a->problem, "link", n->link, "linkIndex",
                         a->ifindex > 0 ? json_integer(a->ifindex) : NULL, "hostMac", mac_json(&n->host_mac),
                         "containerMac", mac_json(&n->container_mac), "hostAddresses",
                         addresses(n, network_host_address), "containerAddresses",
                         addresses(n, network_container_address), "mtu", n->mtu > 0 ? json_integer(n->mtu) : NULL,
                         "forwards", forwards_json(n->forwards, n->n_forwards), "namespacePath", a->namespace_path,
                         "bridge", n->bridge[0] ? n->bridge : NULL);
}

bool attachment_same(const struct attachment *a, const struct attachment *b) {
        json_t *one = attachment_record(a), *other = attachment_record(b);
        bool same;

        (void) json_object_del(one, "namespacePath");
        (void) json_object_del(one, "guestLink");
        same = one && other && json_equal(one, other);
        json_decref(one);
        json_decref(other);
        return same;
}

json_t *record_with_pending(json_t *record, json_t *pending) {
        if (json_object_set_new(record, "pending", pending) == 0)
                return record;
        json_decref(record);
        return NULL;
}

int record_file_write(const char *folder, const char *name, json_t *record) {
        _cleanup_(freep) char *path = format("%s/%s.json", folder, name), *text = NULL;

        if (record)
                text = json_dumps(record, JSON_COMPACT);
        json_decref(record);
        return path && text ? file_write_atomic(path, text, strlen(text), 0600, false) : -ENOMEM;
}

int record_file_remove(const char *folder, const char *name) {
        _cleanup_(freep) char *path = format("%s/%s.json", folder, name);

        return path ? file_remove(path) : -ENOMEM;
}

int record_write(const struct attachment *a, const struct attachment *pending) {
        json_t *record = attachment_record(a);

        if (pending)
                record = record_with_pending(record, attachment_record(pending));
        return record_file_write(PATH_ATTACHED, a->network.name, record);
}

int record_remove(const char *name) {
        return record_file_remove(PATH_ATTACHED, name);
}
