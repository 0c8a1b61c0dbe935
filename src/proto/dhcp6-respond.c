/* Decides what a DHCPv6 client is told (RFC 8415 18.3), and writes it. */
#include "proto/dhcp6-option.h"
#include "proto/dhcp6.h"
#include "proto/dns-name.h"

#include "base/siphash.h"

#include <errno.h>

#define DUID_UUID      4
#define PREFERENCE_NOW 255 /* the client need not wait for other servers */

void dhcp6_duid_make(const uint8_t machine_id[16], uint8_t ret[DHCP6_SERVER_DUID_SIZE]) {
        static const uint8_t keys[2][16] = {
                {0x6e, 0x0b, 0x35, 0xd1, 0x8c, 0x42, 0x4f, 0x97, 0xa1, 0x5c, 0x03, 0x7a, 0xee, 0x90, 0x2d, 0x64},
                {0xd9, 0x71, 0x2a, 0x58, 0x13, 0xbf, 0x46, 0x0e, 0x84, 0xf5, 0xc6, 0x39, 0x27, 0x6b, 0xa8, 0x10},
        };
        struct writer w = {.data = ret, .capacity = DHCP6_SERVER_DUID_SIZE};

        writer_u16(&w, DUID_UUID);
        for (size_t i = 0; i < 2; i++) {
                uint64_t hash = siphash24(machine_id, 16, keys[i]);

                writer_u32(&w, (uint32_t) (hash >> 32));
                writer_u32(&w, (uint32_t) hash);
        }
        ret[2 + 6] = (uint8_t) ((ret[2 + 6] & 0x0f) | 0x80); /* UUID of a custom kind (RFC 9562, version 8) */
        ret[2 + 8] = (uint8_t) ((ret[2 + 8] & 0x3f) | 0x80);
}

static size_t option_begin(struct writer *w, uint16_t code) {
        writer_u16(w, code);
        writer_u16(w, 0);
        return w->size;
}

static void option_end(struct writer *w, size_t begin) {
        if (!w->overflow)
                writer_patch_u16(w, begin - 2, (uint16_t) (w->size - begin));
}

static void write_option(struct writer *w, uint16_t code, const void *content, size_t size) {
        size_t begin = option_begin(w, code);

        writer_bytes(w, content, size);
        option_end(w, begin);
}

static void write_status(struct writer *w, enum dhcp6_status status) {
        size_t begin = option_begin(w, DHCP6_OPTION_STATUS);

        writer_u16(w, (uint16_t) status);
        option_end(w, begin);
}

static void write_address(struct writer *w, const uint8_t address[16], uint32_t lifetime) {
        size_t begin = option_begin(w, DHCP6_OPTION_IA_ADDRESS);

        writer_bytes(w, address, 16);
        writer_u32(w, lifetime);
        writer_u32(w, lifetime);
        option_end(w, begin);
}

static bool is_lease(const struct dhcp6_lease *lease, const uint8_t *address) {
        return memcmp(&lease->client, address, sizeof(lease->client)) == 0;
}

/* Calls for each address in an association; how many of them are (not) the lease's. */
static unsigned association_count(const struct dhcp6_lease *lease, struct reader list, bool ours) {
        struct dhcp6_option o;
        unsigned n = 0;

        while (dhcp6_option_next(&list, &o) > 0)
                n += o.code == DHCP6_OPTION_IA_ADDRESS && is_lease(lease, o.content.data) == ours;
        return n;
}

/* The client is to give up every other address that it thinks it has. */
static void write_strangers(struct writer *w, const struct dhcp6_lease *lease, struct reader list) {
        struct dhcp6_option o;

        while (dhcp6_option_next(&list, &o) > 0)
                if (o.code == DHCP6_OPTION_IA_ADDRESS && !is_lease(lease, o.content.data))
                        write_address(w, o.content.data, 0);
}

static void write_association(struct writer *w, const struct dhcp6_lease *lease, const struct dhcp6_message *m,
                              const struct dhcp6_option *association, bool first) {
        size_t fixed = dhcp6_association_size(association->code), begin;
        struct reader list = association->content;
        const uint8_t *id;
        bool gives = association->code == DHCP6_OPTION_IA_NA && first;
        bool lets_go = m->type == DHCP6_RELEASE || m->type == DHCP6_DECLINE;

        if (!reader_take(&list, fixed, &id))
                return;
        /* What is let go is only mentioned when it was never the client's. */
        if (lets_go && association->code == DHCP6_OPTION_IA_NA && association_count(lease, list, true) > 0)
                return;

        begin = option_begin(w, association->code);
        writer_bytes(w, id, 4);
        if (fixed == DHCP6_IA_SIZE) {
                writer_u32(w, gives && !lets_go ? lease->lifetime / 2 : 0);
                writer_u32(w, gives && !lets_go ? (uint32_t) ((uint64_t) lease->lifetime * 7 / 8) : 0);
        }
        if (lets_go) {
                write_status(w, DHCP6_NO_BINDING);
        } else if (gives) {
                write_address(w, lease->client.s6_addr, lease->lifetime);
                if (m->type == DHCP6_RENEW || m->type == DHCP6_REBIND)
                        write_strangers(w, lease, list);
        } else {
                write_status(w, association->code == DHCP6_OPTION_IA_PD ? DHCP6_NO_PREFIX : DHCP6_NO_ADDRESSES);
        }
        option_end(w, begin);
}

