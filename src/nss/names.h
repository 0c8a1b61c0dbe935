/* Reading what nspawn-netd published (state/publish.h has the format): into memory of the caller's, never blocking. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LABEL_MAX     63
#define NAME_TEXT_MAX 254 /* of any host name, with its NUL */
#define ADDRESSES_MAX 16

struct found_address {
        int family;
        uint32_t scope; /* of a link-local address */
        uint8_t bytes[16];
};

struct found {
        char name[NAME_TEXT_MAX]; /* as it was asked for: lower case, without the last dot */
        struct found_address addresses[ADDRESSES_MAX];
        size_t n;
};

/* Addresses of the container `name`, with or without a suffix and last dot, in any case. 0, -ENOENT when there is none,
 * or what kept us from looking. */
int names_find(const char *name, struct found *ret);

/* The container that has the address. ret->name is its name, ret->addresses its only that one. */
int names_find_by_address(int family, const void *address, struct found *ret);

bool found_is_link_local(const struct found_address *a);
size_t found_address_size(int family);
