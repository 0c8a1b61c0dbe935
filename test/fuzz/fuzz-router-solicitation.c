/* An ICMPv6 message from a guest; the first byte chooses where it seems to come from. */
#include "proto/ra.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct in6_addr source = IN6ADDR_ANY_INIT;
        struct router_solicitation s;

        if (size == 0)
                return 0;
        if (data[0] & 1) {
                source.s6_addr[0] = 0xfe;
                source.s6_addr[1] = 0x80;
        }
        (void) router_solicitation_parse(data + 1, size - 1, RA_HOP_LIMIT, &source, &s);
        return 0;
}
