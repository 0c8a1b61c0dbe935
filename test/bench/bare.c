#include "bare.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
        SIZE = 32768,
};

struct bare {
        struct mnl_socket *route, *firewall;
        int own_netns;
        uint32_t sequence;
        char buffer[SIZE];
        size_t used;
        unsigned int acks;
};

static struct mnl_socket *open_socket(int protocol) {
        struct mnl_socket *s = mnl_socket_open2(protocol, SOCK_CLOEXEC);
        if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0)
                err(1, "netlink socket");
        return s;
}

struct bare *bare_open(void) {
        struct bare *b = calloc(1, sizeof(*b));
        if (!b)
                err(1, "memory");
        b->route = open_socket(NETLINK_ROUTE);
        b->firewall = open_socket(NETLINK_NETFILTER);
        b->own_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        return b;
}

void bare_close(struct bare *b) {
        mnl_socket_close(b->route);
        mnl_socket_close(b->firewall);
        close(b->own_netns);
        free(b);
}

static struct nlmsghdr *begin(struct bare *b, uint16_t type, uint16_t flags) {
        struct nlmsghdr *h = mnl_nlmsg_put_header(b->buffer + b->used);
        h->nlmsg_type = type;
        h->nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags);
        h->nlmsg_seq = ++b->sequence;
        if (flags & NLM_F_ACK)
                b->acks++;
        return h;
}

static void end(struct bare *b, const struct nlmsghdr *h) {
        b->used += NLMSG_ALIGN(h->nlmsg_len);
}

static int index_of(const struct nlmsghdr *h, void *userdata) {
        *(int *) userdata = ((const struct ifinfomsg *) mnl_nlmsg_get_payload(h))->ifi_index;
        return MNL_CB_OK;
}

static void run(struct bare *b, struct mnl_socket *s, int *ret_index, const char *what) {
        char answer[8192];
        int ignored;
        if (mnl_socket_sendto(s, b->buffer, b->used) < 0)
                err(1, "bare: %s", what);
        while (b->acks > 0) {
                ssize_t n = mnl_socket_recvfrom(s, answer, sizeof(answer));
                if (n < 0)
                        err(1, "bare: %s", what);
                int r = mnl_cb_run(answer, (size_t) n, 0, mnl_socket_get_portid(s), index_of,
                                   ret_index ? ret_index : &ignored);
                if (r < 0)
                        err(1, "bare: %s", what);
                if (r == MNL_CB_STOP)
                        b->acks--;
        }
        b->used = 0;
}

static struct nlmsghdr *link_begin(struct bare *b, uint16_t type, uint16_t flags, int index) {
        struct nlmsghdr *h = begin(b, type, flags);
        struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
        i->ifi_index = index;
        return h;
}

static void link_get(struct bare *b, const char *name) {
        struct nlmsghdr *h = link_begin(b, RTM_GETLINK, NLM_F_ACK, 0);
        mnl_attr_put_strz(h, IFLA_IFNAME, name);
        mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        end(b, h);
}

static void link_create(struct bare *b, const struct network *n, int netns_fd) {
        struct nlmsghdr *h = link_begin(b, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0);
        mnl_attr_put_strz(h, IFLA_IFNAME, n->link);
        mnl_attr_put(h, IFLA_ADDRESS, 6, n->host_mac.bytes);
        struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
        mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
        struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
        struct nlattr *peer = mnl_attr_nest_start(h, VETH_INFO_PEER);
        mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
        mnl_attr_put_strz(h, IFLA_IFNAME, "host0");
        mnl_attr_put(h, IFLA_ADDRESS, 6, n->container_mac.bytes);
        mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t) netns_fd);
        mnl_attr_nest_end(h, peer);
        mnl_attr_nest_end(h, data);
        mnl_attr_nest_end(h, info);
        end(b, h);
}

