/* Elements as bytes: which fields make up the key and the data of each set, in the order of base.nft. In concatenations
 * the kernel wants every field padded to four bytes. */
#include "firewall/firewall.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

enum field {
        FIELD_NONE,
        FIELD_LINK,     /* 16 bytes */
        FIELD_MAC,      /* 6, padded to 8 */
        FIELD_ADDRESS,  /* element.prefix: 4 or 16 */
        FIELD_PROTOCOL, /* 1, padded to 4 */
        FIELD_PORT,     /* 2, padded to 4 */
        FIELD_TO,
        FIELD_TO_PORT,
};

enum {
        FIELDS_MAX = 4,
        KEY_MAX = IFNAMSIZ + 8 + 8 + 16,
        ELEMENTS_A_MESSAGE = 1000, /* an attribute holds 64 KiB, an element at most 60 bytes */
};

struct layout {
        uint8_t family; /* NFPROTO_* */
        const char *table, *set;
        bool interval;
        enum field key[FIELDS_MAX], data[FIELDS_MAX];
};

#define SYSTEMD "io.systemd.nat"
#define OURS    "nixos_nspawn"

static const struct layout layouts[_SET_MAX] = {
        [SET_MASQUERADE_V4] = {NFPROTO_IPV4, SYSTEMD, "masq_saddr", true, {FIELD_ADDRESS}},
        [SET_MASQUERADE_V6] = {NFPROTO_IPV6, SYSTEMD, "masq_saddr", true, {FIELD_ADDRESS}},
        [SET_FORWARD_V4] = {NFPROTO_IPV4,
                            SYSTEMD,
                            "map_port_ipport",
                            false,
                            {FIELD_PROTOCOL, FIELD_PORT},
                            {FIELD_TO, FIELD_TO_PORT}},
        [SET_FORWARD_V6] = {NFPROTO_IPV6,
                            SYSTEMD,
                            "map_port_ipport",
                            false,
                            {FIELD_PROTOCOL, FIELD_PORT},
                            {FIELD_TO, FIELD_TO_PORT}},
        [SET_BOUND_V4] = {NFPROTO_INET,
                          OURS,
                          "bound_v4",
                          false,
                          {FIELD_PROTOCOL, FIELD_ADDRESS, FIELD_PORT},
                          {FIELD_TO, FIELD_TO_PORT}},
        [SET_BOUND_V6] = {NFPROTO_INET,
                          OURS,
                          "bound_v6",
                          false,
                          {FIELD_PROTOCOL, FIELD_ADDRESS, FIELD_PORT},
                          {FIELD_TO, FIELD_TO_PORT}},
        [SET_LINKS] = {NFPROTO_INET, OURS, "links", false, {FIELD_LINK}},
        [SET_MACS] = {NFPROTO_INET, OURS, "macs", false, {FIELD_LINK, FIELD_MAC}},
        [SET_SOURCE_V4] = {NFPROTO_INET, OURS, "source_v4", false, {FIELD_LINK, FIELD_ADDRESS}},
        [SET_SOURCE_V6] = {NFPROTO_INET, OURS, "source_v6", false, {FIELD_LINK, FIELD_ADDRESS}},
        [SET_ADVERTISED] = {NFPROTO_INET, OURS, "advertised", false, {FIELD_LINK, FIELD_ADDRESS}},
        [SET_CLOSED] = {NFPROTO_INET, OURS, "closed", false, {FIELD_LINK}},
        [SET_ROUTED] = {NFPROTO_INET, OURS, "routed", false, {FIELD_LINK}},
        [SET_OPEN_V4] = {NFPROTO_INET, OURS, "open_v4", false, {FIELD_LINK, FIELD_ADDRESS}},
        [SET_OPEN_V6] = {NFPROTO_INET, OURS, "open_v6", false, {FIELD_LINK, FIELD_ADDRESS}},
        [SET_GATEWAYS] = {NFPROTO_INET, OURS, "gateways", false, {FIELD_LINK}},
        [SET_THROUGH_V4] = {NFPROTO_INET, OURS, "through_v4", false, {FIELD_LINK}},
        [SET_THROUGH_V6] = {NFPROTO_INET, OURS, "through_v6", false, {FIELD_LINK}},
        [SET_ARP_LINKS] = {NFPROTO_ARP, OURS, "links", false, {FIELD_LINK}},
        [SET_ARP_SENDERS] = {NFPROTO_ARP, OURS, "senders", false, {FIELD_LINK, FIELD_MAC, FIELD_MAC, FIELD_ADDRESS}},
        [SET_WITHIN] = {NFPROTO_INET, OURS, "within", false, {FIELD_LINK, FIELD_LINK}},
        [SET_INTERNAL] = {NFPROTO_INET, OURS, "internal", false, {FIELD_LINK}},
        [SET_ACCESS_ALL] = {NFPROTO_INET, OURS, "access_all", false, {FIELD_LINK}},
        [SET_ACCESS_NONE] = {NFPROTO_INET, OURS, "access_none", false, {FIELD_LINK}},
        [SET_ACCESS_PORTS] = {NFPROTO_INET, OURS, "access_ports", false, {FIELD_LINK, FIELD_PROTOCOL, FIELD_PORT}},
        [SET_PORTS] = {NFPROTO_BRIDGE, OURS, "ports", false, {FIELD_LINK}},
        [SET_PORT_MACS] = {NFPROTO_BRIDGE, OURS, "macs", false, {FIELD_LINK, FIELD_MAC}},
        [SET_PORT_SOURCE_V4] = {NFPROTO_BRIDGE, OURS, "source_v4", false, {FIELD_LINK, FIELD_ADDRESS}},
        [SET_PORT_SOURCE_V6] = {NFPROTO_BRIDGE, OURS, "source_v6", false, {FIELD_LINK, FIELD_ADDRESS}},
        [SET_PORT_ADVERTISED] = {NFPROTO_BRIDGE, OURS, "advertised", false, {FIELD_LINK, FIELD_ADDRESS}},
        [SET_PORT_SENDERS] =
                {NFPROTO_BRIDGE, OURS, "senders", false, {FIELD_LINK, FIELD_MAC, FIELD_MAC, FIELD_ADDRESS}},
        [SET_PORT_CLIENTS] = {NFPROTO_BRIDGE, OURS, "clients", false, {FIELD_LINK, FIELD_MAC}},
        [SET_PORT_ISOLATED] = {NFPROTO_BRIDGE, OURS, "isolated", false, {FIELD_LINK}},
};

