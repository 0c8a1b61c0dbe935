/* One netlink socket type, one message builder, one way to send requests and to collect their answers.
 *
 * A batch holds many messages and goes out in one sendmsg. The kernel carries out each message on its own (rtnetlink)
 * or all of them or none (an nf_tables transaction), so every message keeps a result of its own. Extended ACKs are
 * asked for: a refusal keeps the kernel's own words. */
#pragma once

#include "base/error.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NETLINK_ATTRIBUTE_HEADER sizeof(struct nlattr)
static inline size_t netlink_align(size_t size) {
        return (size + 3) & ~(size_t) 3;
}

struct netlink; /* one socket */

/* protocol: NETLINK_ROUTE or NETLINK_NETFILTER. netns_fd: the network namespace that the socket belongs to, -1 for the
 * caller's own; the caller is back in its own when it returns. */
int netlink_open(int protocol, int netns_fd, struct netlink **ret);
/* The same for who has a descriptor of its own namespace, home_fd. */
int netlink_open_from(int home_fd, int protocol, int netns_fd, struct netlink **ret);
/* A descriptor of the caller's own network namespace. */
int netlink_home(void);
void netlink_close(struct netlink *n);
static inline void netlink_closep(struct netlink **n) {
        netlink_close(*n);
        *n = NULL;
}
/* The address under which the kernel knows the socket: nlmsg_pid of notifications about its own requests. */
uint32_t netlink_port(const struct netlink *n);
/* The number of a link in the socket's namespace, without a message: asked by one for a link whose carrier is new, the
 * kernel first tells everybody of that, and goes through all IPv6 routes of the host. -ENODEV: there is none. */
int netlink_index(const struct netlink *n, const char *link);
/* Its IFF_* as of now, likewise. */
int netlink_flags(const struct netlink *n, const char *link, unsigned int *ret);

/* What the kernel said of one message. */
struct netlink_result {
        int code;         /* 0 or negative errno */
        char message[80]; /* of the extended ACK; empty when there was none */
};

struct netlink_batch {
        uint8_t *data; /* owned */
        size_t size, capacity;
        size_t message;                 /* offset of the message being built */
        struct netlink_result *results; /* owned; one a message */
        uint32_t n, n_capacity;
        int error; /* sticky: -ENOMEM, -EMSGSIZE */
};

#define NETLINK_BATCH_INIT ((struct netlink_batch){0})
void netlink_batch_clear(struct netlink_batch *b);
/* Empties it, keeping the memory. */
void netlink_batch_reset(struct netlink_batch *b);

/* Starts a message with a family header of header_size bytes (zeroed; *ret_header may be filled until the next call on
 * the batch). flags beside NLM_F_REQUEST. Returns the message's number, from 0. On failure the batch keeps an error,
 * *ret_header points to scratch memory, and netlink_send() reports it: callers need not check each call. */
uint32_t netlink_begin(struct netlink_batch *b, uint16_t type, uint16_t flags, size_t header_size, void **ret_header);
void netlink_put(struct netlink_batch *b, uint16_t type, const void *data, size_t size);
void netlink_put_u8(struct netlink_batch *b, uint16_t type, uint8_t value);
void netlink_put_u32(struct netlink_batch *b, uint16_t type, uint32_t value);
void netlink_put_string(struct netlink_batch *b, uint16_t type, const char *s); /* with its NUL */
/* Nested attribute: *ret is what netlink_nest_end() takes. */
size_t netlink_nest(struct netlink_batch *b, uint16_t type);
void netlink_nest_end(struct netlink_batch *b, size_t nest);
/* Room inside a message, zeroed, that is no attribute (a header within an attribute). */
void *netlink_reserve(struct netlink_batch *b, size_t size);

/* Has the message added last acknowledged. */
void netlink_want_ack(struct netlink_batch *b);

/* Called with each message that is an answer and neither ACK nor error; index: of the message it answers. A non-zero
 * return is kept as the result of that message. */
typedef int (*netlink_answer_t)(const struct nlmsghdr *h, uint32_t index, void *userdata);

/* Sends and collects. Returns 0 when every message's result is 0, else the code of the first that failed (its
 * number in *ret_failed); socket trouble is an error of its own with *ret_failed = UINT32_MAX. answer and
 * ret_failed may be NULL. */
int netlink_send(struct netlink *n, struct netlink_batch *b, netlink_answer_t answer, void *userdata,
                 uint32_t *ret_failed);

/* A dump: the batch holds the one request (without NLM_F_DUMP). Retried, at most a few times, when the kernel says that
 * things changed meanwhile (NLM_F_DUMP_INTR): restart, which may be NULL, is called before each try so that the caller
 * forgets what it collected. -EINTR when they never held still. */
int netlink_dump(struct netlink *n, struct netlink_batch *b, netlink_answer_t answer, void (*restart)(void *userdata),
                 void *userdata);

/* Reading attributes: fills table[type] for type <= max from size bytes at data; malformed or short ones are -EBADMSG.
 * Unknown types are ignored. */
int netlink_parse(const void *data, size_t size, const struct nlattr **table, uint16_t max);
static inline const void *netlink_attribute_data(const struct nlattr *a) {
        return (const uint8_t *) a + NETLINK_ATTRIBUTE_HEADER;
}
static inline size_t netlink_attribute_size(const struct nlattr *a) {
        return a->nla_len - NETLINK_ATTRIBUTE_HEADER;
}
/* The number, or fallback when a is NULL or has another size. */
uint32_t netlink_attribute_u32(const struct nlattr *a, uint32_t fallback);
/* Copies a string that fits with its NUL, else false. */
bool netlink_attribute_string(const struct nlattr *a, char *buf, size_t size);

/* Notifications: a non-blocking socket of its own that hears the groups, of which the kernel drops what the filter
 * (NULL: none) does not let through, and keeps a burst of some thousand. Returns the descriptor. */
struct sock_fprog;
int netlink_listen(int protocol, const struct sock_fprog *filter, const int *groups, size_t n_groups);
/* The next datagram of the kernel's, into buffer. 0: no more now. *lost is set when some did not fit. */
ssize_t netlink_hear(int fd, void *buffer, size_t size, bool *lost);
