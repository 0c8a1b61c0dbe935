/* Names of containers, zones and links, and the hardware addresses that follow from them, the same ones that
 * systemd-nspawn computes (SPEC C.2; systemd's src/nspawn/nspawn-network.c describes the rules). Pure. */
#pragma once

#include "base/address.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#define CONTAINER_NAME_MAX 63 /* of a host name label */
#define ZONE_NAME_MAX      12 /* vz-ZONE is the name of an interface, and never shortened */

/* A machine name that is also a host name label and a file name: letters, digits, inside also '-' and '_', 1 to 63
 * characters, not a number, not one of the host's own names. NULL when valid, else a sentence that says what a name
 * must be. */
const char *container_name_problem(const char *name);

/* What a zone may be called: letters, digits, inside also '-' and '_', 1 to 12 characters. NULL when valid. */
const char *zone_name_problem(const char *name);

#define NAME_SUFFIX_DEFAULT "internal"
#define NAME_SUFFIX_MAX     189 /* a label and a dot before it still make a name that DNS can carry */

/* A domain that containers' names may have behind them: labels of letters, digits and inside '-', with dots between
 * them, none at the end. NULL when valid, else a sentence. */
const char *name_suffix_problem(const char *suffix);

enum link_prefix {
        LINK_VE, /* host side of a plain veth */
        LINK_VB, /* host side of a veth that joined a bridge or zone */
        LINK_VZ, /* bridge of a zone; never shortened */
        LINK_MV, /* macvlan */
        LINK_IV, /* ipvlan */
};

/* The interface name: "ve-NAME", shortened to 15 characters by the hash of SPEC C.2 when it is longer.
 * Returns true when it was shortened (the full name is then an altname of the link). */
bool link_name(enum link_prefix prefix, const char *name, char ret[IFNAMSIZ]);

/* The zone whose bridge has that name, within link; NULL: it is none's. */
const char *link_zone(const char *link);

/* What a link that is given as "IF" or "IF:NAME" is called inside: NAME, or IF with the prefix of LINK_MV or LINK_IV;
 * with any other, IF itself. */
void link_inside_name(enum link_prefix prefix, const char *word, char ret[IFNAMSIZ]);

enum mac_kind {
        MAC_HOST,
        MAC_CONTAINER,
        MAC_MACVLAN,
        MAC_EXTRA_HOST,
        MAC_EXTRA_CONTAINER,
        MAC_ZONE, /* of the bridge; systemd gives that none */
};

/* machine_id: the 16 raw bytes of /etc/machine-id. index: 0 for the first link of its kind. */
struct mac link_mac(enum mac_kind kind, const uint8_t machine_id[16], const char *name, uint64_t index);
