/* Reads a DHCPv6 client's message; every option, also those inside associations, is checked before any is used. */
#include "proto/dhcp6-option.h"
#include "proto/dhcp6.h"

#include <errno.h>

static int read_duid(struct reader content, const uint8_t **ret, size_t *ret_size) {
        /* Two bytes of type and at least one of identity; a second one makes the message ambiguous. */
        if (content.size < 3 || content.size > DHCP6_DUID_MAX || *ret)
                return -EBADMSG;
        *ret = content.data;
        *ret_size = content.size;
        return 0;
}

static int read_request(struct dhcp6_message *m, struct reader content) {
        uint16_t code;

        if (content.size % 2 != 0)
                return -EBADMSG;
        while (reader_u16(&content, &code)) {
                m->wants_dns |= code == DHCP6_OPTION_DNS;
                m->wants_domain |= code == DHCP6_OPTION_DOMAIN_LIST;
        }
        return 0;
}

static int check_association(const struct dhcp6_option *association) {
        struct reader list = association->content;
        struct dhcp6_option inner;
        const uint8_t *fixed;
        int k;

        if (!reader_take(&list, dhcp6_association_size(association->code), &fixed))
                return -EBADMSG;
        while ((k = dhcp6_option_next(&list, &inner)) > 0)
                if (inner.code == DHCP6_OPTION_IA_ADDRESS && inner.content.size < DHCP6_IA_ADDRESS_SIZE)
                        return -EBADMSG;
        return k < 0 ? -EBADMSG : 0;
}

static int read_option(struct dhcp6_message *m, const struct dhcp6_option *o) {
        switch (o->code) {
        case DHCP6_OPTION_CLIENT_ID:
                return read_duid(o->content, &m->client_duid, &m->client_duid_size);
        case DHCP6_OPTION_SERVER_ID:
                return read_duid(o->content, &m->server_duid, &m->server_duid_size);
        case DHCP6_OPTION_REQUEST:
                return read_request(m, o->content);
        case DHCP6_OPTION_RAPID_COMMIT:
                m->rapid_commit = true;
                return 0;
        case DHCP6_OPTION_IA_NA:
        case DHCP6_OPTION_IA_TA:
        case DHCP6_OPTION_IA_PD:
                m->associations++;
                return check_association(o);
        default:
                return 0;
        }
}

int dhcp6_parse(const uint8_t *data, size_t size, struct dhcp6_message *ret) {
        struct reader r = {data, size};
        struct dhcp6_option o;
        const uint8_t *transaction;
        uint8_t type;
        int k;

        *ret = (struct dhcp6_message){0};
        if (!reader_u8(&r, &type) || !reader_take(&r, sizeof(ret->transaction), &transaction))
                return -EBADMSG;
        if (type < DHCP6_SOLICIT || type > DHCP6_INFORMATION_REQUEST || type == DHCP6_ADVERTISE ||
            type == DHCP6_REPLY || type == DHCP6_RECONFIGURE)
                return -EBADMSG;
        ret->type = (enum dhcp6_type) type;
        memcpy(ret->transaction, transaction, sizeof(ret->transaction));
        ret->options = r.data;
        ret->options_size = r.size;

        while ((k = dhcp6_option_next(&r, &o)) > 0) {
                k = read_option(ret, &o);
                if (k < 0)
                        return k;
        }
        return k < 0 ? -EBADMSG : 0;
}
