/* addresses.json, which people edit: understood or refused, never half. */
#include "../../src/state/allocations-file.c"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct allocations *a = calloc(1, sizeof(*a));
        char *text = strndup((const char *) data, size);
        struct error e = ERROR_INIT;
        struct allocation ranges;

        if (a && text) {
                if (parse_file(a, text, strlen(text), &e) < 0)
                        assert(strncmp(error_message(&e), PATH_ALLOCATIONS ":", strlen(PATH_ALLOCATIONS ":")) == 0);
                else
                        for (size_t i = 0; i < a->n; i++)
                                assert(allocations_find(a, a->entries[i].name, &ranges) == 0);
        }
        error_clear(&e);
        allocations_free(a);
        free(text);
        return 0;
}
