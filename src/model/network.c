/* From a container and its allocation to every name and number of its network. */
#include "network.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The n-th address of the range as an interface address, or nothing where there is no range. */
static struct prefix interface_address(const struct prefix *range, uint64_t n) {
        struct prefix p = *range;

        if (p.address.family != AF_UNSPEC)
                p.address = prefix_nth(range, n);
        return p;
}

int network_compute(const struct container *c, const struct allocation *a, const uint8_t machine_id[16],
                    struct network *ret) {
        struct network n = {.mode = c->mode, .forwards = c->forwards, .n_forwards = c->n_forwards};
        bool bridged = c->mode == NETWORK_ZONE || c->mode == NETWORK_BRIDGE;

        if (container_name_problem(c->name))
                return -EINVAL;
        (void) snprintf(n.name, sizeof n.name, "%s", c->name);
        if (c->mode == NETWORK_NONE || c->mode == NETWORK_HOST) {
                *ret = n;
                return 0;
        }
        n.link_shortened = link_name(bridged ? LINK_VB : LINK_VE, c->name, n.link);
        n.host_mac = link_mac(MAC_HOST, machine_id, c->name, 0);
        n.container_mac = link_mac(MAC_CONTAINER, machine_id, c->name, 0);
        n.container_link_local = address_link_local(&n.container_mac);
        if (!bridged) {
                /* A member of a bridge shares the bridge's range and has the bridge's host side. */
                n.host_link_local = address_link_local(&n.host_mac);
                n.host_v4 = interface_address(&a->v4, 1);
                n.container_v4 = interface_address(&a->v4, 2);
                n.host_v6 = interface_address(&a->v6, 1);
                n.container_v6 = interface_address(&a->v6, 2);
                n.masquerade_v4 = a->v4.address.family == AF_INET;
                /* A global prefix is routed; only what nobody outside can answer to is rewritten. */
                n.masquerade_v6 = address_is_unique_local(&a->v6.address);
        }
        *ret = n;
        return 0;
}

void network_drop_v6(struct network *n) {
        n->host_v6 = n->container_v6 = (struct prefix){0};
        n->host_link_local = n->container_link_local = (struct address){0};
        n->masquerade_v6 = false;
}
