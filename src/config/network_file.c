/* Neighbours have to be declared, or networkd removes them as foreign. */
#include "network_file.h"

void network_file_address(struct buffer *b, const struct prefix *p) {
        char text[PREFIX_TEXT_MAX];

        if (p->address.family != AF_UNSPEC)
                buffer_append_format(b, "\n[Address]\nAddress=%s\nDuplicateAddressDetection=none\n",
                                     prefix_format(p, text));
}

void network_file_neighbour(struct buffer *b, const struct address *a, const struct mac *m) {
        char text[ADDRESS_TEXT_MAX], mac[MAC_TEXT_MAX];

        if (a->family != AF_UNSPEC)
                buffer_append_format(b, "\n[Neighbor]\nAddress=%s\nLinkLayerAddress=%s\n", address_format(a, text),
                                     mac_format(m, mac));
}

void network_file_peer_route(struct buffer *b, const struct prefix *own, const struct address *other) {
        const struct prefix p = prefix_of_address(other);
        char text[PREFIX_TEXT_MAX];

        if (other->family != AF_UNSPEC && !prefix_contains(own, other))
                buffer_append_format(b, "\n[Route]\nDestination=%s\n", prefix_format(&p, text));
}
