/* networking.hostName: the guest's own name, which it can resolve without asking anybody. */
#include "guest_make.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static bool host_name_is_valid(const char *s) {
        size_t n = strlen(s);

        if (n < 1 || n > 63 || s[0] == '-' || s[n - 1] == '-')
                return false;
        for (; *s; s++)
                if (!isalnum((unsigned char) *s) && *s != '-' && *s != '_')
                        return false;
        return true;
}

void guest_make_host(struct guest_maker *m) {
        const json_t *networking = guest_object(m, m->config, "config", "networking");
        const char *name = guest_string(m, networking, "networking", "hostName");
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;

        if (!name || !name[0]) /* NixOS: "" leaves it to whoever started the machine */
                name = NULL;
        else if (!host_name_is_valid(name)) {
                guest_fail(
                        m, EINVAL,
                        "networking.hostName: '%s' is not a host name: 1 to 63 letters, digits and '-', not at an end",
                        name);
                return;
        }
        if (name) {
                buffer_append_format(&b, "%s\n", name);
                guest_add(m, "/etc/hostname", 0644, &b);
        }
        buffer_append_string(&b, "127.0.0.1 localhost\n::1 localhost\n");
        if (name)
                buffer_append_format(&b, "127.0.0.2 %s\n", name);
        guest_add(m, "/etc/hosts", 0644, &b);
}
