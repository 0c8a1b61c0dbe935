/* What the NSS module reads in every program: the name that was asked for, and a published file. */
#include "../../src/nss/names.c"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char text[NAMES_FILE_MAX + 1];
        struct found f;
        size_t length;

        size = size < NAMES_FILE_MAX ? size : NAMES_FILE_MAX;
        if (size > 0)
                memcpy(text, data, size);
        text[size] = '\0';
        if (read_question(text, &f, &length) == 0) {
                assert(length > 0 && length <= LABEL_MAX);
                assert(!strchr(f.name, '/') && f.name[0] != '.');
        }
        read_addresses(text, &f);
        assert(f.n <= ADDRESSES_MAX);
        for (size_t i = 0; i < f.n; i++)
                assert(f.addresses[i].family == AF_INET || f.addresses[i].family == AF_INET6);
        return 0;
}
