/* A DHCPv6 message from a guest, and the answer to it; an answer is well-formed, and no message is answered by more
 * than four times its size and what the settings take. */
#include "proto/dhcp6-option.h"
#include "proto/dhcp6.h"

#include <stdlib.h>

static void check_options(struct reader list) {
        struct dhcp6_option o, inner;
        const uint8_t *fixed;
        int r;

        while ((r = dhcp6_option_next(&list, &o)) > 0) {
                if (dhcp6_association_size(o.code) == 0)
                        continue;
                if (!reader_take(&o.content, dhcp6_association_size(o.code), &fixed))
                        abort();
                while ((r = dhcp6_option_next(&o.content, &inner)) > 0)
                        ;
                if (r < 0)
                        abort();
        }
        if (r < 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct dhcp6_lease lease = {
                .server_duid = {0, 4},
                .client = {{{0xfd, [15] = 2}}},
                .server = {{{0xfd, [15] = 1}}},
                .lifetime = 604800,
                .domain = "internal",
        };
        uint8_t answer[DHCP6_REPLY_MAX];
        struct dhcp6_message m;
        size_t written;

        if (dhcp6_parse(data, size, &m) < 0 || dhcp6_respond(&lease, &m, answer, sizeof(answer), &written) <= 0)
                return 0;
        if (written > sizeof(answer) || written > 4 * size + 128)
                abort();
        check_options((struct reader){answer + 4, written - 4});
        return 0;
}