static size_t field_put(enum field field, const struct element *e, uint16_t nth, uint8_t *at) {
        uint16_t port = htons((uint16_t) (e->port + nth)), to_port = htons((uint16_t) (e->to_port + nth));
        const void *from;
        size_t size;
        switch (field) {
        case FIELD_LINK:
                from = e->link, size = sizeof(e->link);
                break;
        case FIELD_MAC:
                from = e->mac.bytes, size = sizeof(e->mac.bytes);
                break;
        case FIELD_ADDRESS:
                from = e->prefix.address.bytes, size = address_size(&e->prefix.address);
                break;
        case FIELD_PROTOCOL:
                from = &e->protocol, size = sizeof(e->protocol);
                break;
        case FIELD_PORT:
                from = &port, size = sizeof(port);
                break;
        case FIELD_TO:
                from = e->to.bytes, size = address_size(&e->to);
                break;
        case FIELD_TO_PORT:
                from = &to_port, size = sizeof(to_port);
                break;
        case FIELD_NONE:
        default:
                return 0;
        }
        memcpy(at, from, size);
        return netlink_align(size);
}

static void put_value(struct netlink_batch *b, uint16_t type, const void *data, size_t size) {
        size_t nest = netlink_nest(b, type);
        netlink_put(b, NFTA_DATA_VALUE, data, size);
        netlink_nest_end(b, nest);
}

static void put_fields(struct netlink_batch *b, uint16_t type, const enum field fields[FIELDS_MAX],
                       const struct element *e, uint16_t nth) {
        uint8_t bytes[KEY_MAX] = {0};
        size_t size = 0;
        for (unsigned int i = 0; i < FIELDS_MAX && fields[i] != FIELD_NONE; i++)
                size += field_put(fields[i], e, nth, bytes + size);
        put_value(b, type, bytes, size);
}

