/* Sending and collecting. The kernel works off a request inside sendmsg(), so every answer is queued when it returns;
 * an answer is believed only from the kernel (port 0) and with a sequence number of this request. */
#include "netlink/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
        ANSWERS = 8,               /* datagrams taken from the socket at once */
        ANSWER_SIZE = 8192,        /* of one datagram of an answer; a dump uses the whole buffer for one */
        MESSAGES_A_SEND = 128,     /* rtnetlink: so that the ACKs of one send fit into the receive buffer */
        ACK_MEMORY = 1024,         /* what the kernel charges the receive buffer for one ACK, at most */
        ANSWER_TIMEOUT_MS = 10000, /* answers are there already: this ends a wait for one that was never sent */
        DUMP_TRIES = 10,
};

struct netlink {
        int fd;
        int protocol;
        uint32_t port;
        uint32_t sequence;
        uint32_t receive_buffer;
        uint8_t *buffer; /* ANSWERS * ANSWER_SIZE */
};

static int socket_open(int protocol) {
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
        return fd < 0 ? -errno : fd;
}

/* A socket belongs to the namespace in which it was opened, so the calling thread goes there for a moment. A thread
 * made for it would be scheduled when a busy machine finds the time. There is no going on in the wrong namespace: what
 * would be done to the host would be done to a container, so failing to come back ends the process. */
static int socket_open_in(int protocol, int home_fd, int netns_fd) {
        if (setns(netns_fd, CLONE_NEWNET) < 0)
                return -errno;
        int fd = socket_open(protocol);
        if (setns(home_fd, CLONE_NEWNET) < 0)
                abort();
        return fd;
}

