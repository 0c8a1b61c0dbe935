/* Reading and writing bytes of a packet with every length checked.
 *
 * A reader that meets its end says false and stays where it was; a writer that runs out of room remembers that and
 * writes nothing more, so that it is asked once, at the end. Numbers are in host order outside. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
        const uint8_t *data;
        size_t size; /* what is left */
};

/* The next n bytes, borrowed. */
static inline bool reader_take(struct reader *r, size_t n, const uint8_t **ret) {
        if (r->size < n)
                return false;
        *ret = r->data;
        r->data += n;
        r->size -= n;
        return true;
}

static inline bool reader_u8(struct reader *r, uint8_t *ret) {
        const uint8_t *p;

        if (!reader_take(r, 1, &p))
                return false;
        *ret = p[0];
        return true;
}

static inline bool reader_u16(struct reader *r, uint16_t *ret) {
        const uint8_t *p;

        if (!reader_take(r, 2, &p))
                return false;
        *ret = (uint16_t) (p[0] << 8 | p[1]);
        return true;
}

static inline bool reader_u32(struct reader *r, uint32_t *ret) {
        const uint8_t *p;

        if (!reader_take(r, 4, &p))
                return false;
        *ret = (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
        return true;
}

struct writer {
        uint8_t *data;
        size_t capacity;
        size_t size;
        bool overflow;
};

static inline void writer_bytes(struct writer *w, const void *bytes, size_t n) {
        if (w->overflow || w->capacity - w->size < n) {
                w->overflow = true;
                return;
        }
        if (n > 0)
                memcpy(w->data + w->size, bytes, n);
        w->size += n;
}

static inline void writer_zero(struct writer *w, size_t n) {
        if (w->overflow || w->capacity - w->size < n) {
                w->overflow = true;
                return;
        }
        memset(w->data + w->size, 0, n);
        w->size += n;
}

static inline void writer_u8(struct writer *w, uint8_t v) {
        writer_bytes(w, &v, 1);
}

static inline void writer_u16(struct writer *w, uint16_t v) {
        writer_bytes(w, (uint8_t[]){(uint8_t) (v >> 8), (uint8_t) v}, 2);
}

static inline void writer_u32(struct writer *w, uint32_t v) {
        writer_bytes(w, (uint8_t[]){(uint8_t) (v >> 24), (uint8_t) (v >> 16), (uint8_t) (v >> 8), (uint8_t) v}, 4);
}

/* Overwrites two bytes that were written before. */
static inline void writer_patch_u16(struct writer *w, size_t at, uint16_t v) {
        if (w->overflow || at + 2 > w->size)
                return;
        w->data[at] = (uint8_t) (v >> 8);
        w->data[at + 1] = (uint8_t) v;
}
