#include "table.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS_MIN 16U

void table_clear(struct table *t) {
        free(t->buckets);
        *t = (struct table){0};
}

static struct table_node **bucket(const struct table *t, uint32_t hash) {
        return &t->buckets[hash & (t->n_buckets - 1)];
}

static int table_grow(struct table *t) {
        size_t n = t->n_buckets > 0 ? t->n_buckets * 2 : BUCKETS_MIN;
        struct table bigger = {.buckets = calloc(n, sizeof(*bigger.buckets)), .n_buckets = n, .n = t->n};

        if (!bigger.buckets)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_buckets; i++)
                while (t->buckets[i]) {
                        struct table_node *node = t->buckets[i];
                        struct table_node **to = bucket(&bigger, node->hash);

                        t->buckets[i] = node->next;
                        node->next = *to;
                        *to = node;
                }
        free(t->buckets);
        *t = bigger;
        return 0;
}

int table_insert(struct table *t, struct table_node *node, uint32_t hash) {
        struct table_node **to;

        if (t->n >= t->n_buckets && table_grow(t) < 0 && t->n_buckets == 0)
                return -ENOMEM;
        to = bucket(t, hash);
        *node = (struct table_node){.next = *to, .hash = hash, .inserted = true};
        *to = node;
        t->n++;
        return 0;
}

void table_remove(struct table *t, struct table_node *node) {
        struct table_node **link;

        if (!node->inserted)
                return;
        for (link = bucket(t, node->hash); *link != node; link = &(*link)->next)
                ;
        *link = node->next;
        *node = (struct table_node){0};
        t->n--;
}

static struct table_node *matching(struct table_node *node, uint32_t hash) {
        while (node && node->hash != hash)
                node = node->next;
        return node;
}

struct table_node *table_first(const struct table *t, uint32_t hash) {
        return t->n_buckets > 0 ? matching(*bucket(t, hash), hash) : NULL;
}

struct table_node *table_next(const struct table_node *node) {
        return matching(node->next, node->hash);
}

struct table_node *table_each(const struct table *t, const struct table_node *previous) {
        size_t i = 0;

        if (previous) {
                if (previous->next)
                        return previous->next;
                i = (previous->hash & (t->n_buckets - 1)) + 1;
        }
        for (; i < t->n_buckets; i++)
                if (t->buckets[i])
                        return t->buckets[i];
        return NULL;
}

/* FNV-1a: what is hashed is chosen by the administrator, not by guests. */
uint32_t hash_bytes(const void *data, size_t size) {
        const uint8_t *bytes = data;
        uint32_t h = 2166136261U;

        for (size_t i = 0; i < size; i++)
                h = (h ^ bytes[i]) * 16777619U;
        return h;
}

uint32_t hash_name(const char *name) {
        uint32_t h = 2166136261U;

        for (; *name; name++) {
                uint8_t c = (uint8_t) *name;

                h = (h ^ (c >= 'A' && c <= 'Z' ? c | 0x20U : c)) * 16777619U;
        }
        return h;
}
