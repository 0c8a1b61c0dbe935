/* What a guest sends over a DNS connection, in pieces of any size: messages come out whole, in order, and the buffer is
 * never left. The first byte says how large the pieces are. */
#include "proto/dns-message.h"

#include <stdlib.h>

#define MESSAGE_MAX 1232

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        uint8_t in[2 + MESSAGE_MAX];
        size_t got = 0, at = 1, taken = 0, piece;

        if (size == 0)
                return 0;
        piece = 1U + data[0];
        while (at < size) {
                size_t n = size - at < piece ? size - at : piece, length;
                struct dns_query q;
                int r;

                if (n > sizeof(in) - got)
                        n = sizeof(in) - got;
                if (n == 0)
                        abort(); /* a full buffer has a message, or none that is taken */
                memcpy(in + got, data + at, n);
                got += n;
                at += n;
                while ((r = dns_stream_next(in, got, MESSAGE_MAX, &length)) > 0) {
                        if (length + 2 > got || memcmp(in, data + 1 + taken, 2 + length) != 0)
                                abort();
                        (void) dns_query_parse(in + 2, length, &q);
                        got -= 2 + length;
                        taken += 2 + length;
                        memmove(in, in + 2 + length, got);
                }
                if (r < 0)
                        return 0;
        }
        return 0;
}
