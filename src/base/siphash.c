/* SipHash with two rounds a word and four at the end. Words are little-endian whatever the machine. */
#include "siphash.h"

#include <endian.h>
#include <string.h>

struct state {
        uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits) {
        return (x << bits) | (x >> (64 - bits));
}

static void round_once(struct state *s) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
}

static void absorb(struct state *s, uint64_t word) {
        s->v3 ^= word;
        round_once(s);
        round_once(s);
        s->v0 ^= word;
}

static uint64_t load(const uint8_t *p, size_t n) {
        uint64_t word = 0;

        memcpy(&word, p, n);
        return le64toh(word);
}

uint64_t siphash24(const void *data, size_t size, const uint8_t key[16]) {
        const uint8_t *p = data;
        uint64_t k0 = load(key, 8), k1 = load(key + 8, 8);
        struct state s = {
                k0 ^ UINT64_C(0x736f6d6570736575),
                k1 ^ UINT64_C(0x646f72616e646f6d),
                k0 ^ UINT64_C(0x6c7967656e657261),
                k1 ^ UINT64_C(0x7465646279746573),
        };
        size_t left = size;

        for (; left >= 8; left -= 8, p += 8)
                absorb(&s, load(p, 8));
        absorb(&s, (left > 0 ? load(p, left) : 0) | ((uint64_t) size << 56));
        s.v2 ^= 0xff;
        for (int i = 0; i < 4; i++)
                round_once(&s);
        return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
