/* Domain names on the wire (RFC 1035 3.1, 4.1.4; RFC 3596; RFC 2317 is not ours). Pure.
 *
 * A name is kept uncompressed with its letters as they came, and compared without regard to case. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_MAX  255
#define DNS_LABEL_MAX 63

struct dns_name {
        uint8_t wire[DNS_NAME_MAX]; /* length-prefixed labels and the root's zero */
        uint8_t size;               /* of wire; 1: the root */
        uint8_t labels;             /* without the root */
};

/* Reads the name at *offset of a message and moves *offset behind it. Compression pointers may only go backwards, so
 * that no message makes it loop. -EBADMSG. */
int dns_name_read(const uint8_t *message, size_t size, size_t *offset, struct dns_name *ret);

/* From "host.internal", with or without a dot at the end; no escapes. -EINVAL: empty or too long label or name. */
int dns_name_parse(const char *text, struct dns_name *ret);

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);
/* name is suffix, or below it. */
bool dns_name_within(const struct dns_name *name, const struct dns_name *suffix);
/* Offset into wire of the name that the last `labels` labels make. labels <= name->labels. */
size_t dns_name_suffix_offset(const struct dns_name *name, unsigned labels);

/* Label `index` (0: leftmost) in lower case, when it is made of letters, digits, '-' and '_'. -EINVAL otherwise. */
int dns_name_label(const struct dns_name *name, unsigned index, char ret[DNS_LABEL_MAX + 1]);

/* The prefix that a name below in-addr.arpa or ip6.arpa stands for; whole addresses have all their bits. -EINVAL. */
int dns_name_to_prefix(const struct dns_name *name, struct prefix *ret);
/* The name of a's PTR record. -EINVAL: a has no family. */
int dns_name_from_address(const struct address *a, struct dns_name *ret);
/* How many labels the smallest reverse zone has that lies within p; for 10.233.0.0/16 it is 4. */
unsigned dns_reverse_labels(const struct prefix *p);
