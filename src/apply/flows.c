/* Connection tracking keeps a UDP flow going where it went, for as long as packets come: one whose forward is another
 * by now would never notice. The kernel is asked for UDP flows alone, and those are deleted that
 *
 *   - a forward that went had sent to its container, or
 *   - the host itself was sent on a port that a forward has by now.
 *
 * The next packet of each begins it anew. */
#include "apply/step.h"

#include "base/buffer.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>

/* Of the kernel, which does not tell it in its headers: what a CTA_FILTER compares. */
#define FILTER_PROTOCOL (1u << 3)

enum {
        TUPLE_MAX = 128, /* bytes of an original tuple: two addresses, two ports */
        DELETES_A_SEND = 64,
};

struct tuple {
        struct address source, destination;
        uint16_t source_port, destination_port; /* host order */
};

struct flow {
        uint8_t family;
        uint16_t size;
        uint32_t id; /* as it came; flows begin anew under another one */
        uint16_t zone;
        uint8_t tuple[TUPLE_MAX]; /* the original one, as it came */
};

struct search {
        const struct plan *plan;
        const struct netlink_address *addresses; /* the host's */
        size_t n_addresses;
        struct flow *flows; /* owned */
        size_t n, capacity;
        uint8_t ports[(UINT16_MAX + 1) / 8]; /* that any forward of the plan has */
};

static void search_clear(struct search *s) {
        free(s->flows);
        s->flows = NULL;
}

static void search_restart(void *userdata) {
        struct search *s = userdata;
        s->n = 0;
}

static const struct element *forward_of(const struct operation *o) {
        const struct element *e = &o->element;
        return operation_is_element(o) && (element_fields(e->set) & ELEMENT_PORT) && e->protocol == IPPROTO_UDP ? e
                                                                                                                : NULL;
}

static bool note_ports(struct search *s, uint8_t family) {
        bool any = false;
        for (size_t i = 0; i < s->plan->n; i++) {
                const struct element *e = forward_of(&s->plan->operations[i]);
                if (!e || e->to.family != family)
                        continue;
                for (uint32_t port = e->port; port < (uint32_t) e->port + e->count && port <= UINT16_MAX; port++)
                        s->ports[port / 8] |= (uint8_t) (1u << port % 8);
                any = true;
        }
        return any;
}

static bool read_port(const struct nlattr *a, uint16_t *ret) {
        uint16_t port;
        if (!a || netlink_attribute_size(a) != sizeof(port))
                return false;
        memcpy(&port, netlink_attribute_data(a), sizeof(port));
        *ret = ntohs(port);
        return true;
}

static bool read_address(const struct nlattr *v4, const struct nlattr *v6, struct address *ret) {
        const struct nlattr *a = v4 ? v4 : v6;
        *ret = (struct address){.family = v4 ? AF_INET : AF_INET6};
        if (!a || netlink_attribute_size(a) != address_size(ret))
                return false;
        memcpy(ret->bytes, netlink_attribute_data(a), address_size(ret));
        return true;
}

static bool read_tuple(const struct nlattr *a, struct tuple *ret) {
        const struct nlattr *parts[CTA_TUPLE_MAX + 1], *ip[CTA_IP_MAX + 1], *protocol[CTA_PROTO_MAX + 1];
        return a && netlink_parse(netlink_attribute_data(a), netlink_attribute_size(a), parts, CTA_TUPLE_MAX) == 0 &&
               parts[CTA_TUPLE_IP] && parts[CTA_TUPLE_PROTO] &&
               netlink_parse(netlink_attribute_data(parts[CTA_TUPLE_IP]), netlink_attribute_size(parts[CTA_TUPLE_IP]),
                             ip, CTA_IP_MAX) == 0 &&
               netlink_parse(netlink_attribute_data(parts[CTA_TUPLE_PROTO]),
                             netlink_attribute_size(parts[CTA_TUPLE_PROTO]), protocol, CTA_PROTO_MAX) == 0 &&
               protocol[CTA_PROTO_NUM] && netlink_attribute_size(protocol[CTA_PROTO_NUM]) == 1 &&
               *(const uint8_t *) netlink_attribute_data(protocol[CTA_PROTO_NUM]) == IPPROTO_UDP &&
               read_address(ip[CTA_IP_V4_SRC], ip[CTA_IP_V6_SRC], &ret->source) &&
               read_address(ip[CTA_IP_V4_DST], ip[CTA_IP_V6_DST], &ret->destination) &&
               read_port(protocol[CTA_PROTO_SRC_PORT], &ret->source_port) &&
               read_port(protocol[CTA_PROTO_DST_PORT], &ret->destination_port);
}

static bool is_of_host(const struct search *s, const struct address *a) {
        for (size_t i = 0; i < s->n_addresses; i++)
                if (address_equal(&s->addresses[i].address.address, a))
                        return true;
        return false;
}

static bool matches(const struct search *s, const struct operation *o, const struct tuple *original,
                    const struct tuple *reply) {
        const struct element *e = forward_of(o);
        uint16_t port = original->destination_port;
        if (!e || e->to.family != original->destination.family || port < e->port || port - e->port >= e->count ||
            (e->prefix.address.family != AF_UNSPEC && !address_equal(&e->prefix.address, &original->destination)))
                return false;
        if (o->kind == OPERATION_ELEMENT_REMOVE)
                return address_equal(&reply->source, &e->to) &&
                       reply->source_port == (uint16_t) (e->to_port + (port - e->port));
        return address_equal(&reply->source, &original->destination) && is_of_host(s, &original->destination);
}

