/* Whatever /etc/hosts says: our lines go in and out, and nobody else's changes. */
#include "state/hosts.h"

#include "base/cleanup.h"
#include "base/string-list.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static char foo[] = "10.233.1.2 foo.containers", bar[] = "fc00::2 bar.containers";
        static char *const lines[] = {foo, bar, NULL};
        _cleanup_(freep) char *text = strndup((const char *) data, size), *with = NULL, *again = NULL, *without = NULL;
        _cleanup_(freep) char *bare = NULL;
        _cleanup_(strings_freep) char **before = NULL, **found = NULL;

        if (!text)
                return 0;
        assert(hosts_read(text, &before) == 0);
        assert(hosts_write(text, NULL, &bare) == (before[0] != NULL));
        assert(hosts_write(text, lines, &with) >= 0);
        assert(hosts_read(with, &found) == 0);
        assert(found[0] && strcmp(found[0], foo) == 0 && found[1] && strcmp(found[1], bar) == 0 && !found[2]);
        assert(hosts_write(with, lines, &again) == 0);
        assert(hosts_write(with, NULL, &without) == 1);
        assert(strcmp(without, bare) == 0);
        return 0;
}
