/* DHCP of both versions: packets from the link's sockets to the codecs and back. */
#include "netd/responder.h"

#include "base/log.h"
#include "proto/dhcp4.h"

#include <errno.h>
#include <string.h>

#define MESSAGES_A_TURN 8

static const char *dhcp4_event(enum dhcp4_type type) {
        return type == DHCP4_DECLINE ? "declined" : "released";
}

static void dhcp4_send(struct responder_link *l, const uint8_t *data, const struct dhcp4_reply *reply) {
        struct sockaddr_in to = {
                .sin_family = AF_INET, .sin_port = htons(DHCP4_CLIENT_PORT), .sin_addr = reply->destination};
        struct in_pktinfo info = {.ipi_ifindex = l->ifindex, .ipi_spec_dst = l->host_v4};
        uint8_t control[CMSG_SPACE(sizeof(info))] = {0};
        struct iovec part = {(void *) data, reply->size};
        struct msghdr m = {
                .msg_name = &to,
                .msg_namelen = sizeof(to),
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = sizeof(control),
        };
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);

        c->cmsg_level = IPPROTO_IP;
        c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(c), &info, sizeof(info));
        if (sendmsg(l->fds[ENDPOINT_DHCP4], &m, MSG_DONTWAIT) < 0)
                log_debug("%s: DHCPv4 reply not sent: %s", l->link, strerror(errno));
}

/* What the link's settings say of it. servers, times: room that the lease borrows. */
static void apply_settings(const struct link_service *s, struct in_addr servers[LINK_SERVERS_MAX],
                           struct in_addr times[LINK_SERVERS_MAX], struct dhcp4_lease *lease) {
        if (s->has_lifetime)
                lease->lifetime = s->lifetime;
        lease->without_router = lease->without_router || s->emit_router == CHOICE_NO;
        lease->without_dns = s->emit_dns == CHOICE_NO;
        for (size_t i = 0; i < s->n_servers && !lease->without_dns; i++)
                servers[lease->n_dns++] = s->servers[i].v4;
        for (size_t i = 0; i < s->n_times; i++)
                times[lease->n_times++] = s->times[i].v4;
        lease->dns = servers;
        lease->times = times;
}

void responder_dhcp4_receive(struct responders *r, struct responder_link *l) {
        struct in_addr servers[LINK_SERVERS_MAX], times[LINK_SERVERS_MAX];
        struct dhcp4_lease lease = {
                .without_router = l->internal,
                .server = l->host_v4,
                .prefix_length = l->length_v4,
                .mtu = (uint16_t) (l->mtu <= UINT16_MAX ? l->mtu : 0),
                .lifetime = RESPONDER_LIFETIME,
                .domain = r->domain,
        };

        if (l->more)
                apply_settings(&l->more->dhcp, servers, times, &lease);
        for (unsigned i = 0; i < MESSAGES_A_TURN; i++) {
                ssize_t n = recv(l->fds[ENDPOINT_DHCP4], r->packet, sizeof(r->packet), MSG_DONTWAIT);
                uint8_t data[DHCP4_REPLY_MAX];
                struct dhcp4_message m;
                struct responder_client client;
                struct dhcp4_reply reply;

                if (n < 0)
                        return;
                if (dhcp4_parse(r->packet, (size_t) n, &m) < 0 || !responder_client_by_mac(l, &m.mac, &client) ||
                    !responder_allows(client.allowance, responder_now(r)))
                        continue;
                lease.mac = client.mac;
                lease.client = client.v4;
                lease.host_name = client.name;
                if (dhcp4_respond(&lease, &m, data, sizeof(data), &reply) > 0)
                        dhcp4_send(l, data, &reply);
                else if ((m.type == DHCP4_DECLINE || m.type == DHCP4_RELEASE) && mac_equal(&m.mac, &client.mac))
                        log_debug("%s: %s %s its IPv4 address", l->link, client.name, dhcp4_event(m.type));
        }
}

/* Was it sent to a group? Servers are not to be asked in any other way (RFC 9915). */
static bool to_group(struct msghdr *m) {
        struct in6_pktinfo info;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
                if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
                    c->cmsg_len >= CMSG_LEN(sizeof(info))) {
                        memcpy(&info, CMSG_DATA(c), sizeof(info));
                        return IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
                }
        return false;
}

static void dhcp6_serve(struct responders *r, struct responder_link *l, size_t size, struct sockaddr_in6 *from) {
        struct dhcp6_lease lease = {
                .server = l->host_v6,
                .lifetime = RESPONDER_LIFETIME,
                .domain = r->domain,
        };
        uint8_t data[DHCP6_REPLY_MAX];
        struct responder_client client;
        struct dhcp6_message m;

        if (!responder_client_by_link_local(l, &from->sin6_addr, &client))
                return;
        lease.client = client.v6;
        memcpy(lease.server_duid, r->server_duid, sizeof(lease.server_duid));
        if (dhcp6_parse(r->packet, size, &m) < 0 || !responder_allows(client.allowance, responder_now(r)) ||
            dhcp6_respond(&lease, &m, data, sizeof(data), &size) <= 0)
                return;
        from->sin6_port = htons(DHCP6_CLIENT_PORT);
        if (sendto(l->fds[ENDPOINT_DHCP6], data, size, MSG_DONTWAIT, (struct sockaddr *) from, sizeof(*from)) < 0)
                log_debug("%s: DHCPv6 reply not sent: %s", l->link, strerror(errno));
}

void responder_dhcp6_receive(struct responders *r, struct responder_link *l) {
        for (unsigned i = 0; i < MESSAGES_A_TURN; i++) {
                uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
                struct iovec part = {r->packet, sizeof(r->packet)};
                struct sockaddr_in6 from = {0};
                struct msghdr m = {
                        .msg_name = &from,
                        .msg_namelen = sizeof(from),
                        .msg_iov = &part,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control),
                };
                ssize_t n = recvmsg(l->fds[ENDPOINT_DHCP6], &m, MSG_DONTWAIT);

                if (n < 0)
                        return;
                if (to_group(&m) && IN6_IS_ADDR_LINKLOCAL(&from.sin6_addr))
                        dhcp6_serve(r, l, (size_t) n, &from);
        }
}
