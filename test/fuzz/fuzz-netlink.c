/* A notification of any bytes: every reader takes it or refuses it. */
#include "netlink/route.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size < sizeof(struct nlmsghdr))
                return 0;
        struct nlmsghdr *h = malloc(size);
        if (!h)
                abort();
        memcpy(h, data, size);
        h->nlmsg_len = (uint32_t) size; /* what the socket's reader has made sure of */
        struct netlink_link l;
        struct netlink_address a;
        struct netlink_route r;
        struct netlink_neighbour n;
        if (netlink_link_read(h, &l) == 0 &&
            (!memchr(l.name, '\0', sizeof(l.name)) || !memchr(l.kind, '\0', sizeof(l.kind))))
                abort();
        if (netlink_address_read(h, &a) == 0 && a.address.length > address_bits(&a.address.address))
                abort();
        if (netlink_route_read(h, &r) == 0 && r.destination.length > address_bits(&r.destination.address))
                abort();
        (void) netlink_neighbour_read(h, &n);
        free(h);
        return 0;
}