static void write_associations(struct writer *w, const struct dhcp6_lease *lease, const struct dhcp6_message *m) {
        struct reader list = {m->options, m->options_size};
        struct dhcp6_option o;
        bool first = true;

        while (dhcp6_option_next(&list, &o) > 0) {
                if (dhcp6_association_size(o.code) == 0)
                        continue;
                write_association(w, lease, m, &o, first);
                if (o.code == DHCP6_OPTION_IA_NA)
                        first = false;
        }
}

/* 1: every address is the lease's; 0: some are not; -1: there are none. */
static int confirms(const struct dhcp6_lease *lease, const struct dhcp6_message *m) {
        struct reader list = {m->options, m->options_size};
        unsigned ours = 0, others = 0;
        struct dhcp6_option o;
        const uint8_t *fixed;

        while (dhcp6_option_next(&list, &o) > 0) {
                if (o.code != DHCP6_OPTION_IA_NA || !reader_take(&o.content, DHCP6_IA_SIZE, &fixed))
                        continue;
                ours += association_count(lease, o.content, true);
                others += association_count(lease, o.content, false);
        }
        if (ours + others == 0)
                return -1;
        return others == 0;
}

/* RFC 8415 16: what must be discarded. */
static bool acceptable(const struct dhcp6_lease *lease, const struct dhcp6_message *m) {
        bool names_us = m->server_duid && m->server_duid_size == sizeof(lease->server_duid) &&
                        memcmp(m->server_duid, lease->server_duid, sizeof(lease->server_duid)) == 0;

        switch (m->type) {
        case DHCP6_SOLICIT:
        case DHCP6_REBIND:
                return m->client_duid && !m->server_duid;
        case DHCP6_CONFIRM:
                return m->client_duid && !m->server_duid && confirms(lease, m) >= 0;
        case DHCP6_REQUEST:
        case DHCP6_RENEW:
        case DHCP6_RELEASE:
        case DHCP6_DECLINE:
                return m->client_duid && names_us;
        case DHCP6_INFORMATION_REQUEST:
                return (!m->server_duid || names_us) && m->associations == 0;
        default:
                return false;
        }
}

static void write_settings(struct writer *w, const struct dhcp6_lease *lease, const struct dhcp6_message *m) {
        struct dns_name domain;

        if (m->wants_dns)
                write_option(w, DHCP6_OPTION_DNS, &lease->server, sizeof(lease->server));
        if (m->wants_domain && lease->domain && dns_name_parse(lease->domain, &domain) >= 0)
                write_option(w, DHCP6_OPTION_DOMAIN_LIST, domain.wire, domain.size);
}

int dhcp6_respond(const struct dhcp6_lease *lease, const struct dhcp6_message *m, uint8_t *data, size_t capacity,
                  size_t *ret_size) {
        struct writer w = {.data = data, .capacity = capacity};
        bool advertises = m->type == DHCP6_SOLICIT && !m->rapid_commit;

        if (!acceptable(lease, m))
                return 0;

        writer_u8(&w, advertises ? DHCP6_ADVERTISE : DHCP6_REPLY);
        writer_bytes(&w, m->transaction, sizeof(m->transaction));
        if (m->client_duid)
                write_option(&w, DHCP6_OPTION_CLIENT_ID, m->client_duid, m->client_duid_size);
        write_option(&w, DHCP6_OPTION_SERVER_ID, lease->server_duid, sizeof(lease->server_duid));

        switch (m->type) {
        case DHCP6_SOLICIT:
                if (advertises)
                        write_option(&w, DHCP6_OPTION_PREFERENCE, &(uint8_t){PREFERENCE_NOW}, 1);
                else
                        write_option(&w, DHCP6_OPTION_RAPID_COMMIT, NULL, 0);
                write_associations(&w, lease, m);
                write_settings(&w, lease, m);
                break;
        case DHCP6_CONFIRM:
                write_status(&w, confirms(lease, m) > 0 ? DHCP6_SUCCESS : DHCP6_NOT_ON_LINK);
                break;
        case DHCP6_RELEASE:
        case DHCP6_DECLINE:
                write_status(&w, DHCP6_SUCCESS);
                write_associations(&w, lease, m);
                break;
        default:
                write_associations(&w, lease, m);
                write_settings(&w, lease, m);
        }
        if (w.overflow)
                return -ENOBUFS;
        *ret_size = w.size;
        return 1;
}