static bool is_wanted(const struct search *s, const struct tuple *original, const struct tuple *reply) {
        uint16_t port = original->destination_port;
        if (!(s->ports[port / 8] & (1u << port % 8)))
                return false;
        for (size_t i = 0; i < s->plan->n; i++)
                if (matches(s, &s->plan->operations[i], original, reply))
                        return true;
        return false;
}

static struct flow *flow_add(struct search *s) {
        if (s->n == s->capacity) {
                size_t capacity = s->capacity ? s->capacity * 2 : 16;
                struct flow *flows = reallocarray(s->flows, capacity, sizeof(*flows));
                if (!flows)
                        return NULL;
                s->flows = flows;
                s->capacity = capacity;
        }
        s->flows[s->n] = (struct flow){0};
        return &s->flows[s->n++];
}

static int on_flow(const struct nlmsghdr *h, uint32_t index, void *userdata) {
        struct search *s = userdata;
        const struct nfgenmsg *header = NLMSG_DATA(h);
        const struct nlattr *table[CTA_MAX + 1], *a;
        struct tuple original, reply;
        if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*header)) ||
            netlink_parse((const uint8_t *) h + NLMSG_LENGTH(sizeof(*header)),
                          h->nlmsg_len - NLMSG_LENGTH(sizeof(*header)), table, CTA_MAX) < 0)
                return -EBADMSG;
        a = table[CTA_TUPLE_ORIG];
        if (!read_tuple(a, &original) || !read_tuple(table[CTA_TUPLE_REPLY], &reply) ||
            netlink_attribute_size(a) > TUPLE_MAX || !is_wanted(s, &original, &reply))
                return 0;
        struct flow *f = flow_add(s);
        if (!f)
                return -ENOMEM;
        f->family = header->nfgen_family;
        f->size = (uint16_t) netlink_attribute_size(a);
        f->id = netlink_attribute_u32(table[CTA_ID], 0);
        if (table[CTA_ZONE] && netlink_attribute_size(table[CTA_ZONE]) == sizeof(f->zone))
                memcpy(&f->zone, netlink_attribute_data(table[CTA_ZONE]), sizeof(f->zone));
        memcpy(f->tuple, netlink_attribute_data(a), f->size);
        return 0;
}

static void begin(struct netlink_batch *b, uint8_t type, uint16_t flags, uint8_t family) {
        void *header;
        netlink_begin(b, (uint16_t) (NFNL_SUBSYS_CTNETLINK << 8 | type), flags, sizeof(struct nfgenmsg), &header);
        *(struct nfgenmsg *) header = (struct nfgenmsg){.nfgen_family = family, .version = NFNETLINK_V0};
}

static int find(struct engine *engine, struct search *s, uint8_t family) {
        struct netlink_batch *b = &engine->batch;
        netlink_batch_reset(b);
        begin(b, IPCTNL_MSG_CT_GET, 0, family);
        size_t tuple = netlink_nest(b, CTA_TUPLE_ORIG), protocol = netlink_nest(b, CTA_TUPLE_PROTO);
        netlink_put_u8(b, CTA_PROTO_NUM, IPPROTO_UDP);
        netlink_nest_end(b, protocol);
        netlink_nest_end(b, tuple);
        size_t filter = netlink_nest(b, CTA_FILTER);
        netlink_put_u32(b, CTA_FILTER_ORIG_FLAGS, FILTER_PROTOCOL);
        netlink_nest_end(b, filter);
        return netlink_dump(engine->firewall, b, on_flow, search_restart, s);
}

static int delete (struct engine *engine, const struct search *s) {
        struct netlink_batch *b = &engine->batch;
        int first = 0;
        for (size_t at = 0; at < s->n; at += DELETES_A_SEND) {
                netlink_batch_reset(b);
                for (size_t i = at; i < s->n && i < at + DELETES_A_SEND; i++) {
                        const struct flow *f = &s->flows[i];
                        begin(b, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, f->family);
                        netlink_put(b, CTA_TUPLE_ORIG | NLA_F_NESTED, f->tuple, f->size);
                        netlink_put_u32(b, CTA_ID, f->id);
                        if (f->zone)
                                netlink_put(b, CTA_ZONE, &f->zone, sizeof(f->zone));
                }
                uint32_t failed;
                int r = netlink_send(engine->firewall, b, NULL, NULL, &failed);
                if (r < 0 && r != -ENOENT && first == 0) /* it ended by itself */
                        first = r;
        }
        return first;
}

int engine_forget_flows(struct engine *engine, const struct plan *plan) {
        static const uint8_t families[] = {AF_INET, AF_INET6};
        _cleanup_(freep) struct netlink_address *addresses = NULL;
        size_t n_addresses = 0;
        int r = 0;
        for (size_t i = 0; i < ELEMENTS_OF(families) && r >= 0; i++) {
                _cleanup_(search_clear) struct search s = {.plan = plan};
                if (!note_ports(&s, families[i]))
                        continue;
                if (!addresses)
                        r = netlink_addresses(engine->route, &addresses, &n_addresses);
                s.addresses = addresses;
                s.n_addresses = n_addresses;
                if (r >= 0)
                        r = find(engine, &s, families[i]);
                if (r >= 0)
                        r = delete (engine, &s);
        }
        return r;
}
