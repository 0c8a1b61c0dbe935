/* A hash table of things that carry their own node, so that one thing can stand in several tables and a lookup costs
 * the same with one container as with ten thousand.
 *
 * The table knows hashes only. A lookup walks the nodes of one hash and compares what they belong to:
 *
 *     for (struct table_node *n = table_first(&t, hash); n; n = table_next(n))
 *             if (… container_of(n, struct attachment, by_name) …) */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_node {
        struct table_node *next;
        uint32_t hash;
        bool inserted;
};

struct table {
        struct table_node **buckets; /* owned; a power of two of them */
        size_t n_buckets;
        size_t n;
};

#define container_of(pointer, type, member) ((type *) (void *) ((char *) (pointer) -offsetof(type, member)))

/* Forgets all nodes, which stay their owners'. */
void table_clear(struct table *t);
/* -ENOMEM. The node must not be in a table. */
int table_insert(struct table *t, struct table_node *node, uint32_t hash);
/* Takes it out; a node that is in no table is fine. */
void table_remove(struct table *t, struct table_node *node);

struct table_node *table_first(const struct table *t, uint32_t hash);
struct table_node *table_next(const struct table_node *node);
/* All nodes, in no order: table_each(t, NULL) is the first. The node may be removed after its successor was asked for.
 */
struct table_node *table_each(const struct table *t, const struct table_node *previous);

/* Names hash alike in any case, for DNS asks in any. */
uint32_t hash_name(const char *name);
uint32_t hash_bytes(const void *data, size_t size);
