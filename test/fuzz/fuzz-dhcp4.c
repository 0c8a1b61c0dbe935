/* A DHCPv4 message from a guest, and the answer to it with as much room as the input says. */
#include "proto/dhcp4.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dhcp4_lease lease = {
                .client = {.s_addr = 0x1200e90a},
                .server = {.s_addr = 0x1100e90a},
                .prefix_length = 28,
                .mtu = 1400,
                .lifetime = 604800,
                .host_name = "alpha",
                .domain = "internal",
        };
        size_t room = size > 0 ? data[size - 1] * 3U : 0;
        struct dhcp4_reply reply;
        struct dhcp4_message m;
        uint8_t *answer;
        int r;

        if (dhcp4_parse(data, size, &m) < 0)
                return 0;
        lease.mac = m.mac;
        answer = malloc(room + 1);
        if (!answer)
                return 0;
        r = dhcp4_respond(&lease, &m, answer, room, &reply);
        if (r > 0 && (reply.size > room || reply.size > DHCP4_REPLY_MAX || reply.size < 300))
                abort();
        free(answer);
        return 0;
}
