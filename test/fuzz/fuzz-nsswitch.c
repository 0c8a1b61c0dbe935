/* Whatever nsswitch.conf says: what is added can be taken out, and then it is what it was, byte for byte. */
#include "state/nsswitch.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = strndup((const char *) data, size), *with = NULL, *without = NULL;

        if (!text)
                return 0;
        if (nsswitch_add(text, &with) > 0) {
                assert(nsswitch_has(with));
                assert(nsswitch_remove(with, &without) == 1);
                assert(strcmp(without, text) == 0);
        } else {
                assert(nsswitch_remove(text, &without) == 1);
                assert(!nsswitch_has(without));
        }
        free(text);
        free(with);
        free(without);
        return 0;
}