static void put_element(struct netlink_batch *b, const struct layout *l, const struct element *e, uint16_t nth,
                        bool with_data) {
        size_t nest = netlink_nest(b, NFTA_LIST_ELEM);
        put_fields(b, NFTA_SET_ELEM_KEY, l->key, e, nth);
        if (with_data && l->data[0] != FIELD_NONE)
                put_fields(b, NFTA_SET_ELEM_DATA, l->data, e, nth);
        netlink_nest_end(b, nest);
}

/* The first address behind the range; false when it is the last one of all. */
static bool prefix_end(const struct prefix *p, struct address *ret) {
        *ret = prefix_network(p).address;
        unsigned int i = p->length;
        while (i-- > 0) {
                uint8_t bit = (uint8_t) (0x80 >> (i % 8));
                ret->bytes[i / 8] ^= bit;
                if (ret->bytes[i / 8] & bit)
                        return true;
        }
        return false;
}

/* Interval sets hold where a range begins and, flagged, where it is over. */
static void put_interval(struct netlink_batch *b, const struct element *e) {
        struct address begin = prefix_network(&e->prefix).address, end;
        size_t nest = netlink_nest(b, NFTA_LIST_ELEM);
        put_value(b, NFTA_SET_ELEM_KEY, begin.bytes, address_size(&begin));
        netlink_nest_end(b, nest);
        if (!prefix_end(&e->prefix, &end))
                return;
        nest = netlink_nest(b, NFTA_LIST_ELEM);
        netlink_put_u32(b, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
        put_value(b, NFTA_SET_ELEM_KEY, end.bytes, address_size(&end));
        netlink_nest_end(b, nest);
}

static void batch_mark(struct netlink_batch *b, uint16_t type) {
        void *header;
        netlink_begin(b, type, 0, sizeof(struct nfgenmsg), &header);
        *(struct nfgenmsg *) header = (struct nfgenmsg){.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
}

void firewall_begin(struct netlink_batch *b) {
        batch_mark(b, NFNL_MSG_BATCH_BEGIN);
}

void firewall_end(struct netlink_batch *b) {
        /* A refused message is answered in any case: one ACK, of the last, says that all went well. */
        netlink_want_ack(b);
        batch_mark(b, NFNL_MSG_BATCH_END);
}

uint32_t firewall_element(struct netlink_batch *b, const struct element *e, enum firewall_verb verb) {
        static const struct {
                uint16_t type, flags;
        } verbs[] = {
                [FIREWALL_ADD_NEW] = {NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL},
                [FIREWALL_ADD] = {NFT_MSG_NEWSETELEM, NLM_F_CREATE},
                [FIREWALL_REMOVE] = {NFT_MSG_DELSETELEM, 0},
        };
        const struct layout *l = &layouts[e->set];
        unsigned int ports = element_fields(e->set) & ELEMENT_PORT && e->count > 0 ? e->count : 1;
        uint32_t first = b->n;
        for (unsigned int done = 0; done < ports; done += ELEMENTS_A_MESSAGE) {
                void *header;
                netlink_begin(b, (uint16_t) (NFNL_SUBSYS_NFTABLES << 8 | verbs[verb].type), verbs[verb].flags,
                              sizeof(struct nfgenmsg), &header);
                *(struct nfgenmsg *) header = (struct nfgenmsg){.nfgen_family = l->family, .version = NFNETLINK_V0};
                netlink_put_string(b, NFTA_SET_ELEM_LIST_TABLE, l->table);
                netlink_put_string(b, NFTA_SET_ELEM_LIST_SET, l->set);
                size_t list = netlink_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
                if (l->interval)
                        put_interval(b, e);
                else
                        for (unsigned int i = done; i < ports && i < done + ELEMENTS_A_MESSAGE; i++)
                                put_element(b, l, e, (uint16_t) i, verb != FIREWALL_REMOVE);
                netlink_nest_end(b, list);
        }
        return first;
}
