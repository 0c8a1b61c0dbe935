/* A spec on the disk may be damaged in any way: it is read or refused. */
#include "config/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        json_t *spec = json_loadb((const char *) data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        struct container c = CONTAINER_INIT;
        struct error e = ERROR_INIT;

        (void) spec_to_container(spec, "fuzz", &c, &e);
        container_clear(&c);
        error_clear(&e);
        json_decref(spec);
        return 0;
}
