/* Reads a DHCPv4 client's message: the fixed part, and options in up to three fields (option overload). */
#include "proto/dhcp4-option.h"
#include "proto/dhcp4.h"
#include "proto/wire.h"

#include <errno.h>

struct overload {
        bool file, server_name;
};

static void read_address(const uint8_t *value, uint8_t length, struct in_addr *ret) {
        if (length == sizeof(*ret))
                memcpy(ret, value, sizeof(*ret));
}

static int read_option(struct dhcp4_message *m, uint8_t code, const uint8_t *value, uint8_t length,
                       struct overload *overload) {
        switch (code) {
        case DHCP4_OPTION_TYPE:
                if (length != 1 || value[0] < DHCP4_DISCOVER || value[0] > DHCP4_INFORM)
                        return -EBADMSG;
                m->type = (enum dhcp4_type) value[0];
                break;
        case DHCP4_OPTION_REQUESTED:
                read_address(value, length, &m->requested);
                break;
        case DHCP4_OPTION_SERVER:
                read_address(value, length, &m->server);
                break;
        case DHCP4_OPTION_RAPID_COMMIT:
                m->rapid_commit = true;
                break;
        case DHCP4_OPTION_CLIENT_ID:
                memcpy(m->client_id, value, length);
                m->client_id_size = length;
                break;
        case DHCP4_OPTION_PARAMETERS:
                m->has_wanted = true;
                for (uint8_t i = 0; i < length; i++)
                        m->wanted[value[i] / 8] |= (uint8_t) (1 << value[i] % 8);
                break;
        case DHCP4_OPTION_OVERLOAD:
                if (length != 1 || !overload)
                        return -EBADMSG;
                overload->file = value[0] & 1;
                overload->server_name = value[0] & 2;
                break;
        default:
                break;
        }
        return 0;
}

/* overload: NULL in the fields that it led to, where it may not occur again. */
static int read_options(struct dhcp4_message *m, const uint8_t *data, size_t size, struct overload *overload) {
        struct reader r = {data, size};
        uint8_t code, length;
        const uint8_t *value;
        int k;

        /* The end mark may be missing: the field's end is one as well. */
        while (reader_u8(&r, &code) && code != DHCP4_OPTION_END) {
                if (code == DHCP4_OPTION_PAD)
                        continue;
                if (!reader_u8(&r, &length) || !reader_take(&r, length, &value))
                        return -EBADMSG;
                k = read_option(m, code, value, length, overload);
                if (k < 0)
                        return k;
        }
        return 0;
}

int dhcp4_parse(const uint8_t *data, size_t size, struct dhcp4_message *ret) {
        struct overload overload = {0};
        uint32_t cookie;
        struct reader r;
        int k;

        *ret = (struct dhcp4_message){0};
        if (size < DHCP4_FIXED_SIZE + 4)
                return -EBADMSG;
        if (data[DHCP4_AT_OP] != DHCP4_BOOTREQUEST || data[DHCP4_AT_HTYPE] != DHCP4_ETHERNET ||
            data[DHCP4_AT_HLEN] != ETH_ALEN)
                return -EBADMSG;
        r = (struct reader){data + DHCP4_FIXED_SIZE, size - DHCP4_FIXED_SIZE};
        if (!reader_u32(&r, &cookie) || cookie != DHCP4_COOKIE)
                return -EBADMSG;

        memcpy(&ret->transaction, data + DHCP4_AT_XID, sizeof(ret->transaction));
        ret->broadcast = data[DHCP4_AT_FLAGS] & 0x80;
        memcpy(&ret->client, data + DHCP4_AT_CIADDR, sizeof(ret->client));
        memcpy(ret->mac.bytes, data + DHCP4_AT_CHADDR, ETH_ALEN);

        k = read_options(ret, r.data, r.size, &overload);
        if (k >= 0 && overload.file)
                k = read_options(ret, data + DHCP4_AT_FILE, DHCP4_FILE_SIZE, NULL);
        if (k >= 0 && overload.server_name)
                k = read_options(ret, data + DHCP4_AT_SNAME, DHCP4_SNAME_SIZE, NULL);
        if (k < 0)
                return k;
        return ret->type != 0 ? 0 : -EBADMSG;
}
