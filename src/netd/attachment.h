/* One attached network: what was applied for it, and where its link is. */
#pragma once

#include "model/network.h"
#include "netd/pace.h"
#include "netd/table.h"

#include <jansson.h>

enum attachment_state {
        ATTACHMENT_EXPECTED, /* the link is not there (yet, or during a reboot) */
        ATTACHMENT_LINKED,   /* it is there and complete */
        ATTACHMENT_BROKEN,   /* it is there and could not be completed: `problem` */
};
const char *attachment_state_name(enum attachment_state s);

struct active_zone;

struct attachment {
        struct table_node by_name, by_link, by_index, by_v4, by_v6;
        struct network network;   /* owned; its forwards are `forwards` */
        struct forward *forwards; /* owned */
        struct active_zone *zone; /* of NETWORK_ZONE, else NULL; borrowed from the manager */
        char *namespace_path;     /* of AttachNamespace, else NULL; owned */
        char *guest_link;         /* the link's name in there */
        /* What a daemon that was killed had begun to make of it: inside the container, some of that may be there.
         * Owned; NULL: nothing. */
        struct attachment *half;

        enum attachment_state state;
        char *problem;    /* owned; NULL unless broken */
        int ifindex;      /* 0 while expected */
        int *extra_index; /* of network.extra; 0 while expected; owned, NULL when there are none */
        bool carrier;     /* the other side is up, too */
        bool served;      /* responders know the link */
        bool published;   /* the name resolves */
        bool seen;        /* mark of recover.c */

        /* Repair: see repair.c. */
        struct attachment *next_damaged;
        struct pace repair;
        const char *damage; /* what happened, in words; a literal */
        bool route_lost;    /* of the link's ranges: these do not come back with the addresses */
};

/* Copies n and all that it has. NULL when there is no memory. */
struct attachment *attachment_new(const struct network *n);
/* Must be in no table. NULL is fine. */
struct attachment *attachment_free(struct attachment *a);
static inline void attachment_freep(struct attachment **a) {
        *a = attachment_free(*a);
}
/* The two change networks; links beside the main one that stay keep their numbers. The attachments are in no table. */
void attachment_swap_network(struct attachment *a, struct attachment *b);
/* Same network, same forwards in the same order. */
bool attachment_same(const struct attachment *a, const struct attachment *b);

/* What is kept in PATH_ATTACHED/NAME.json, complete enough to take everything back. */
json_t *attachment_record(const struct attachment *a);
/* -EBADMSG when it is damaged. */
int attachment_from_record(const json_t *record, struct attachment **ret);

/* The type Network of the Varlink interface. */
json_t *attachment_json(const struct attachment *a);
/* The type []Forward, and back (-EINVAL). */
json_t *forwards_json(const struct forward *forwards, size_t n);
int forwards_from_json(const json_t *list, struct forward **ret, size_t *ret_n);

/* The file of the record. Removing an absent one is fine. */
/* pending: what a is about to become, so that half a change can be taken back, too; else NULL. */
int record_write(const struct attachment *a, const struct attachment *pending);
int record_remove(const char *name);
