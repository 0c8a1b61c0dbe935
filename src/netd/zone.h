/* A zone whose bridge is there: made before its first member's link, gone after the last member, unless it is to stay.
 * What was applied for it is on record, as that of containers is. */
#pragma once

#include "model/zone.h"
#include "netd/pace.h"

#include <jansson.h>

struct active_zone {
        struct active_zone *next;
        struct zone_network network;
        size_t members; /* attachments that point here */
        int ifindex;    /* of the bridge; 0: it is not there */
        bool served;    /* responders know the link */
        bool carrier;

        struct pace repair;
        const char *damage; /* what happened, in words; a literal */
        /* Of each family, IPv4 first: a range's route, which does not come back by itself; an address, with which it
         * does. */
        bool route_lost[2], address_lost[2];
};

json_t *zone_record(const struct zone_network *z);
/* -EBADMSG when it is damaged. */
int zone_from_record(const json_t *record, struct zone_network *ret);

/* The file of the record. pending: what is being made of it, or NULL. Removing an absent one is fine. */
int zone_record_write(const struct zone_network *z, const struct zone_network *pending);
int zone_record_remove(const char *name);

/* The type Zone of the Varlink interface. */
json_t *zone_json(const struct active_zone *z);
