/* base.nft taken apart: which tables, sets and chains there should be, and the text of each. Private to this folder and
 * its tests. */
#pragma once

#include "firewall/firewall.h"

#define BASE_OUR_TABLE "nixos_nspawn"

enum {
        BASE_TABLES_MAX = 8,
        BASE_OBJECTS_MAX = 96,
};

struct base_table {
        char family_name[8], name[32];
        uint8_t family;   /* NFPROTO_* */
        bool ours;        /* nobody else's: must be exactly as written */
        const char *text; /* borrowed */
        size_t size;
        bool incomplete; /* as seen */
};

struct base_object {
        unsigned int table; /* index */
        char name[32];
        bool is_chain;    /* else a set or map */
        const char *text; /* borrowed */
        size_t size;
        uint32_t use; /* of a chain: rules, and jumps to it */
        uint32_t seen_use;
        bool missing;
};

struct base {
        struct base_table tables[BASE_TABLES_MAX];
        unsigned int n_tables;
        struct base_object objects[BASE_OBJECTS_MAX];
        unsigned int n_objects;
};

/* Pure. The text must outlive it. */
int base_read(const char *text, struct base *ret);
