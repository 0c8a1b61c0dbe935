/* Sockets that are in the way are named by the kernel's sock_diag, with a filter on the range of ports. Its dump goes
 * through all sockets that listen, so it comes second: mostly nothing is in the way, and that is quick to see. */
#include "sockets.h"

#include "base/file.h"
#include "base/parse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>

#define BIND_MAX 32U /* ports up to which binding is cheaper than dumping */

struct search {
        const struct forward *forwards;
        size_t n;
        enum protocol protocol;
        host_socket_t found;
        void *userdata;
        int result;
};

int sockets_open(struct netlink **ret) {
        return netlink_open(NETLINK_SOCK_DIAG, -1, ret);
}

static bool is_any(const struct address *a) {
        static const uint8_t zero[16];

        return memcmp(a->bytes, zero, address_size(a)) == 0;
}

static bool in_the_way(const struct host_socket *s, const struct forward *f) {
        if (s->protocol != f->protocol || s->port < f->host_port || s->port - f->host_port >= f->count)
                return false;
        if (f->bind.family == AF_UNSPEC)
                return true;
        if (is_any(&s->address))
                return s->address.family == f->bind.family || (s->address.family == AF_INET6 && !s->only_v6);
        return address_equal(&s->address, &f->bind);
}

static int socket_read(const struct nlmsghdr *h, enum protocol protocol, struct host_socket *ret) {
        const struct nlattr *attributes[INET_DIAG_MAX + 1] = {0};
        const struct inet_diag_msg *m;
        size_t size = NLMSG_ALIGN(sizeof(*m));
        const struct nlattr *only_v6;

        if (h->nlmsg_len < NLMSG_HDRLEN + size)
                return -EBADMSG;
        m = NLMSG_DATA(h);
        if (netlink_parse((const uint8_t *) m + size, h->nlmsg_len - NLMSG_HDRLEN - size, attributes, INET_DIAG_MAX) <
            0)
                return -EBADMSG;

        *ret = (struct host_socket){
                .protocol = protocol,
                .address = {.family = m->idiag_family},
                .port = ntohs(m->id.idiag_sport),
                .ifindex = (int) m->id.idiag_if,
                .inode = m->idiag_inode,
        };
        memcpy(ret->address.bytes, m->id.idiag_src, address_size(&ret->address));
        only_v6 = attributes[INET_DIAG_SKV6ONLY];
        ret->only_v6 =
                only_v6 && netlink_attribute_size(only_v6) == 1 && *(const uint8_t *) netlink_attribute_data(only_v6);
        return 0;
}

static int on_socket(const struct nlmsghdr *h, uint32_t index, void *userdata) {
        struct search *search = userdata;
        struct host_socket s;

        if (search->result != 0)
                return 0;
        if (socket_read(h, search->protocol, &s) < 0)
                return -EBADMSG;
        for (size_t i = 0; i < search->n; i++)
                if (in_the_way(&s, &search->forwards[i])) {
                        search->result = search->found(&s, search->userdata);
                        break;
                }
        return 0;
}

/* Source port >= low and <= high; jumps are in bytes, one beyond the end means "no". */
static int dump(struct netlink *diag, struct search *search, uint8_t family, uint16_t low, uint16_t high) {
        const struct inet_diag_bc_op filter[] = {
                {.code = INET_DIAG_BC_S_GE, .yes = 8, .no = 20},
                {.no = low},
                {.code = INET_DIAG_BC_S_LE, .yes = 8, .no = 12},
                {.no = high},
        };
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        struct inet_diag_req_v2 *request;
        void *header;

        netlink_begin(&b, SOCK_DIAG_BY_FAMILY, 0, sizeof(*request), &header);
        request = header;
        request->sdiag_family = family;
        request->sdiag_protocol = protocol_number(search->protocol);
        request->idiag_states = 1U << (search->protocol == PROTOCOL_TCP ? TCP_LISTEN : TCP_CLOSE);
        netlink_put(&b, INET_DIAG_REQ_BYTECODE, filter, sizeof(filter));
        return netlink_dump(diag, &b, on_socket, NULL, search);
}

/* Binding is the cheapest question: its answer does not cost more with a thousand sockets on the host. For a moment
 * only, and nothing can connect, as nothing listens. A no may have reasons that are none: the dump knows. */
