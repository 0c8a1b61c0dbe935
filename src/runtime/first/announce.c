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
#include <netinet/ip6.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        BRIDGE_TRIES = 25,
        BRIDGE_TRY_MS = 20,
};

static int hardware_address(int link, uint8_t ret[ETH_ALEN]) {
        struct ifreq request = {0};
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

        if (fd < 0)
                return -errno;
        if (!if_indextoname((unsigned) link, request.ifr_name) || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
                r = -errno;
        memcpy(ret, request.ifr_hwaddr.sa_data, ETH_ALEN);
        close(fd);
        return r;
}

/* What is said to everybody on the segment: a question for the target, or that the sender is here. */
struct words {
        const struct address *sender, *target;
        bool question;
};

/* A request: for one's own address it is an announcement (RFC 5227, 2.3). */
static int say_v4(int link, const uint8_t mac[ETH_ALEN], const struct words *w) {
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
        int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

        if (fd < 0)
                return -errno;
        memcpy(arp.arp_sha, mac, sizeof arp.arp_sha);
        memcpy(arp.arp_spa, w->sender->bytes, sizeof arp.arp_spa);
        memcpy(arp.arp_tpa, w->target->bytes, sizeof arp.arp_tpa);
        if (sendto(fd, &arp, sizeof arp, 0, (struct sockaddr *) &to, sizeof to) < 0)
                r = -errno;
        close(fd);
        return r;
}

/* A solicitation (RFC 4861, 4.3), or an unsolicited advertisement that overrides what others know (7.2.6). The kernel
 * writes the checksum. */
static int say_v6(int link, const uint8_t mac[ETH_ALEN], const struct words *w) {
        struct {
                struct nd_neighbor_advert head; /* a solicitation is of the same shape (4.3, 4.4) */
                struct nd_opt_hdr option;
                uint8_t mac[ETH_ALEN];
        } message = {
                .head = {.nd_na_type = w->question ? ND_NEIGHBOR_SOLICIT : ND_NEIGHBOR_ADVERT,
                         .nd_na_flags_reserved = w->question ? 0 : ND_NA_FLAG_OVERRIDE},
                .option = {.nd_opt_type = w->question ? ND_OPT_SOURCE_LINKADDR : ND_OPT_TARGET_LINKADDR,
                           .nd_opt_len = 1},
        };
        struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_scope_id = (uint32_t) link};
        struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                                  .sin6_addr = {.s6_addr = {0xff, 0x02, [15] = 1}},
                                  .sin6_scope_id = (uint32_t) link};
        int hops = 255, r = 0;
        int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);

        if (fd < 0)
                return -errno;
        if (w->question) { /* the solicited-node address (RFC 4291, 2.7.1) */
                to.sin6_addr.s6_addr[11] = 1;
                to.sin6_addr.s6_addr[12] = 0xff;
                memcpy(&to.sin6_addr.s6_addr[13], &w->target->bytes[13], 3);
        }
        memcpy(message.mac, mac, sizeof message.mac);
        memcpy(&message.head.nd_na_target, w->target->bytes, sizeof message.head.nd_na_target);
        memcpy(&from.sin6_addr, w->sender->bytes, sizeof from.sin6_addr);
        if (setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &link, sizeof link) < 0 ||
            setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) < 0 ||
            bind(fd, (struct sockaddr *) &from, sizeof from) < 0 ||
            sendto(fd, &message, sizeof message, 0, (struct sockaddr *) &to, sizeof to) < 0)
                r = -errno;
        close(fd);
        return r;
}

static int say(int link, const uint8_t mac[ETH_ALEN], const struct words *w) {
        return w->target->family == AF_INET ? say_v4(link, mac, w) : say_v6(link, mac, w);
}

/* Whom to ask for the router, and as whom. */
static bool find_router(const struct first_network *n, sa_family_t family, struct words *ret) {
        *ret = (struct words){.question = true};
        for (size_t i = 0; i < n->n_addresses && !ret->sender; i++)
                if (n->addresses[i].address.family == family)
                        ret->sender = &n->addresses[i].address;
        for (size_t i = 0; i < n->n_neighbours && !ret->target; i++)
                if (n->neighbours[i].address.family == family)
                        ret->target = &n->neighbours[i].address;
        for (size_t i = 0; i < n->n_gateways && !ret->target; i++)
                if (n->gateways[i].family == family)
                        ret->target = &n->gateways[i];
        return ret->sender && ret->target;
}

/* Whatever is asked by ARP has come through. IPv6 is spoken by the port itself, too: there it takes the answer. */
static bool is_from_segment(const struct words *question, const uint8_t *packet, ssize_t size) {
        const struct ip6_hdr *ip = (const struct ip6_hdr *) packet;
        const struct nd_neighbor_advert *answer = (const struct nd_neighbor_advert *) (packet + sizeof *ip);

        if (question->target->family == AF_INET)
                return size > 0;
        return size >= (ssize_t) (sizeof *ip + sizeof *answer) && ip->ip6_nxt == IPPROTO_ICMPV6 &&
               answer->nd_na_type == ND_NEIGHBOR_ADVERT &&
               memcmp(&answer->nd_na_target, question->target->bytes, sizeof answer->nd_na_target) == 0;
}

static bool is_heard(int fd, const struct words *question) {
        uint8_t packet[512] __attribute__((aligned(8)));
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&p, 1, BRIDGE_TRY_MS) <= 0)
                return false;
        while ((n = recv(fd, packet, sizeof packet, MSG_DONTWAIT)) >= 0)
                if (is_from_segment(question, packet, n))
                        return true;
        return false;
}

/* A bridge lets nothing through until its host has noticed that the port has a carrier, which is some time after the
 * carrier is there, and nothing tells this end. What comes through does: the router's answer. Where nobody is known who
 * could be asked, or he does not answer, what is announced may be lost. */
static void wait_for_bridge(int link, const uint8_t mac[ETH_ALEN], const struct first_network *n) {
        struct sockaddr_ll here = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = link};
        struct words question;
        int fd;

        if (!find_router(n, AF_INET, &question)) {
                if (!find_router(n, AF_INET6, &question))
                        return;
                here.sll_protocol = htons(ETH_P_IPV6);
        }
        fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return;
        if (bind(fd, (const struct sockaddr *) &here, sizeof here) == 0)
                for (int k = 0; k < BRIDGE_TRIES; k++)
                        if (say(link, mac, &question) < 0 || is_heard(fd, &question))
                                break;
        close(fd);
}

int announce(const struct first_network *n, int link) {
        uint8_t mac[ETH_ALEN];
        int r = hardware_address(link, mac);

        if (r == 0)
                wait_for_bridge(link, mac, n);
        for (size_t i = 0; i < n->n_addresses && r == 0; i++)
                r = say(link, mac,
                        &(struct words){.sender = &n->addresses[i].address, .target = &n->addresses[i].address});
        return r;
}
