/* Ports of the host as a person writes them. */
#include "host_access.h"

#include "base/cleanup.h"
#include "base/parse.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static const char *const names[] = {
        [HOST_ACCESS_SERVICES] = "services",
        [HOST_ACCESS_ALL] = "all",
        [HOST_ACCESS_NONE] = "none",
};

const char *host_access_name(enum host_access_kind k) {
        return names[k];
}

int host_access_parse(const char *s, enum host_access_kind *ret) {
        for (size_t i = 0; i < ELEMENTS_OF(names); i++)
                if (string_equal(s, names[i])) {
                        *ret = (enum host_access_kind) i;
                        return 0;
                }
        return -EINVAL;
}

static int add(struct host_access *a, uint8_t protocol, uint16_t port) {
        for (size_t i = 0; i < a->n_ports; i++)
                if (a->ports[i].protocol == protocol && a->ports[i].port == port)
                        return 0;
        if (a->n_ports == HOST_PORTS_MAX)
                return -E2BIG;
        a->ports[a->n_ports++] = (struct host_port){.protocol = protocol, .port = port};
        return 0;
}

int host_access_add(struct host_access *a, const char *text) {
        bool tcp = !string_starts_with(text, "udp/"), udp = !string_starts_with(text, "tcp/");
        uint16_t port;
        int r = parse_port(tcp && udp ? text : text + 4, &port);

        if (r < 0)
                return -EINVAL;
        if (tcp)
                r = add(a, IPPROTO_TCP, port);
        return r < 0 || !udp ? r : add(a, IPPROTO_UDP, port);
}

bool host_access_equal(const struct host_access *a, const struct host_access *b) {
        if (a->kind != b->kind || a->n_ports != b->n_ports)
                return false;
        for (size_t i = 0; i < a->n_ports; i++)
                if (a->ports[i].protocol != b->ports[i].protocol || a->ports[i].port != b->ports[i].port)
                        return false;
        return true;
}