int netlink_home(void) {
        int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int netlink_open(int protocol, int netns_fd, struct netlink **ret) {
        _cleanup_(fd_closep) int home = netns_fd < 0 ? -1 : netlink_home();
        return netns_fd >= 0 && home < 0 ? home : netlink_open_from(home, protocol, netns_fd, ret);
}

int netlink_open_from(int home_fd, int protocol, int netns_fd, struct netlink **ret) {
        _cleanup_(netlink_closep) struct netlink *n = calloc(1, sizeof(*n));
        if (!n)
                return -ENOMEM;
        n->protocol = protocol;
        n->fd = netns_fd < 0 ? socket_open(protocol) : socket_open_in(protocol, home_fd, netns_fd);
        if (n->fd < 0)
                return n->fd;
        n->buffer = malloc((size_t) ANSWERS * ANSWER_SIZE);
        if (!n->buffer)
                return -ENOMEM;

        /* Old kernels know some of these not; all that is lost is the text of an error. */
        int on = 1;
        (void) setsockopt(n->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
        (void) setsockopt(n->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
        (void) setsockopt(n->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));

        struct sockaddr_nl address = {.nl_family = AF_NETLINK};
        socklen_t length = sizeof(address);
        if (bind(n->fd, (struct sockaddr *) &address, sizeof(address)) < 0 ||
            getsockname(n->fd, (struct sockaddr *) &address, &length) < 0)
                return -errno;
        n->port = address.nl_pid;
        int size = 0;
        socklen_t size_length = sizeof(size);
        if (getsockopt(n->fd, SOL_SOCKET, SO_RCVBUF, &size, &size_length) == 0 && size > 0)
                n->receive_buffer = (uint32_t) size;
        *ret = steal_ptr(n);
        return 0;
}

void netlink_close(struct netlink *n) {
        if (!n)
                return;
        fd_close(n->fd);
        free(n->buffer);
        free(n);
}

static int interface_request(const struct netlink *n, unsigned long request, const char *link, struct ifreq *ret) {
        *ret = (struct ifreq){0};
        if (strlen(link) >= sizeof(ret->ifr_name))
                return -ENODEV;
        memcpy(ret->ifr_name, link, strlen(link));
        return ioctl(n->fd, request, ret) < 0 ? -errno : 0;
}

int netlink_index(const struct netlink *n, const char *link) {
        struct ifreq answer;
        int r = interface_request(n, SIOCGIFINDEX, link, &answer);
        return r < 0 ? r : answer.ifr_ifindex;
}

int netlink_flags(const struct netlink *n, const char *link, unsigned int *ret) {
        struct ifreq answer;
        int r = interface_request(n, SIOCGIFFLAGS, link, &answer);
        *ret = r < 0 ? 0 : (unsigned short) answer.ifr_flags;
        return r;
}

uint32_t netlink_port(const struct netlink *n) {
        return n->port;
}

/* One request of many messages, in flight. */
struct exchange {
        struct netlink *netlink;
        struct netlink_result *results; /* of its messages */
        uint32_t first;                 /* number of its first message in the batch */
        uint32_t n;
        uint32_t sequence; /* of its first message */
        uint32_t pending;  /* ACKs that are to come */
        bool failed;
        bool dump, interrupted, done;
        netlink_answer_t answer;
        void *userdata;
};

static void result_set(struct exchange *x, uint32_t i, int code, const char *message, size_t size) {
        struct netlink_result *r = &x->results[i];
        if (code == 0 || r->code < 0)
                return;
        r->code = code;
        if (size >= sizeof(r->message))
                size = sizeof(r->message) - 1;
        memcpy(r->message, message, size);
        r->message[size] = '\0';
        x->failed = true;
}

/* An ACK or an error: struct nlmsgerr, the refused header (its payload too, from kernels that ignore CAP_ACK), and
 * the extended ACK's attributes. */
static int exchange_ack(struct exchange *x, const struct nlmsghdr *h, uint32_t i) {
        if (h->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
                return -EBADMSG;
        const struct nlmsgerr *ack = NLMSG_DATA(h);
        const char *text = "";
        size_t text_size = 0;
        if (ack->error < 0 && (h->nlmsg_flags & NLM_F_ACK_TLVS)) {
                size_t skip = NLMSG_LENGTH(sizeof(*ack));
                if (!(h->nlmsg_flags & NLM_F_CAPPED) && ack->msg.nlmsg_len >= NLMSG_HDRLEN)
                        skip += netlink_align(ack->msg.nlmsg_len - NLMSG_HDRLEN);
                const struct nlattr *table[NLMSGERR_ATTR_MSG + 1];
                if (skip <= h->nlmsg_len &&
                    netlink_parse((const uint8_t *) h + skip, h->nlmsg_len - skip, table, NLMSGERR_ATTR_MSG) == 0 &&
                    table[NLMSGERR_ATTR_MSG]) {
                        text = netlink_attribute_data(table[NLMSGERR_ATTR_MSG]);
                        text_size = strnlen(text, netlink_attribute_size(table[NLMSGERR_ATTR_MSG]));
                }
        }
        result_set(x, i, ack->error, text, text_size);
        if (x->pending > 0 && (ack->msg.nlmsg_flags & NLM_F_ACK))
                x->pending--;
        x->done = true;
        return 0;
}

static int exchange_message(struct exchange *x, const struct nlmsghdr *h) {
        uint32_t i = h->nlmsg_seq - x->sequence;
        if (h->nlmsg_pid != x->netlink->port || i >= x->n)
                return 0; /* of an earlier request that was given up */
        if (h->nlmsg_flags & NLM_F_DUMP_INTR)
                x->interrupted = true;
        if (h->nlmsg_type == NLMSG_ERROR)
                return exchange_ack(x, h, i);
        if (h->nlmsg_type == NLMSG_DONE) {
                int32_t code = 0;
                if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(code)))
                        memcpy(&code, NLMSG_DATA(h), sizeof(code));
                result_set(x, i, code < 0 ? code : 0, "", 0);
                x->done = true;
                return 0;
        }
        if (h->nlmsg_type >= NLMSG_MIN_TYPE && x->answer) {
                int r = x->answer(h, x->first + i, x->userdata);
                result_set(x, i, r < 0 ? r : 0, "", 0);
        }
        return 0;
}

static int exchange_datagram(struct exchange *x, const uint8_t *data, size_t size) {
        while (size >= NLMSG_HDRLEN) {
                const struct nlmsghdr *h = (const struct nlmsghdr *) (const void *) data;
                if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > size)
                        return -EBADMSG;
                int r = exchange_message(x, h);
                if (r < 0)
                        return r;
                size_t step = netlink_align(h->nlmsg_len);
                if (step >= size)
                        break;
                data += step;
                size -= step;
        }
        return 0;
}

static bool exchange_over(const struct exchange *x) {
        return x->dump ? x->done : x->pending == 0;
}

/* Takes what is queued. Returns 1 when there was something, 0 when there was nothing. */
static int exchange_receive(struct exchange *x) {
        struct sockaddr_nl from[ANSWERS];
        struct iovec vectors[ANSWERS];
        struct mmsghdr messages[ANSWERS];
        unsigned int n = x->dump ? 1 : ANSWERS;
        size_t size = (size_t) ANSWERS * ANSWER_SIZE / n;
        for (unsigned int i = 0; i < n; i++) {
                vectors[i] = (struct iovec){.iov_base = x->netlink->buffer + size * i, .iov_len = size};
                messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i],
                                                           .msg_namelen = sizeof(from[i]),
                                                           .msg_iov = &vectors[i],
                                                           .msg_iovlen = 1}};
        }
        int got = recvmmsg(x->netlink->fd, messages, n, MSG_DONTWAIT, NULL);
        if (got < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        for (int i = 0; i < got; i++) {
                if (messages[i].msg_hdr.msg_namelen != sizeof(from[i]) || from[i].nl_pid != 0)
                        continue; /* another process: anyone may send to a netlink port */
                if (messages[i].msg_hdr.msg_flags & MSG_TRUNC)
                        return -EMSGSIZE;
                int r = exchange_datagram(x, x->netlink->buffer + size * (size_t) i, messages[i].msg_len);
                if (r < 0)
                        return r;
        }
        return got > 0;
}

