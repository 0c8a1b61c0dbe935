/* Whatever a .network file says: it is taken or refused with a message, what is left to networkd is read again as the
 * same, and addresses are made of its prefixes without harm. */
#include "config/link_settings.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static void look(const struct link_settings *s) {
        static const struct mac mac = {{2, 0, 0, 0, 0, 1}};
        struct prefix p[IPV6_PREFIX_TOKENS_MAX];

        for (size_t i = 0; i < s->n_prefixes; i++) {
                size_t n = ipv6_prefix_host_addresses(&s->prefixes[i], &mac, p);

                for (size_t k = 0; k < n; k++)
                        assert(prefix_contains(&s->prefixes[i].prefix, &p[k].address));
                if (ipv6_prefix_guest_address(&s->prefixes[i], &mac, p))
                        assert(prefix_contains(&s->prefixes[i].prefix, &p[0].address));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const enum link_side sides[] = {LINK_SIDE_HOST, LINK_SIDE_CONTAINER, LINK_SIDE_ZONE};
        _cleanup_(freep) char *text = strndup((const char *) data, size);

        for (size_t i = 0; text && i < sizeof(sides) / sizeof(*sides); i++) {
                _cleanup_(buffer_clear) struct buffer first = BUFFER_INIT, second = BUFFER_INIT;
                _cleanup_(link_settings_clear) struct link_settings s = LINK_SETTINGS_INIT, again = LINK_SETTINGS_INIT;
                _cleanup_(error_clear) struct error e = ERROR_INIT;

                if (link_settings_from_file(text, "f", sides[i], &s, &e) < 0) {
                        assert(e.message);
                        continue;
                }
                look(&s);
                (void) link_settings_refuse_foreign(&s, "ve-a", &e);
                link_settings_append_foreign(&first, &s);
                assert(link_settings_from_file(buffer_text(&first), "f", sides[i], &again, NULL) == 0);
                link_settings_append_foreign(&second, &again);
                assert(strcmp(buffer_text(&first), buffer_text(&second)) == 0);
        }
        return 0;
}
