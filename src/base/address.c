/* Both families share the code: a family says how many of the bytes count. */
#include "address.h"

#include "cleanup.h"
#include "parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int address_parse(const char *s, struct address *ret) {
        struct address a = ADDRESS_NONE;

        if (!s)
                return -EINVAL;
        if (inet_pton(AF_INET, s, &a.v4) == 1)
                a.family = AF_INET;
        else if (inet_pton(AF_INET6, s, &a.v6) == 1)
                a.family = AF_INET6;
        else
                return -EINVAL;
        *ret = a;
        return 0;
}

int prefix_parse(const char *s, bool length_optional, struct prefix *ret) {
        char text[ADDRESS_TEXT_MAX];
        struct prefix p = {0};
        const char *slash;
        uint64_t length;
        size_t n;
        int r;

        if (!s)
                return -EINVAL;
        slash = strchr(s, '/');
        n = slash ? (size_t) (slash - s) : strlen(s);
        if (n >= sizeof text)
                return -EINVAL;
        memcpy(text, s, n);
        text[n] = '\0';
        r = address_parse(text, &p.address);
        if (r < 0)
                return r;
        p.length = address_bits(&p.address);
        if (slash) {
                if (parse_unsigned(slash + 1, 0, p.length, &length) < 0)
                        return -EINVAL;
                p.length = (uint8_t) length;
        } else if (!length_optional)
                return -EINVAL;
        *ret = p;
        return 0;
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

int mac_parse(const char *s, struct mac *ret) {
        struct mac m;

        if (!s || strlen(s) != MAC_TEXT_MAX - 1)
                return -EINVAL;
        for (size_t i = 0; i < ETH_ALEN; i++) {
                int high = hex_digit(s[3 * i]), low = hex_digit(s[3 * i + 1]);

                if (high < 0 || low < 0 || s[3 * i + 2] != (i + 1 < ETH_ALEN ? ':' : '\0'))
                        return -EINVAL;
                m.bytes[i] = (uint8_t) (high << 4 | low);
        }
        *ret = m;
        return 0;
}

const char *address_format(const struct address *a, char buf[ADDRESS_TEXT_MAX]) {
        if (address_size(a) == 0 || !inet_ntop(a->family, a->bytes, buf, ADDRESS_TEXT_MAX))
                buf[0] = '\0';
        return buf;
}

const char *prefix_format(const struct prefix *p, char buf[PREFIX_TEXT_MAX]) {
        char text[ADDRESS_TEXT_MAX];

        (void) snprintf(buf, PREFIX_TEXT_MAX, "%s/%u", address_format(&p->address, text), p->length);
        return buf;
}

const char *mac_format(const struct mac *m, char buf[MAC_TEXT_MAX]) {
        const uint8_t *b = m->bytes;

        (void) snprintf(buf, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
        return buf;
}

size_t address_size(const struct address *a) {
        return a->family == AF_INET ? 4 : a->family == AF_INET6 ? 16 : 0;
}

uint8_t address_bits(const struct address *a) {
        return (uint8_t) (address_size(a) * 8);
}

bool address_equal(const struct address *a, const struct address *b) {
        return address_compare(a, b) == 0;
}

int address_compare(const struct address *a, const struct address *b) {
        if (a->family != b->family)
                return a->family < b->family ? -1 : 1;
        return memcmp(a->bytes, b->bytes, address_size(a));
}

bool address_is_link_local(const struct address *a) {
        if (a->family == AF_INET)
                return a->bytes[0] == 169 && a->bytes[1] == 254;
        return a->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a->v6);
}

bool address_is_loopback(const struct address *a) {
        if (a->family == AF_INET)
                return a->bytes[0] == 127;
        return a->family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a->v6);
}

bool address_is_unique_local(const struct address *a) {
        return a->family == AF_INET6 && (a->bytes[0] & 0xfe) == 0xfc;
}

bool address_is_multicast(const struct address *a) {
        if (a->family == AF_INET)
                return (a->bytes[0] & 0xf0) == 0xe0;
        return a->family == AF_INET6 && a->bytes[0] == 0xff;
}

bool address_is_global_v6(const struct address *a) {
        return a->family == AF_INET6 && !address_is_unique_local(a) && !address_is_link_local(a);
}

struct prefix prefix_of_address(const struct address *a) {
        return (struct prefix){.address = *a, .length = address_bits(a)};
}

bool prefix_contains(const struct prefix *p, const struct address *a) {
        unsigned whole = p->length / 8, rest = p->length % 8;
        uint8_t mask = (uint8_t) (0xff00u >> rest);

        if (a->family != p->address.family || address_size(a) == 0 || p->length > address_bits(a))
                return false;
        if (memcmp(a->bytes, p->address.bytes, whole) != 0)
                return false;
        return rest == 0 || ((a->bytes[whole] ^ p->address.bytes[whole]) & mask) == 0;
}

bool prefix_equal(const struct prefix *a, const struct prefix *b) {
        return a->length == b->length && address_equal(&a->address, &b->address);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b) {
        return a->length <= b->length ? prefix_contains(a, &b->address) : prefix_contains(b, &a->address);
}

struct prefix prefix_network(const struct prefix *p) {
        struct prefix n = *p;
        size_t size = address_size(&n.address), whole = n.length / 8;

        if (whole < size) {
                n.address.bytes[whole] &= (uint8_t) (0xff00u >> (n.length % 8));
                memset(n.address.bytes + whole + 1, 0, size - whole - 1);
        }
        return n;
}

struct address prefix_broadcast(const struct prefix *p) {
        struct address broadcast = p->address;

        if (broadcast.family != AF_INET || p->length > 30)
                return ADDRESS_NONE;
        broadcast.v4.s_addr |= htonl(UINT32_MAX >> p->length);
        return broadcast;
}

bool prefix_is_of_host(const struct prefix *p) {
        struct address network = prefix_network(p).address, broadcast = prefix_broadcast(p);

        return p->length + 1 >= address_bits(&p->address) ||
               (!address_equal(&p->address, &network) && !address_equal(&p->address, &broadcast));
}

struct address prefix_nth(const struct prefix *p, uint64_t n) {
        struct prefix network = prefix_network(p);
        uint8_t *bytes = network.address.bytes;

        for (size_t i = address_size(&network.address); i-- > 0 && n > 0;) {
                n += bytes[i];
                bytes[i] = (uint8_t) n;
                n >>= 8;
        }
        return network.address;
}

bool mac_equal(const struct mac *a, const struct mac *b) {
        return memcmp(a->bytes, b->bytes, ETH_ALEN) == 0;
}

struct address address_eui64(const struct prefix *p, const struct mac *m) {
        struct address a = {.family = AF_INET6};

        memcpy(a.bytes, p->address.bytes, 8);
        a.bytes[8] = m->bytes[0] ^ 0x02;
        a.bytes[9] = m->bytes[1];
        a.bytes[10] = m->bytes[2];
        a.bytes[11] = 0xff;
        a.bytes[12] = 0xfe;
        a.bytes[13] = m->bytes[3];
        a.bytes[14] = m->bytes[4];
        a.bytes[15] = m->bytes[5];
        return a;
}

struct address address_link_local(const struct mac *m) {
        static const struct prefix link_local = {
                .address = {.family = AF_INET6, .bytes = {0xfe, 0x80}},
                .length = 64,
        };

        return address_eui64(&link_local, m);
}

bool address_is_made_from(const struct address *a, const struct mac *m) {
        struct address made = address_link_local(m);

        return address_equal(&made, a);
}
