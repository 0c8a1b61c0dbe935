/* Sections that the .network files of both ends of a link have in common. */
#pragma once

#include "base/buffer.h"
#include "model/network.h"

/* An [Address] without duplicate detection; nothing for AF_UNSPEC. */
void network_file_address(struct buffer *b, const struct prefix *p);
/* A permanent [Neighbor]; nothing for AF_UNSPEC. */
void network_file_neighbour(struct buffer *b, const struct address *a, const struct mac *m);
/* A [Route] to the other end's address, where the range of one's own does not have it; nothing for AF_UNSPEC. */
void network_file_peer_route(struct buffer *b, const struct prefix *own, const struct address *other);
