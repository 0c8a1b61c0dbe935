/* Domain names: reading without loops, writing, comparing, and the two reverse trees. */
#include "proto/dns-name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define POINTER_MASK 0xc0

int dns_name_read(const uint8_t *message, size_t size, size_t *offset, struct dns_name *ret) {
        size_t at = *offset, behind = 0, lowest = *offset;

        ret->size = ret->labels = 0;
        for (;;) {
                uint8_t length;

                if (at >= size)
                        return -EBADMSG;
                length = message[at];
                if ((length & POINTER_MASK) == POINTER_MASK) {
                        size_t target;

                        if (at + 2 > size)
                                return -EBADMSG;
                        target = (size_t) (length & ~POINTER_MASK) << 8 | message[at + 1];
                        /* Each jump goes before everything that was read so far: this ends. */
                        if (target >= lowest)
                                return -EBADMSG;
                        if (behind == 0)
                                behind = at + 2;
                        at = lowest = target;
                        continue;
                }
                if (length > DNS_LABEL_MAX)
                        return -EBADMSG;
                if (at + 1 + length > size || (size_t) ret->size + 1 + length > DNS_NAME_MAX)
                        return -EBADMSG;
                memcpy(ret->wire + ret->size, message + at, 1 + (size_t) length);
                ret->size = (uint8_t) (ret->size + 1 + length);
                at += 1 + (size_t) length;
                if (length == 0)
                        break;
                ret->labels++;
        }
        *offset = behind > 0 ? behind : at;
        return 0;
}

int dns_name_parse(const char *text, struct dns_name *ret) {
        const char *p = text;

        ret->size = ret->labels = 0;
        while (*p != '\0' && !(p == text && p[0] == '.' && p[1] == '\0')) {
                size_t length = strcspn(p, ".");

                /* One byte is kept for the root. */
                if (length == 0 || length > DNS_LABEL_MAX || ret->size + 1 + length > DNS_NAME_MAX - 1)
                        return -EINVAL;
                ret->wire[ret->size] = (uint8_t) length;
                memcpy(ret->wire + ret->size + 1, p, length);
                ret->size = (uint8_t) (ret->size + 1 + length);
                ret->labels++;
                p += length;
                if (*p == '.')
                        p++;
        }
        if (text[0] == '\0')
                return -EINVAL;
        ret->wire[ret->size++] = 0;
        return 0;
}

static uint8_t lower(uint8_t c) {
        return c >= 'A' && c <= 'Z' ? (uint8_t) (c + ('a' - 'A')) : c;
}

/* Lengths (at most 63) are no letters, so whole names can be compared byte for byte. */
static bool wire_equal(const uint8_t *a, const uint8_t *b, size_t size) {
        for (size_t i = 0; i < size; i++)
                if (lower(a[i]) != lower(b[i]))
                        return false;
        return true;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b) {
        return a->size == b->size && wire_equal(a->wire, b->wire, a->size);
}

size_t dns_name_suffix_offset(const struct dns_name *name, unsigned labels) {
        size_t at = 0;

        for (unsigned i = labels; i < name->labels; i++)
                at += 1 + (size_t) name->wire[at];
        return at;
}

bool dns_name_within(const struct dns_name *name, const struct dns_name *suffix) {
        size_t at;

        if (name->labels < suffix->labels)
                return false;
        at = dns_name_suffix_offset(name, suffix->labels);
        return name->size - at == suffix->size && wire_equal(name->wire + at, suffix->wire, suffix->size);
}

int dns_name_label(const struct dns_name *name, unsigned index, char ret[DNS_LABEL_MAX + 1]) {
        const uint8_t *label;

        if (index >= name->labels)
                return -EINVAL;
        label = name->wire + dns_name_suffix_offset(name, name->labels - index);
        for (size_t i = 0; i < label[0]; i++) {
                uint8_t c = lower(label[1 + i]);

                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
                        return -EINVAL;
                ret[i] = (char) c;
        }
        ret[label[0]] = '\0';
        return 0;
}

static int read_octet(const char *label, uint8_t *ret) {
        unsigned v = 0;

        if (label[0] == '\0' || strlen(label) > 3 || (label[0] == '0' && label[1] != '\0'))
                return -EINVAL;
        for (const char *p = label; *p != '\0'; p++) {
                if (*p < '0' || *p > '9')
                        return -EINVAL;
                v = v * 10 + (unsigned) (*p - '0');
        }
        if (v > UINT8_MAX)
                return -EINVAL;
        *ret = (uint8_t) v;
        return 0;
}

static int read_nibble(const char *label, uint8_t *ret) {
        if (label[0] == '\0' || label[1] != '\0')
                return -EINVAL;
        if (label[0] >= '0' && label[0] <= '9')
                *ret = (uint8_t) (label[0] - '0');
        else if (label[0] >= 'a' && label[0] <= 'f')
                *ret = (uint8_t) (label[0] - 'a' + 10);
        else
                return -EINVAL;
        return 0;
}

int dns_name_to_prefix(const struct dns_name *name, struct prefix *ret) {
        char label[DNS_LABEL_MAX + 1];
        struct prefix p = {0};
        unsigned n;
        int r;

        if (name->labels < 2 || dns_name_label(name, name->labels - 1U, label) < 0 || strcmp(label, "arpa") != 0 ||
            dns_name_label(name, name->labels - 2U, label) < 0)
                return -EINVAL;
        n = name->labels - 2U;
        if (strcmp(label, "in-addr") == 0)
                p.address.family = AF_INET;
        else if (strcmp(label, "ip6") == 0)
                p.address.family = AF_INET6;
        else
                return -EINVAL;
        if (n > (p.address.family == AF_INET ? 4U : 32U))
                return -EINVAL;

        for (unsigned i = 0; i < n; i++) {
                uint8_t digit = 0;

                r = dns_name_label(name, n - 1 - i, label);
                if (r < 0)
                        return r;
                r = p.address.family == AF_INET ? read_octet(label, &digit) : read_nibble(label, &digit);
                if (r < 0)
                        return r;
                if (p.address.family == AF_INET)
                        p.address.bytes[i] = digit;
                else
                        p.address.bytes[i / 2] |= (uint8_t) (i % 2 == 0 ? digit << 4 : digit);
        }
        p.length = (uint8_t) (p.address.family == AF_INET ? 8 * n : 4 * n);
        *ret = p;
        return 0;
}

int dns_name_from_address(const struct address *a, struct dns_name *ret) {
        char text[DNS_NAME_MAX];
        size_t at = 0;

        if (a->family == AF_INET) {
                (void) snprintf(text, sizeof(text), "%u.%u.%u.%u.in-addr.arpa", a->bytes[3], a->bytes[2], a->bytes[1],
                                a->bytes[0]);
        } else if (a->family == AF_INET6) {
                static const char digits[] = "0123456789abcdef";

                for (size_t i = 16; i-- > 0;) {
                        text[at++] = digits[a->bytes[i] & 0xf];
                        text[at++] = '.';
                        text[at++] = digits[a->bytes[i] >> 4];
                        text[at++] = '.';
                }
                (void) snprintf(text + at, sizeof(text) - at, "ip6.arpa");
        } else {
                return -EINVAL;
        }
        return dns_name_parse(text, ret);
}

unsigned dns_reverse_labels(const struct prefix *p) {
        unsigned step = p->address.family == AF_INET ? 8 : 4;

        return 2 + (p->length + step - 1) / step;
}
