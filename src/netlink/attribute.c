/* Reading attributes: every length is checked before the bytes behind it are looked at. */
#include "netlink/netlink.h"

#include <errno.h>
#include <string.h>

int netlink_parse(const void *data, size_t size, const struct nlattr **table, uint16_t max) {
        const uint8_t *p = data;
        memset(table, 0, sizeof(*table) * ((size_t) max + 1));
        while (size >= NETLINK_ATTRIBUTE_HEADER) {
                const struct nlattr *a = (const struct nlattr *) (const void *) p;
                if (a->nla_len < NETLINK_ATTRIBUTE_HEADER || a->nla_len > size)
                        return -EBADMSG;
                uint16_t type = a->nla_type & (uint16_t) NLA_TYPE_MASK;
                if (type <= max)
                        table[type] = a;
                size_t step = netlink_align(a->nla_len);
                if (step >= size)
                        return 0;
                p += step;
                size -= step;
        }
        return size == 0 ? 0 : -EBADMSG;
}

uint32_t netlink_attribute_u32(const struct nlattr *a, uint32_t fallback) {
        uint32_t value;
        if (!a || netlink_attribute_size(a) != sizeof(value))
                return fallback;
        memcpy(&value, netlink_attribute_data(a), sizeof(value));
        return value;
}

bool netlink_attribute_string(const struct nlattr *a, char *buf, size_t size) {
        if (!a)
                return false;
        const char *s = netlink_attribute_data(a);
        size_t n = strnlen(s, netlink_attribute_size(a));
        if (n >= size)
                return false;
        memcpy(buf, s, n);
        buf[n] = '\0';
        return true;
}
