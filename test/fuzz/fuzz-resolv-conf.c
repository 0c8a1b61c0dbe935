/* A resolv.conf. */
#include "netd/dns_upstream.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dns_servers s;
        char *text = malloc(size + 1);

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        dns_servers_parse(text, true, &s);
        if (s.n == 0 || s.n > DNS_SERVERS_MAX)
                abort();
        free(text);
        return 0;
}
