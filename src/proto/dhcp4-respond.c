/* Decides what a DHCPv4 client is told, and writes it. */
#include "proto/dhcp4-option.h"
#include "proto/dhcp4.h"
#include "proto/dns-name.h"
#include "proto/wire.h"

#include <errno.h>

static bool same(struct in_addr a, struct in_addr b) {
        return a.s_addr == b.s_addr;
}

static bool unset(struct in_addr a) {
        return a.s_addr == INADDR_ANY;
}

/* RFC 2131 4.3.2: the state that the client is in shows in what it fills in. 0: stay silent. */
static int answer_request(const struct dhcp4_lease *lease, const struct dhcp4_message *m) {
        struct in_addr wanted = m->requested;

        if (!unset(m->server)) {
                if (!same(m->server, lease->server))
                        return 0; /* it chose another server */
        } else if (unset(wanted)) {
                wanted = m->client; /* renewing or rebinding */
        }
        if (unset(wanted))
                return 0;
        return same(wanted, lease->client) ? DHCP4_ACK : DHCP4_NAK;
}

static int answer_type(const struct dhcp4_lease *lease, const struct dhcp4_message *m) {
        switch (m->type) {
        case DHCP4_DISCOVER:
                return m->rapid_commit ? DHCP4_ACK : DHCP4_OFFER;
        case DHCP4_REQUEST:
                return answer_request(lease, m);
        case DHCP4_INFORM:
                return same(m->client, lease->client) ? DHCP4_ACK : 0;
        default: /* declined or released: the lease stays what it is */
                return 0;
        }
}

static void write_option(struct writer *w, uint8_t code, const void *value, size_t size) {
        if (size == 0 || size > UINT8_MAX)
                return;
        writer_u8(w, code);
        writer_u8(w, (uint8_t) size);
        writer_bytes(w, value, size);
}

static void write_number(struct writer *w, uint8_t code, uint32_t value) {
        writer_u8(w, code);
        writer_u8(w, 4);
        writer_u32(w, value);
}

static bool wanted(const struct dhcp4_message *m, uint8_t code) {
        return !m->has_wanted || m->wanted[code / 8] & 1 << code % 8;
}

static void write_settings(struct writer *w, const struct dhcp4_lease *lease, const struct dhcp4_message *m) {
        uint32_t mask = lease->prefix_length > 0 ? UINT32_MAX << (32 - lease->prefix_length) : 0;
        struct dns_name search;

        write_number(w, DHCP4_OPTION_MASK, mask);
        if (!lease->without_router)
                write_option(w, DHCP4_OPTION_ROUTER, &lease->server, sizeof(lease->server));
        if (lease->n_dns > 0)
                write_option(w, DHCP4_OPTION_DNS, lease->dns, lease->n_dns * sizeof(*lease->dns));
        else if (!lease->without_dns)
                write_option(w, DHCP4_OPTION_DNS, &lease->server, sizeof(lease->server));
        write_option(w, DHCP4_OPTION_TIMES, lease->times, lease->n_times * sizeof(*lease->times));
        if (lease->mtu > 0 && wanted(m, DHCP4_OPTION_MTU)) {
                writer_u8(w, DHCP4_OPTION_MTU);
                writer_u8(w, 2);
                writer_u16(w, lease->mtu);
        }
        if (lease->host_name && wanted(m, DHCP4_OPTION_HOST_NAME))
                write_option(w, DHCP4_OPTION_HOST_NAME, lease->host_name, strlen(lease->host_name));
        if (lease->domain && wanted(m, DHCP4_OPTION_DOMAIN))
                write_option(w, DHCP4_OPTION_DOMAIN, lease->domain, strlen(lease->domain));
        if (lease->domain && wanted(m, DHCP4_OPTION_SEARCH) && dns_name_parse(lease->domain, &search) >= 0)
                write_option(w, DHCP4_OPTION_SEARCH, search.wire, search.size);
}

static void write_fixed(struct writer *w, const struct dhcp4_lease *lease, const struct dhcp4_message *m,
                        enum dhcp4_type type) {
        bool gives = type != DHCP4_NAK && m->type != DHCP4_INFORM;

        writer_u8(w, DHCP4_BOOTREPLY);
        writer_u8(w, DHCP4_ETHERNET);
        writer_u8(w, ETH_ALEN);
        writer_u8(w, 0);
        writer_bytes(w, &m->transaction, sizeof(m->transaction));
        writer_u16(w, 0);
        writer_u16(w, m->broadcast ? 0x8000 : 0);
        if (type == DHCP4_ACK)
                writer_bytes(w, &m->client, sizeof(m->client));
        else
                writer_zero(w, sizeof(m->client));
        if (gives)
                writer_bytes(w, &lease->client, sizeof(lease->client));
        else
                writer_zero(w, sizeof(lease->client));
        writer_zero(w, 8); /* next server, relay */
        writer_bytes(w, m->mac.bytes, ETH_ALEN);
        writer_zero(w, DHCP4_FIXED_SIZE - w->size);
}

/* RFC 2131 4.1. The client's hardware address is a permanent neighbour, so it is reached before it answers ARP. */
static struct in_addr reply_destination(const struct dhcp4_lease *lease, const struct dhcp4_message *m,
                                        enum dhcp4_type type) {
        if (type == DHCP4_NAK)
                return (struct in_addr){INADDR_BROADCAST};
        if (!unset(m->client) && same(m->client, lease->client))
                return m->client;
        return m->broadcast ? (struct in_addr){INADDR_BROADCAST} : lease->client;
}

int dhcp4_respond(const struct dhcp4_lease *lease, const struct dhcp4_message *m, uint8_t *data, size_t capacity,
                  struct dhcp4_reply *ret) {
        struct writer w = {.data = data, .capacity = capacity};
        int type;

        if (!mac_equal(&lease->mac, &m->mac))
                return -EACCES;
        type = answer_type(lease, m);
        if (type == 0)
                return 0;

        write_fixed(&w, lease, m, (enum dhcp4_type) type);
        writer_u32(&w, DHCP4_COOKIE);
        write_option(&w, DHCP4_OPTION_TYPE, &(uint8_t){(uint8_t) type}, 1);
        write_option(&w, DHCP4_OPTION_SERVER, &lease->server, sizeof(lease->server));
        if (type != DHCP4_NAK && m->type != DHCP4_INFORM) {
                write_number(&w, DHCP4_OPTION_LIFETIME, lease->lifetime);
                write_number(&w, DHCP4_OPTION_T1, lease->lifetime / 2);
                write_number(&w, DHCP4_OPTION_T2, (uint32_t) ((uint64_t) lease->lifetime * 7 / 8));
        }
        if (m->type == DHCP4_DISCOVER && type == DHCP4_ACK)
                writer_u16(&w, DHCP4_OPTION_RAPID_COMMIT << 8);
        if (type != DHCP4_NAK)
                write_settings(&w, lease, m);
        write_option(&w, DHCP4_OPTION_CLIENT_ID, m->client_id, m->client_id_size);
        writer_u8(&w, DHCP4_OPTION_END);
        if (w.size < DHCP4_SIZE_MIN)
                writer_zero(&w, DHCP4_SIZE_MIN - w.size);
        if (w.overflow)
                return -ENOBUFS;

        *ret = (struct dhcp4_reply){
                .type = (enum dhcp4_type) type,
                .destination = reply_destination(lease, m, (enum dhcp4_type) type),
                .size = w.size,
        };
        return 1;
}
