/* A message from a server, checked against a question whose form the first byte chooses. */
#include "proto/dns-message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const names[] = {"www.Example.org", ".", "a", "1.0.0.10.in-addr.arpa"};
        struct dns_query q = {.id = 0xabcd, .has_question = true, .type = DNS_TYPE_A, .class = DNS_CLASS_IN};
        uint8_t *copy;
        bool bare;

        if (size == 0)
                return 0;
        if (dns_name_parse(names[data[0] % 4], &q.name) < 0)
                abort();
        copy = malloc(size);
        if (!copy)
                return 0;
        memcpy(copy, data + 1, size - 1);
        /* With the id that it happens to have, so that the checks behind it are reached. */
        (void) dns_response_check(copy, size - 1, &q, size > 2 ? (uint16_t) (copy[0] << 8 | copy[1]) : 0, &bare);
        free(copy);
        return 0;
}
