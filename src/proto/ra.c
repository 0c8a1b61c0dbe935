/* Router advertisements: a fixed head and options, each a multiple of eight bytes. */
#include "proto/ra.h"
#include "proto/dns-name.h"
#include "proto/wire.h"

#include <errno.h>

#define IPV6_HEADER_SIZE   40
#define TYPE_SOLICITATION  133
#define TYPE_ADVERTISEMENT 134
#define CURRENT_HOP_LIMIT  64
#define SOLICITATION_SIZE  8

enum {
        OPTION_SOURCE_MAC = 1,
        OPTION_PREFIX = 3,
        OPTION_MTU = 5,
        OPTION_ROUTE = 24,
        OPTION_DNS = 25,
        OPTION_DOMAIN = 31,
};

static void write_prefix(struct writer *w, const struct ra_prefix *p) {
        struct prefix network = prefix_network(&p->prefix);

        writer_u8(w, OPTION_PREFIX);
        writer_u8(w, 4);
        writer_u8(w, network.length);
        writer_u8(w, (p->off_link ? 0 : 0x80) | (p->autonomous ? 0x40 : 0));
        writer_u32(w, p->valid);
        writer_u32(w, p->preferred);
        writer_zero(w, 4);
        writer_bytes(w, network.address.bytes, 16);
}

/* Of the prefix as much as there is, in units of eight bytes (RFC 4191 2.3). */
static void write_route(struct writer *w, const struct ra_route *r) {
        struct prefix network = prefix_network(&r->prefix);
        size_t units = network.length == 0 ? 0 : network.length <= 64 ? 1 : 2;

        writer_u8(w, OPTION_ROUTE);
        writer_u8(w, (uint8_t) (1 + units));
        writer_u8(w, network.length);
        writer_zero(w, 1); /* of medium preference */
        writer_u32(w, r->lifetime);
        writer_bytes(w, network.address.bytes, units * 8);
}

static void write_dns(struct writer *w, const struct ra_config *c) {
        const struct in6_addr *servers = c->n_servers > 0 ? c->servers : &c->dns;
        size_t n = c->n_servers > 0 ? c->n_servers : 1;

        writer_u8(w, OPTION_DNS);
        writer_u8(w, (uint8_t) (1 + 2 * n));
        writer_zero(w, 2);
        writer_u32(w, c->dns_lifetime);
        writer_bytes(w, servers, n * sizeof(*servers));
}

static int write_domain(struct writer *w, const struct ra_config *c) {
        struct dns_name name;
        size_t units;
        int k;

        k = dns_name_parse(c->domain, &name);
        if (k < 0)
                return k;
        units = (8 + (size_t) name.size + 7) / 8;
        writer_u8(w, OPTION_DOMAIN);
        writer_u8(w, (uint8_t) units);
        writer_zero(w, 2);
        writer_u32(w, c->domain_lifetime);
        writer_bytes(w, name.wire, name.size);
        writer_zero(w, units * 8 - 8 - name.size);
        return 0;
}

int ra_build(const struct ra_config *c, uint8_t *data, size_t capacity, size_t *ret_size) {
        struct writer w = {.data = data, .capacity = capacity};
        int k = 0;

        writer_u8(&w, TYPE_ADVERTISEMENT);
        writer_zero(&w, 3); /* code, checksum */
        writer_u8(&w, CURRENT_HOP_LIMIT);
        writer_u8(&w, (uint8_t) ((c->managed ? 0x80 : 0) | (c->other ? 0x40 : 0)));
        writer_u16(&w, c->router_lifetime);
        writer_zero(&w, 8); /* reachable time, retransmission: unspecified */

        writer_u8(&w, OPTION_SOURCE_MAC);
        writer_u8(&w, 1);
        writer_bytes(&w, c->mac.bytes, ETH_ALEN);
        if (c->mtu > 0) {
                writer_u8(&w, OPTION_MTU);
                writer_u8(&w, 1);
                writer_zero(&w, 2);
                writer_u32(&w, c->mtu);
        }
        for (size_t i = 0; i < c->n_prefixes; i++)
                write_prefix(&w, &c->prefixes[i]);
        for (size_t i = 0; i < c->n_routes; i++)
                write_route(&w, &c->routes[i]);
        if (c->n_servers > 0 || !IN6_IS_ADDR_UNSPECIFIED(&c->dns))
                write_dns(&w, c);
        if (c->domain)
                k = write_domain(&w, c);
        if (k < 0)
                return k;
        if (w.overflow)
                return -ENOBUFS;
        *ret_size = w.size;
        return 0;
}

/* The one's complement sum of RFC 1071, folded. An odd last byte counts as if a zero came behind it. */
static uint32_t sum(uint32_t s, const uint8_t *data, size_t size) {
        for (size_t i = 0; i < size; i++)
                s += i % 2 == 0 ? (uint32_t) data[i] << 8 : data[i];
        while (s >> 16)
                s = (s & 0xffff) + (s >> 16);
        return s;
}

int ra_packet_build(const struct ra_config *c, const struct in6_addr *from, const struct in6_addr *to, uint8_t *data,
                    size_t capacity, size_t *ret_size) {
        struct writer w = {.data = data, .capacity = capacity};
        uint8_t *message = data + IPV6_HEADER_SIZE;
        uint32_t s;
        size_t size;
        int k;

        if (capacity < IPV6_HEADER_SIZE)
                return -ENOBUFS;
        k = ra_build(c, message, capacity - IPV6_HEADER_SIZE, &size);
        if (k < 0)
                return k;
        writer_u32(&w, UINT32_C(6) << 28);
        writer_u16(&w, (uint16_t) size);
        writer_u8(&w, IPPROTO_ICMPV6);
        writer_u8(&w, RA_HOP_LIMIT);
        writer_bytes(&w, from, sizeof(*from));
        writer_bytes(&w, to, sizeof(*to));
        /* The pseudo-header of RFC 8200 8.1 (both addresses, length, next header), then the message. */
        s = sum(IPPROTO_ICMPV6 + (uint32_t) size, data + 8, 32);
        s = ~sum(s, message, size) & 0xffff;
        message[2] = (uint8_t) (s >> 8);
        message[3] = (uint8_t) s;
        *ret_size = IPV6_HEADER_SIZE + size;
        return 0;
}

int router_solicitation_parse(const uint8_t *data, size_t size, int hop_limit, const struct in6_addr *source,
                              struct router_solicitation *ret) {
        struct reader r = {data, size};
        const uint8_t *fixed, *content;
        uint8_t type, units;

        *ret = (struct router_solicitation){0};
        if (hop_limit != RA_HOP_LIMIT || !reader_take(&r, SOLICITATION_SIZE, &fixed) || fixed[0] != TYPE_SOLICITATION ||
            fixed[1] != 0)
                return -EBADMSG;
        if (!IN6_IS_ADDR_UNSPECIFIED(source) && !IN6_IS_ADDR_LINKLOCAL(source))
                return -EBADMSG;
        while (r.size > 0) {
                if (!reader_u8(&r, &type) || !reader_u8(&r, &units) || units == 0 ||
                    !reader_take(&r, (size_t) units * 8 - 2, &content))
                        return -EBADMSG;
                if (type != OPTION_SOURCE_MAC || units != 1)
                        continue;
                /* Who has no address yet cannot be answered at one. */
                if (IN6_IS_ADDR_UNSPECIFIED(source))
                        return -EBADMSG;
                ret->has_mac = true;
                memcpy(ret->mac.bytes, content, ETH_ALEN);
        }
        return 0;
}
