/* systemd's naming, so that links made by systemd-nspawn are found by name and address before they exist. */
#include "names.h"

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/siphash.h"

#include <arpa/inet.h>
#include <endian.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

static bool is_letter_or_digit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

const char *container_name_problem(const char *name) {
        /* What guests call the host, and what everybody calls himself. */
        static const char *const reserved[] = {"localhost", "host"};
        struct in_addr number;
        size_t length;

        if (!name || !*name)
                return "a name must not be empty";
        length = strlen(name);
        if (length > CONTAINER_NAME_MAX)
                return "a name has at most 63 characters, the length of a host name label";
        for (const char *p = name; *p; p++)
                if (!is_letter_or_digit(*p) && *p != '-' && *p != '_')
                        return "a name consists of the letters a to z and A to Z, digits, '-' and '_'";
        if (!is_letter_or_digit(name[0]))
                return "a name begins with a letter or a digit";
        if (!is_letter_or_digit(name[length - 1]))
                return "a name ends with a letter or a digit";
        /* "10" and "0x7f" are IPv4 addresses to every resolver, which would never ask for the container. */
        if (inet_aton(name, &number))
                return "a name must not be a number, which resolvers take for an IPv4 address";
        for (size_t i = 0; i < ELEMENTS_OF(reserved); i++)
                if (strcasecmp(name, reserved[i]) == 0)
                        return "'host' and 'localhost' are names of the host itself";
        return NULL;
}

const char *zone_name_problem(const char *name) {
        size_t length = name ? strlen(name) : 0;

        if (length == 0)
                return "a name must not be empty";
        if (length > ZONE_NAME_MAX)
                return "a name has at most 12 characters, so that its bridge can be called vz-NAME";
        for (const char *p = name; *p; p++)
                if (!is_letter_or_digit(*p) && *p != '-' && *p != '_')
                        return "a name consists of the letters a to z and A to Z, digits, '-' and '_'";
        if (!is_letter_or_digit(name[0]) || !is_letter_or_digit(name[length - 1]))
                return "a name begins and ends with a letter or a digit";
        return NULL;
}

/* s is domain, or ends in ".domain". */
static bool is_within(const char *s, const char *domain) {
        size_t n = strlen(s), k = strlen(domain);

        return n >= k && strcasecmp(s + n - k, domain) == 0 && (n == k || s[n - k - 1] == '.');
}

static bool is_label(const char *s, size_t length) {
        if (length == 0 || length > CONTAINER_NAME_MAX || s[0] == '-' || s[length - 1] == '-')
                return false;
        for (size_t i = 0; i < length; i++)
                if (!is_letter_or_digit(s[i]) && s[i] != '-')
                        return false;
        return true;
}

const char *name_suffix_problem(const char *suffix) {
        const char *p = suffix, *last = suffix;

        if (!*suffix)
                return "a domain must not be empty";
        if (strlen(suffix) > NAME_SUFFIX_MAX)
                return "a domain here has at most 189 characters, so that every name in it is one that DNS can carry";
        for (;;) {
                size_t length = strcspn(p, ".");

                if (!is_label(p, length))
                        return "a domain is made of labels of 1 to 63 letters, digits and '-' (not at an end), with "
                               "dots between them and none at the end";
                last = p;
                p += length;
                if (!*p)
                        break;
                p++;
        }
        if (strspn(last, "0123456789") == strlen(last))
                return "the last label must not be a number, which resolvers take for a part of an IPv4 address";
        if (is_within(suffix, "localhost"))
                return "'localhost' is every machine itself (RFC 6761)";
        if (is_within(suffix, "local"))
                return "names under 'local' are asked of the link by multicast (RFC 6762), never of a DNS server";
        /* home.arpa is a network's own (RFC 8375). */
        if (is_within(suffix, "arpa") && !is_within(suffix, "home.arpa"))
                return "'arpa' belongs to reverse names; only 'home.arpa' in it is for networks' own use (RFC 8375)";
        return NULL;
}

static const char *const link_prefixes[] = {
        [LINK_VE] = "ve-", [LINK_VB] = "vb-", [LINK_VZ] = "vz-", [LINK_MV] = "mv-", [LINK_IV] = "iv-",
};

static char base64_digit(uint64_t value) {
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[value & 63];
}