static bool can_bind(const struct forward *f, uint16_t port) {
        struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_ANY_INIT};
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
        int type = (f->protocol == PROTOCOL_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, off = 0, on = 1;
        bool is_v4 = f->bind.family == AF_INET;
        _cleanup_(fd_closep) int fd = socket(is_v4 ? AF_INET : AF_INET6, type, 0);

        if (fd < 0)
                return false;
        /* TCP: connections that are over are in nobody's way. */
        if (f->protocol == PROTOCOL_TCP && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
                return false;
        if (is_v4) {
                v4.sin_addr = f->bind.v4;
                return bind(fd, (const struct sockaddr *) &v4, sizeof(v4)) == 0;
        }
        if (f->bind.family == AF_INET6)
                any.sin6_addr = f->bind.v6;
        else if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
                return false;
        return bind(fd, (const struct sockaddr *) &any, sizeof(any)) == 0;
}

static bool all_free(const struct forward *forwards, size_t n) {
        uint32_t ports = 0;

        for (size_t i = 0; i < n; i++)
                ports += forwards[i].count;
        if (ports > BIND_MAX)
                return false;
        for (size_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < forwards[i].count; k++)
                        if (!can_bind(&forwards[i], (uint16_t) (forwards[i].host_port + k)))
                                return false;
        return true;
}

int sockets_find(struct netlink *diag, const struct forward *forwards, size_t n, host_socket_t found, void *userdata) {
        struct search search = {.forwards = forwards, .n = n, .found = found, .userdata = userdata};

        if (all_free(forwards, n))
                return 0;
        for (search.protocol = PROTOCOL_TCP; search.protocol <= PROTOCOL_UDP; search.protocol++) {
                uint32_t low = UINT16_MAX + 1, high = 0;

                for (size_t i = 0; i < n; i++) {
                        uint32_t last = forwards[i].host_port + (uint32_t) forwards[i].count - 1;

                        if (forwards[i].protocol != search.protocol)
                                continue;
                        low = forwards[i].host_port < low ? forwards[i].host_port : low;
                        high = last > high ? last : high;
                }
                if (high == 0)
                        continue;
                high = high > UINT16_MAX ? UINT16_MAX : high;
                for (int k = 0; k < 2 && search.result == 0; k++) {
                        int r = dump(diag, &search, k == 0 ? AF_INET : AF_INET6, (uint16_t) low, (uint16_t) high);

                        if (r < 0)
                                return r;
                }
        }
        return search.result;
}

/* Whether /proc/PID/fd has "socket:[INODE]". */
static bool holds(int process, const char *wanted) {
        int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
        bool found = false;
        struct dirent *entry;

        if (!folder) {
                (void) fd_close(fd);
                return false;
        }
        while (!found && (entry = readdir(folder))) {
                char target[64];
                ssize_t size = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

                if (size <= 0)
                        continue;
                target[size] = 0;
                found = string_equal(target, wanted);
        }
        (void) closedir(folder);
        return found;
}

char *socket_holder(uint32_t inode) {
        DIR *folder = opendir("/proc");
        char wanted[32], *holder = NULL;
        struct dirent *entry;

        if (!folder)
                return NULL;
        (void) snprintf(wanted, sizeof(wanted), "socket:[%u]", inode);
        while (!holder && (entry = readdir(folder))) {
                _cleanup_(fd_closep) int process = -1;
                char name[32] = "";
                uint64_t pid;

                if (parse_unsigned(entry->d_name, 1, INT32_MAX, &pid) < 0)
                        continue;
                process = openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (process < 0 || !holds(process, wanted))
                        continue;
                {
                        _cleanup_(fd_closep) int comm = openat(process, "comm", O_RDONLY | O_CLOEXEC);
                        ssize_t size = comm >= 0 ? read(comm, name, sizeof(name) - 1) : 0;

                        name[size > 0 ? size : 0] = 0;
                        name[strcspn(name, "\n")] = 0;
                }
                holder =
                        format("%s (process %s)", name[0] && string_is_clean(name) ? name : "a program", entry->d_name);
        }
        (void) closedir(folder);
        return holder;
}