static int exchange_collect(struct exchange *x) {
        while (!exchange_over(x)) {
                int r = exchange_receive(x);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                /* A refused transaction does not acknowledge what came after the refusal. */
                if (x->failed)
                        return 0;
                struct pollfd p = {.fd = x->netlink->fd, .events = POLLIN};
                r = poll(&p, 1, ANSWER_TIMEOUT_MS);
                if (r == 0)
                        return -ETIMEDOUT;
                if (r < 0 && errno != EINTR)
                        return -errno;
        }
        return 0;
}

/* Big transactions need big buffers: one datagram there, and room for a refusal of each message back. */
static void netlink_make_room(struct netlink *n, size_t size, uint32_t messages) {
        int value;
        socklen_t length = sizeof(value);
        if (size > 64 * 1024 && getsockopt(n->fd, SOL_SOCKET, SO_SNDBUF, &value, &length) == 0 &&
            (size_t) value < size * 2 && size < INT32_MAX / 4) {
                value = (int) (size * 2);
                (void) setsockopt(n->fd, SOL_SOCKET, SO_SNDBUFFORCE, &value, sizeof(value));
        }
        if (messages > n->receive_buffer / ACK_MEMORY && messages < INT32_MAX / 4 / ACK_MEMORY) {
                value = (int) (messages * ACK_MEMORY);
                if (setsockopt(n->fd, SOL_SOCKET, SO_RCVBUFFORCE, &value, sizeof(value)) == 0)
                        n->receive_buffer = (uint32_t) value;
        }
}

/* Sends bytes [start, end) of the batch, numbering its messages, and collects. */
static int exchange_run(struct exchange *x, uint8_t *data, size_t size) {
        struct netlink *n = x->netlink;
        x->sequence = n->sequence + 1;
        n->sequence += x->n;
        uint32_t i = 0;
        for (size_t at = 0; at < size; i++) {
                struct nlmsghdr *h = (struct nlmsghdr *) (void *) (data + at);
                h->nlmsg_seq = x->sequence + i;
                h->nlmsg_pid = n->port;
                if (h->nlmsg_flags & NLM_F_ACK)
                        x->pending++;
                x->results[i].code = 0;
                x->results[i].message[0] = '\0';
                at += netlink_align(h->nlmsg_len);
        }
        netlink_make_room(n, size, x->n);
        struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
        ssize_t sent = sendto(n->fd, data, size, 0, (struct sockaddr *) &kernel, sizeof(kernel));
        if (sent < 0)
                return -errno;
        return exchange_collect(x);
}

/* Where the part that goes out in one datagram ends: all of an nf_tables transaction, MESSAGES_A_SEND otherwise. */
static size_t batch_part(const struct netlink *n, const struct netlink_batch *b, size_t start, uint32_t *ret_n) {
        size_t at = start;
        uint32_t count = 0;
        while (at < b->size && (n->protocol == NETLINK_NETFILTER || count < MESSAGES_A_SEND)) {
                const struct nlmsghdr *h = (const struct nlmsghdr *) (const void *) (b->data + at);
                at += netlink_align(h->nlmsg_len);
                count++;
        }
        *ret_n = count;
        return at;
}

int netlink_send(struct netlink *n, struct netlink_batch *b, netlink_answer_t answer, void *userdata,
                 uint32_t *ret_failed) {
        uint32_t none;
        if (!ret_failed)
                ret_failed = &none;
        *ret_failed = UINT32_MAX;
        if (b->error < 0)
                return b->error;
        uint32_t first = 0, count;
        for (size_t start = 0, end; start < b->size; start = end, first += count) {
                end = batch_part(n, b, start, &count);
                struct exchange x = {.netlink = n,
                                     .results = b->results + first,
                                     .first = first,
                                     .n = count,
                                     .answer = answer,
                                     .userdata = userdata};
                int r = exchange_run(&x, b->data + start, end - start);
                if (r < 0)
                        return r;
        }
        for (uint32_t i = 0; i < b->n; i++) {
                if (b->results[i].code < 0) {
                        *ret_failed = i;
                        return b->results[i].code;
                }
        }
        return 0;
}

int netlink_dump(struct netlink *n, struct netlink_batch *b, netlink_answer_t answer, void (*restart)(void *userdata),
                 void *userdata) {
        if (b->error < 0)
                return b->error;
        if (b->n != 1)
                return -EINVAL;
        struct nlmsghdr *h = (struct nlmsghdr *) (void *) b->data;
        h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
        for (unsigned int try = 0; try < DUMP_TRIES; try++) {
                if (restart)
                        restart(userdata);
                struct exchange x = {.netlink = n,
                                     .results = b->results,
                                     .n = 1,
                                     .dump = true,
                                     .answer = answer,
                                     .userdata = userdata};
                int r = exchange_run(&x, b->data, b->size);
                if (r < 0)
                        return r;
                if (!x.interrupted)
                        return b->results[0].code;
        }
        return -EINTR;
}
