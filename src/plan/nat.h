/* The nftables table that does the host's NAT, and sentences about it. Pure. */
#pragma once

#include "base/buffer.h"
#include "model/nat.h"

#include <jansson.h>

/* There while NAT is in force, and nobody else's. */
#define NAT_FAMILY "inet"
#define NAT_TABLE  "nixos_nspawn_nat"

/* The whole table as nft(8) reads it, one rule a line. Nothing when NAT is not enabled. */
void nat_write(const struct nat *n, struct buffer *b);

/* What it does, as a list of sentences without a full stop that begin with a verb: "masquerade what comes in by ve-*
 * and leaves by eth0". Two that differ in anything differ in a sentence. NULL: no memory. */
json_t *nat_sentences(const struct nat *n);
