/* Hardware addresses follow from the machine id, as systemd-nspawn computes them. */
#include "store.h"

#include "base/file.h"

#include <errno.h>
#include <string.h>

#define PATH_MACHINE_ID "/etc/machine-id"

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -1;
}

int machine_id_get(uint8_t ret[16], struct error *e) {
        _cleanup_(freep) char *text = NULL;
        uint8_t id[16], any = 0;
        size_t size;
        int r;

        r = file_read(PATH_MACHINE_ID, 64, &text, &size);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED,
                                   "cannot read '" PATH_MACHINE_ID "'; make one with systemd-machine-id-setup(1)");
        if (size != 32 && !(size == 33 && text[32] == '\n'))
                goto bad;
        for (size_t i = 0; i < 16; i++) {
                int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        goto bad;
                id[i] = (uint8_t) (high << 4 | low);
                any |= id[i];
        }
        if (!any)
                goto bad;
        memcpy(ret, id, sizeof id);
        return 0;
bad:
        return error_set(e, EUCLEAN, EXIT_FAILED,
                         "'" PATH_MACHINE_ID
                         "' is not a machine id (32 hexadecimal digits, not all zero); make one with "
                         "systemd-machine-id-setup(1)");
}
