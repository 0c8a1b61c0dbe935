/* On a segment that is shared, others may know these addresses as somebody's who is gone, and would go on sending there
 * until they ask again, which takes Linux up to ten seconds. */
#include "first.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        BRIDGE_TRIES = 25,
        BRIDGE_TRY_MS = 20,
};

static int hardware_address(int fd, int link, uint8_t ret[ETH_ALEN]) {
        struct ifreq request = {0};

        if (!if_indextoname((unsigned) link, request.ifr_name) || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
                return -errno;
        memcpy(ret, request.ifr_hwaddr.sa_data, ETH_ALEN);
        return 0;
}

/* A request, to all. */
static int ask(int fd, int link, const uint8_t mac[ETH_ALEN], const struct address *sender,
               const struct address *target) {
        struct sockaddr_ll to = {.sll_family = AF_PACKET,
                                 .sll_protocol = htons(ETH_P_ARP),
                                 .sll_ifindex = link,
                                 .sll_halen = ETH_ALEN,
                                 .sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
        struct ether_arp arp = {.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER),
                                           .ar_pro = htons(ETHERTYPE_IP),
                                           .ar_hln = ETH_ALEN,
                                           .ar_pln = sizeof arp.arp_spa,
                                           .ar_op = htons(ARPOP_REQUEST)}};

        memcpy(arp.arp_sha, mac, sizeof arp.arp_sha);
        memcpy(arp.arp_spa, sender->bytes, sizeof arp.arp_spa);
        memcpy(arp.arp_tpa, target->bytes, sizeof arp.arp_tpa);
        return sendto(fd, &arp, sizeof arp, 0, (struct sockaddr *) &to, sizeof to) < 0 ? -errno : 0;
}

/* An ARP announcement: a request for one's own address (RFC 5227, 2.3). */
static int announce_v4(int fd, int link, const uint8_t mac[ETH_ALEN], const struct address *a) {
        return ask(fd, link, mac, a, a);
}

static const struct address *first_v4(const struct address *a) {
        return a->family == AF_INET ? a : NULL;
}

/* A bridge lets nothing through until its host has noticed that the port has a carrier, which is some time after the
 * carrier is there, and nothing tells this end. What comes through does: the router's answer, or whatever else is asked
 * on the segment. Where nobody is known who could be asked, or he does not answer, what is announced may be lost. */
static void wait_for_bridge(int link, const uint8_t mac[ETH_ALEN], const struct first_network *n) {
        const struct sockaddr_ll here = {
                .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = link};
        const struct address *own = NULL, *router = NULL;
        struct pollfd p = {.fd = -1, .events = POLLIN};

        for (size_t i = 0; i < n->n_addresses && !own; i++)
                own = first_v4(&n->addresses[i].address);
        for (size_t i = 0; i < n->n_neighbours && !router; i++)
                router = first_v4(&n->neighbours[i].address);
        for (size_t i = 0; i < n->n_gateways && !router; i++)
                router = first_v4(&n->gateways[i]);
        if (own && router)
                p.fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (p.fd < 0)
                return;
        if (bind(p.fd, (const struct sockaddr *) &here, sizeof here) == 0)
                for (int k = 0; k < BRIDGE_TRIES; k++)
                        if (ask(p.fd, link, mac, own, router) < 0 || poll(&p, 1, BRIDGE_TRY_MS) != 0)
                                break;
        close(p.fd);
}

/* An unsolicited advertisement that overrides what others know (RFC 4861, 7.2.6). The kernel writes the checksum. */
static int announce_v6(int link, const uint8_t mac[ETH_ALEN], const struct address *a) {
        struct {
                struct nd_neighbor_advert head;
                struct nd_opt_hdr option;
                uint8_t mac[ETH_ALEN];
        } message = {
                .head = {.nd_na_type = ND_NEIGHBOR_ADVERT, .nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE},
                .option = {.nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1},
        };
        struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_scope_id = (uint32_t) link};
        struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                                  .sin6_addr = {.s6_addr = {0xff, 0x02, [15] = 1}},
                                  .sin6_scope_id = (uint32_t) link};
        int hops = 255, r = 0;
        int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);

        if (fd < 0)
                return -errno;
        memcpy(message.mac, mac, sizeof message.mac);
        memcpy(&message.head.nd_na_target, a->bytes, sizeof message.head.nd_na_target);
        memcpy(&from.sin6_addr, a->bytes, sizeof from.sin6_addr);
        if (setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &link, sizeof link) < 0 ||
            setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) < 0 ||
            bind(fd, (struct sockaddr *) &from, sizeof from) < 0 ||
            sendto(fd, &message, sizeof message, 0, (struct sockaddr *) &to, sizeof to) < 0)
                r = -errno;
        close(fd);
        return r;
}

int announce(const struct first_network *n, int link) {
        uint8_t mac[ETH_ALEN];
        int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

        if (fd < 0)
                return -errno;
        r = hardware_address(fd, link, mac);
        if (r == 0)
                wait_for_bridge(link, mac, n);
        for (size_t i = 0; i < n->n_addresses && r == 0; i++) {
                const struct address *a = &n->addresses[i].address;

                r = a->family == AF_INET ? announce_v4(fd, link, mac, a) : announce_v6(link, mac, a);
        }
        close(fd);
        return r;
}
