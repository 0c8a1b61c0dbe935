/* Building: messages back to back in one growing buffer, each length-checked as it is written. Offsets, not pointers,
 * because the buffer moves. */
#include "netlink/netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What callers write into once memory has run out: netlink_send() refuses the batch afterwards. */
static uint8_t scratch[256];

void netlink_batch_clear(struct netlink_batch *b) {
        free(b->data);
        free(b->results);
        *b = NETLINK_BATCH_INIT;
}

void netlink_batch_reset(struct netlink_batch *b) {
        b->size = 0;
        b->message = 0;
        b->n = 0;
        b->error = 0;
}

/* Zeroed room for size bytes, padded to netlink's alignment; NULL and a kept error when there is none. */
static uint8_t *batch_grow(struct netlink_batch *b, size_t size) {
        size_t padded = netlink_align(size), wanted = b->size + padded;
        if (b->error < 0)
                return NULL;
        if (wanted > b->capacity) {
                size_t capacity = b->capacity ? b->capacity : 4096;
                while (capacity < wanted)
                        capacity *= 2;
                uint8_t *data = realloc(b->data, capacity);
                if (!data) {
                        b->error = -ENOMEM;
                        return NULL;
                }
                b->data = data;
                b->capacity = capacity;
        }
        uint8_t *p = b->data + b->size;
        memset(p, 0, padded);
        b->size += padded;
        return p;
}

static struct nlmsghdr *batch_message(struct netlink_batch *b) {
        return (struct nlmsghdr *) (void *) (b->data + b->message);
}

/* Every addition ends here: the message's length follows the buffer's. */
static void batch_settle(struct netlink_batch *b) {
        if (b->error == 0)
                batch_message(b)->nlmsg_len = (uint32_t) (b->size - b->message);
}

static int batch_add_result(struct netlink_batch *b) {
        if (b->n == b->n_capacity) {
                uint32_t capacity = b->n_capacity ? b->n_capacity * 2 : 32;
                struct netlink_result *results = realloc(b->results, capacity * sizeof(*results));
                if (!results)
                        return b->error = -ENOMEM;
                b->results = results;
                b->n_capacity = capacity;
        }
        b->results[b->n].code = 0;
        b->results[b->n].message[0] = '\0';
        return 0;
}

uint32_t netlink_begin(struct netlink_batch *b, uint16_t type, uint16_t flags, size_t header_size, void **ret_header) {
        uint32_t index = b->n;
        size_t start = b->size;
        uint8_t *p = NULL;
        if (b->error == 0 && batch_add_result(b) == 0)
                p = batch_grow(b, NLMSG_HDRLEN + header_size);
        if (!p) {
                if (ret_header)
                        *ret_header = scratch;
                return index;
        }
        b->message = start;
        b->n++;
        *batch_message(b) = (struct nlmsghdr){.nlmsg_type = type, .nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags)};
        batch_settle(b);
        if (ret_header)
                *ret_header = p + NLMSG_HDRLEN;
        return index;
}

void netlink_put(struct netlink_batch *b, uint16_t type, const void *data, size_t size) {
        if (size > UINT16_MAX - NETLINK_ATTRIBUTE_HEADER) {
                b->error = -EMSGSIZE;
                return;
        }
        uint8_t *p = batch_grow(b, NETLINK_ATTRIBUTE_HEADER + size);
        if (!p)
                return;
        struct nlattr a = {.nla_type = type, .nla_len = (uint16_t) (NETLINK_ATTRIBUTE_HEADER + size)};
        memcpy(p, &a, sizeof(a));
        if (size > 0)
                memcpy(p + NETLINK_ATTRIBUTE_HEADER, data, size);
        batch_settle(b);
}

void netlink_put_u8(struct netlink_batch *b, uint16_t type, uint8_t value) {
        netlink_put(b, type, &value, sizeof(value));
}

void netlink_put_u32(struct netlink_batch *b, uint16_t type, uint32_t value) {
        netlink_put(b, type, &value, sizeof(value));
}

void netlink_put_string(struct netlink_batch *b, uint16_t type, const char *s) {
        netlink_put(b, type, s, strlen(s) + 1);
}

size_t netlink_nest(struct netlink_batch *b, uint16_t type) {
        size_t at = b->size;
        netlink_put(b, (uint16_t) (type | NLA_F_NESTED), NULL, 0);
        return at;
}

void netlink_nest_end(struct netlink_batch *b, size_t nest) {
        if (b->error < 0)
                return;
        size_t length = b->size - nest;
        if (length > UINT16_MAX) {
                b->error = -EMSGSIZE;
                return;
        }
        struct nlattr *a = (struct nlattr *) (void *) (b->data + nest);
        a->nla_len = (uint16_t) length;
}

void *netlink_reserve(struct netlink_batch *b, size_t size) {
        uint8_t *p = batch_grow(b, size);
        if (!p)
                return scratch;
        batch_settle(b);
        return p;
}

void netlink_want_ack(struct netlink_batch *b) {
        if (b->error == 0 && b->n > 0)
                batch_message(b)->nlmsg_flags |= NLM_F_ACK;
}