bool link_name(enum link_prefix prefix, const char *name, char ret[IFNAMSIZ]) {
        static const uint8_t key[16] = {0xe1, 0x90, 0xa4, 0x04, 0xa8, 0xef, 0x4b, 0x51,
                                        0x8c, 0xcc, 0xc3, 0x3a, 0x9f, 0x11, 0xfc, 0xa2};
        char full[sizeof "ve-" + NAME_MAX];
        size_t length;
        uint64_t hash;

        length = (size_t) snprintf(full, sizeof full, "%s%s", link_prefixes[prefix], name);
        if (length >= sizeof full)
                length = sizeof full - 1;
        if (length < IFNAMSIZ || prefix == LINK_VZ) {
                (void) snprintf(ret, IFNAMSIZ, "%.*s", IFNAMSIZ - 1, full);
                return false;
        }
        hash = siphash24(full, length, key);
        memcpy(ret, full, 11);
        for (unsigned i = 0; i < 4; i++)
                ret[11 + i] = base64_digit(hash >> (18 - 6 * i));
        ret[15] = '\0';
        return true;
}

const char *link_zone(const char *link) {
        const char *prefix = link_prefixes[LINK_VZ];

        return string_starts_with(link, prefix) ? link + strlen(prefix) : NULL;
}

void link_inside_name(enum link_prefix prefix, const char *word, char ret[IFNAMSIZ]) {
        const char *colon = strchr(word, ':');
        char parent[IFNAMSIZ];

        (void) snprintf(parent, sizeof parent, "%s", word);
        if (colon)
                (void) snprintf(ret, IFNAMSIZ, "%s", colon + 1);
        else if (prefix == LINK_MV || prefix == LINK_IV)
                (void) link_name(prefix, parent, ret);
        else
                (void) snprintf(ret, IFNAMSIZ, "%s", parent);
}

static const uint8_t mac_keys[][16] = {
        [MAC_HOST] = {0x1a, 0x37, 0x6f, 0xc7, 0x46, 0xec, 0x45, 0x0b, 0xad, 0xa3, 0xd5, 0x31, 0x06, 0x60, 0x5d, 0xb1},
        [MAC_CONTAINER] = {0xc3, 0xc4, 0xf9, 0x19, 0xb5, 0x57, 0xb2, 0x1c, 0xe6, 0xcf, 0x14, 0x27, 0x03, 0x9c, 0xee,
                           0xa2},
        [MAC_MACVLAN] = {0x00, 0x13, 0x6d, 0xbc, 0x66, 0x83, 0x44, 0x81, 0xbb, 0x0c, 0xf9, 0x51, 0x1f, 0x24, 0xa6,
                         0x6f},
        [MAC_EXTRA_HOST] = {0x48, 0xc7, 0xf6, 0xb7, 0xea, 0x9d, 0x4c, 0x9e, 0xb7, 0x28, 0xd4, 0xde, 0x91, 0xd5, 0xbf,
                            0x66},
        [MAC_EXTRA_CONTAINER] = {0xaf, 0x50, 0x17, 0x61, 0xce, 0xf9, 0x4d, 0x35, 0x84, 0x0d, 0x2b, 0x20, 0x54, 0xbe,
                                 0xce, 0x59},
        [MAC_ZONE] = {0x5b, 0x0e, 0x93, 0x77, 0xc2, 0x4d, 0x48, 0x1f, 0x9a, 0x36, 0xe8, 0x05, 0x7c, 0xb1, 0x2f, 0xd4},
};

struct mac link_mac(enum mac_kind kind, const uint8_t machine_id[16], const char *name, uint64_t index) {
        uint8_t input[16 + NAME_MAX + 8];
        size_t length = strnlen(name, NAME_MAX), size = 16 + length;
        uint64_t hash, index_bytes = htole64(index);
        struct mac m;

        memcpy(input, machine_id, 16);
        memcpy(input + 16, name, length);
        if (index > 0) {
                memcpy(input + size, &index_bytes, 8);
                size += 8;
        }
        hash = htole64(siphash24(input, size, mac_keys[kind]));
        memcpy(m.bytes, &hash, ETH_ALEN);
        m.bytes[0] &= 0xfe; /* not a group */
        m.bytes[0] |= 0x02; /* administered locally */
        return m;
}
