/* Notifications of nf_tables: of all of them only removals matter, and of those only what others did to our tables. */
#include "firewall/monitor.h"

#include "firewall/base.h"
#include "plan/nat.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
        BUFFER_SIZE = 32 * 1024,
        DATAGRAMS_A_DISPATCH = 512,
};

struct firewall_monitor {
        int fd;
        struct base base;
        uint8_t buffer[BUFFER_SIZE];
};

int firewall_monitor_open(struct firewall_monitor **ret, struct error *e) {
        _cleanup_(firewall_monitor_closep) struct firewall_monitor *m = calloc(1, sizeof(*m));
        if (!m)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot watch the firewall");
        static const int groups[] = {NFNLGRP_NFTABLES};
        m->fd = netlink_listen(NETLINK_NETFILTER, NULL, groups, ELEMENTS_OF(groups));
        if (m->fd < 0)
                return error_errno(e, m->fd, EXIT_FAILED, "Cannot subscribe to the kernel's notifications of nftables");
        int r = base_read(firewall_base_text, &m->base);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot read the firewall's base rules");
        *ret = steal_ptr(m);
        return 0;
}

void firewall_monitor_close(struct firewall_monitor *m) {
        if (!m)
                return;
        fd_close(m->fd);
        free(m);
}

int firewall_monitor_fd(const struct firewall_monitor *m) {
        return m->fd;
}

static bool is_removal(const struct nlmsghdr *h) {
        if (h->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
                return false;
        switch (h->nlmsg_type & 0xff) {
        case NFT_MSG_DELTABLE:
        case NFT_MSG_DELCHAIN:
        case NFT_MSG_DELRULE:
        case NFT_MSG_DELSET:
        case NFT_MSG_DELSETELEM:
                return true;
        default:
                return false;
        }
}

/* In all of these messages the first attribute names the table. */
static bool is_of_base(const struct firewall_monitor *m, const struct nlmsghdr *h) {
        const struct nfgenmsg *header = NLMSG_DATA(h);
        size_t skip = NLMSG_LENGTH(sizeof(*header));
        const struct nlattr *table[NFTA_TABLE_NAME + 1];
        char name[32];
        if (h->nlmsg_len < skip ||
            netlink_parse((const uint8_t *) h + skip, h->nlmsg_len - skip, table, NFTA_TABLE_NAME) < 0 ||
            !netlink_attribute_string(table[NFTA_TABLE_NAME], name, sizeof(name)))
                return false;
        if (header->nfgen_family == NFPROTO_INET && strcmp(name, NAT_TABLE) == 0)
                return true;
        for (unsigned int i = 0; i < m->base.n_tables; i++)
                if (m->base.tables[i].family == header->nfgen_family && strcmp(m->base.tables[i].name, name) == 0)
                        return true;
        return false;
}

static bool datagram_damages(const struct firewall_monitor *m, size_t size, uint32_t own_port) {
        const uint8_t *data = m->buffer;
        while (size >= NLMSG_HDRLEN) {
                const struct nlmsghdr *h = (const struct nlmsghdr *) (const void *) data;
                if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > size)
                        return false;
                if (is_removal(h) && h->nlmsg_pid != own_port && is_of_base(m, h))
                        return true;
                size_t step = netlink_align(h->nlmsg_len);
                if (step >= size)
                        return false;
                data += step;
                size -= step;
        }
        return false;
}

int firewall_monitor_dispatch(struct firewall_monitor *m, uint32_t own_port) {
        bool lost = false, damaged = false;
        for (unsigned int i = 0; i < DATAGRAMS_A_DISPATCH; i++) {
                ssize_t n = netlink_hear(m->fd, m->buffer, sizeof(m->buffer), &lost);
                if (n < 0)
                        return (int) n;
                if (n == 0)
                        break;
                damaged = damaged || datagram_damages(m, (size_t) n, own_port);
        }
        return lost ? FIREWALL_RESYNC : damaged ? FIREWALL_DAMAGED : FIREWALL_QUIET;
}
