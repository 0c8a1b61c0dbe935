/* Whatever a NAME.nspawn says: it is taken or refused, and what is taken can be written as a file of ours, which is
 * taken again with the same network. */
#include "config/guest.h"
#include "config/nspawn_file.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT, again = CONTAINER_INIT;
        _cleanup_(freep) char *text = strndup((const char *) data, size), *written = NULL;
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (!text || nspawn_file_to_container(text, "foo", "foo.nspawn", &c, &e) < 0) {
                assert(e.message);
                return 0;
        }
        if (c.mode == NETWORK_ZONE)
                return 0; /* ours are bridges */
        written = container_is_attached(&c) ? guest_hand_file(&c) : guest_nspawn_file(&c, NULL, true, "/sbin/init");
        assert(written && nspawn_file_to_container(written, "foo", "again.nspawn", &again, NULL) == 0);
        assert(again.mode == c.mode && again.n_extra_veths == c.n_extra_veths);
        assert(!c.attached_to || strcmp(again.attached_to, c.attached_to) == 0);
        return 0;
}