static void link_set(struct bare *b, int index, bool up) {
        struct nlmsghdr *h = begin(b, RTM_NEWLINK, NLM_F_ACK);
        struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
        i->ifi_index = index;
        if (up) {
                i->ifi_flags = IFF_UP;
                i->ifi_change = IFF_UP;
        } else {
                struct nlattr *spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
                struct nlattr *inet6 = mnl_attr_nest_start(h, AF_INET6);
                mnl_attr_put_u8(h, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
                mnl_attr_nest_end(h, inet6);
                mnl_attr_nest_end(h, spec);
        }
        end(b, h);
}

static void address_add(struct bare *b, int index, const struct address *a, uint8_t length) {
        struct nlmsghdr *h = begin(b, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
        struct ifaddrmsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
        i->ifa_family = (uint8_t) a->family;
        i->ifa_prefixlen = length;
        i->ifa_index = (uint32_t) index;
        mnl_attr_put(h, IFA_LOCAL, address_size(a), a->bytes);
        mnl_attr_put(h, IFA_ADDRESS, address_size(a), a->bytes);
        if (a->family == AF_INET6)
                mnl_attr_put_u32(h, IFA_FLAGS, IFA_F_NODAD);
        end(b, h);
}

static void neighbour_add(struct bare *b, int index, const struct address *a, const struct mac *mac) {
        struct nlmsghdr *h = begin(b, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
        struct ndmsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
        i->ndm_family = (uint8_t) a->family;
        i->ndm_ifindex = index;
        i->ndm_state = NUD_PERMANENT;
        mnl_attr_put(h, NDA_DST, address_size(a), a->bytes);
        mnl_attr_put(h, NDA_LLADDR, 6, mac->bytes);
        end(b, h);
}

static void route_add(struct bare *b, int index, const struct address *via) {
        struct nlmsghdr *h = begin(b, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
        struct rtmsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
        i->rtm_family = (uint8_t) via->family;
        i->rtm_table = RT_TABLE_MAIN;
        i->rtm_protocol = RTPROT_STATIC;
        i->rtm_type = RTN_UNICAST;
        mnl_attr_put(h, RTA_GATEWAY, address_size(via), via->bytes);
        mnl_attr_put_u32(h, RTA_OIF, (uint32_t) index);
        end(b, h);
}

static void side_configure(struct bare *b, int index, const struct prefix *v4, const struct prefix *v6,
                           const struct address *link_local, const struct address *peers[3], const struct mac *peer) {
        link_set(b, index, false);
        address_add(b, index, &v4->address, v4->length);
        address_add(b, index, &v6->address, v6->length);
        address_add(b, index, link_local, 64);
        for (int i = 0; i < 3; i++)
                neighbour_add(b, index, peers[i], peer);
        link_set(b, index, true);
}

struct put {
        uint32_t family;
        const char *table, *set;
        const void *key;
        uint32_t key_size;
        const void *value;
        uint32_t value_size;
        const void *key_end; /* interval */
};

static void element(struct bare *b, const struct put *p, bool add) {
        uint16_t type = add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
        struct nlmsghdr *h = nftnl_nlmsg_build_hdr(b->buffer + b->used, type, (uint16_t) p->family,
                                                   add ? NLM_F_CREATE | NLM_F_EXCL : 0, ++b->sequence);
        struct nftnl_set *s = nftnl_set_alloc();
        nftnl_set_set_str(s, NFTNL_SET_TABLE, p->table);
        nftnl_set_set_str(s, NFTNL_SET_NAME, p->set);
        struct nftnl_set_elem *e = nftnl_set_elem_alloc();
        nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, p->key, p->key_size);
        if (add && p->value)
                nftnl_set_elem_set(e, NFTNL_SET_ELEM_DATA, p->value, p->value_size);
        nftnl_set_elem_add(s, e);
        if (p->key_end) {
                e = nftnl_set_elem_alloc();
                nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, p->key_end, p->key_size);
                nftnl_set_elem_set_u32(e, NFTNL_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
                nftnl_set_elem_add(s, e);
        }
        nftnl_set_elems_nlmsg_build_payload(h, s);
        nftnl_set_free(s);
        b->used += NLMSG_ALIGN(h->nlmsg_len);
}

/* Name, hardware address and IPv4 or IPv6 address, each padded to four bytes. */
struct key {
        uint8_t bytes[64];
        uint32_t size;
};

static struct key key(const char *link, const struct mac *mac, int macs, const struct address *a) {
        struct key k = {.size = 16};
        memcpy(k.bytes, link, strlen(link));
        for (int i = 0; i < macs; i++, k.size += 8)
                memcpy(k.bytes + k.size, mac->bytes, 6);
        if (a) {
                memcpy(k.bytes + k.size, a->bytes, address_size(a));
                k.size += (uint32_t) address_size(a);
        }
        return k;
}

static void elements(struct bare *b, const struct network *n, bool add) {
        static const char ours[] = "nixos_nspawn", systemd[] = "io.systemd.nat";
        const struct address *v4 = &n->container_v4.address, *v6 = &n->container_v6.address;
        struct prefix range4 = prefix_network(&n->container_v4), range6 = prefix_network(&n->container_v6);
        struct address end4 = range4.address, end6 = range6.address;
        end4.v4.s_addr = htonl(ntohl(end4.v4.s_addr) + 16);
        end6.bytes[7]++;
        const struct forward *f = n->forwards;
        uint8_t port[8] = {IPPROTO_TCP, 0, 0, 0, (uint8_t) (f->host_port >> 8), (uint8_t) f->host_port};
        uint8_t to4[8] = {0}, to6[20] = {0};
        memcpy(to4, v4->bytes, 4);
        memcpy(to6, v6->bytes, 16);
        to4[4] = to6[16] = (uint8_t) (f->container_port >> 8);
        to4[5] = to6[17] = (uint8_t) f->container_port;
        struct key link = key(n->link, NULL, 0, NULL), mac = key(n->link, &n->container_mac, 1, NULL),
                   source4 = key(n->link, NULL, 0, v4), arp = key(n->link, &n->container_mac, 2, v4),
                   local = key(n->link, NULL, 0, &n->container_link_local),
                   range = key(n->link, NULL, 0, &range6.address);
        const struct put puts[] = {
                {NFPROTO_INET, ours, "links", link.bytes, link.size},
                {NFPROTO_ARP, ours, "links", link.bytes, link.size},
                {NFPROTO_INET, ours, "macs", mac.bytes, mac.size},
                {NFPROTO_INET, ours, "source_v4", source4.bytes, source4.size},
                {NFPROTO_ARP, ours, "senders", arp.bytes, arp.size},
                {NFPROTO_INET, ours, "source_v6", local.bytes, local.size},
                {NFPROTO_INET, ours, "advertised", local.bytes, local.size},
                {NFPROTO_INET, ours, "source_v6", range.bytes, range.size},
                {NFPROTO_INET, ours, "advertised", range.bytes, range.size},
                {NFPROTO_IPV4, systemd, "masq_saddr", range4.address.bytes, 4, NULL, 0, end4.bytes},
                {NFPROTO_IPV6, systemd, "masq_saddr", range6.address.bytes, 16, NULL, 0, end6.bytes},
                {NFPROTO_IPV4, systemd, "map_port_ipport", port, 8, to4, 8},
                {NFPROTO_IPV6, systemd, "map_port_ipport", port, 8, to6, 20},
        };
        nftnl_batch_begin(b->buffer, ++b->sequence);
        b->used = ((struct nlmsghdr *) (void *) b->buffer)->nlmsg_len;
        size_t last = 0;
        for (size_t i = 0; i < sizeof(puts) / sizeof(puts[0]); i++) {
                last = b->used;
                element(b, &puts[i], add);
        }
        ((struct nlmsghdr *) (void *) (b->buffer + last))->nlmsg_flags |= NLM_F_ACK;
        b->acks = 1;
        nftnl_batch_end(b->buffer + b->used, ++b->sequence);
        b->used += ((struct nlmsghdr *) (void *) (b->buffer + b->used))->nlmsg_len;
        run(b, b->firewall, NULL, "elements");
}

static void host_side(struct bare *b, const struct network *n, int index) {
        const struct address *container[] = {&n->container_v4.address, &n->container_v6.address,
                                             &n->container_link_local};
        side_configure(b, index, &n->host_v4, &n->host_v6, &n->host_link_local, container, &n->container_mac);
        run(b, b->route, NULL, "host's side");
}

void bare_create(struct bare *b, const struct network *n, int netns_fd) {
        link_create(b, n, netns_fd);
        run(b, b->route, NULL, "create");
}

void bare_link(struct bare *b, const struct network *n) {
        int index = 0;
        link_get(b, n->link);
        run(b, b->route, &index, "look");
        host_side(b, n, index);
}

void bare_delete(struct bare *b, const struct network *n) {
        struct nlmsghdr *h = link_begin(b, RTM_DELLINK, NLM_F_ACK, 0);
        mnl_attr_put_strz(h, IFLA_IFNAME, n->link);
        end(b, h);
        run(b, b->route, NULL, "delete");
}

void bare_attach(struct bare *b, const struct network *n, int netns_fd) {
        const struct address *host[] = {&n->host_v4.address, &n->host_v6.address, &n->host_link_local};
        int index = 0;
        elements(b, n, true);
        link_create(b, n, netns_fd);
        link_get(b, n->link);
        run(b, b->route, &index, "create");
        host_side(b, n, index);

        if (setns(netns_fd, CLONE_NEWNET) < 0)
                err(1, "setns");
        struct mnl_socket *guest = open_socket(NETLINK_ROUTE);
        if (setns(b->own_netns, CLONE_NEWNET) < 0)
                err(1, "setns");
        link_get(b, "host0");
        run(b, guest, &index, "look at the container's side");
        side_configure(b, index, &n->container_v4, &n->container_v6, &n->container_link_local, host, &n->host_mac);
        route_add(b, index, &n->host_v4.address);
        route_add(b, index, &n->host_link_local);
        run(b, guest, NULL, "container's side");
        mnl_socket_close(guest);
}

void bare_dismiss(struct bare *b, const struct network *n) {
        elements(b, n, false);
}

void bare_detach(struct bare *b, const struct network *n) {
        bare_delete(b, n);
        bare_dismiss(b, n);
}
