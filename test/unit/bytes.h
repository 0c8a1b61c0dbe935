/* Packets in tests are written as hexadecimal text; blanks are for the reader. */
#pragma once

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
        uint8_t data[2048];
        size_t size;
};

static inline struct bytes bytes_of(const char *hex) {
        struct bytes b = {0};
        char digits[3] = "";
        size_t n = 0;

        for (const char *p = hex; *p != '\0'; p++) {
                if (*p == ' ' || *p == '\n')
                        continue;
                digits[n++ % 2] = *p;
                if (n % 2 == 0) {
                        assert_true(b.size < sizeof(b.data));
                        b.data[b.size++] = (uint8_t) strtoul(digits, NULL, 16);
                }
        }
        assert_true(n % 2 == 0);
        return b;
}

/* Fails showing both sides in hexadecimal. */
static inline void assert_bytes(const uint8_t *data, size_t size, const char *expected_hex) {
        struct bytes expected = bytes_of(expected_hex);
        char seen[2 * sizeof(expected.data) + 1] = "", wanted[2 * sizeof(expected.data) + 1] = "";

        assert_true(size <= sizeof(expected.data));
        for (size_t i = 0; i < size; i++)
                (void) snprintf(seen + 2 * i, 3, "%02x", data[i]);
        for (size_t i = 0; i < expected.size; i++)
                (void) snprintf(wanted + 2 * i, 3, "%02x", expected.data[i]);
        assert_string_equal(seen, wanted);
}

/* Every shorter packet, and every packet with one byte inverted, in a buffer that ends where the packet ends, so that
 * AddressSanitizer sees a read behind it. try: whatever it does with them, it must not misread. */
static inline void for_each_damaged(const struct bytes *b, void (*try)(uint8_t *data, size_t size)) {
        for (size_t i = 0; i < b->size; i++) {
                uint8_t *copy = malloc(b->size), *shorter = malloc(i + 1);

                assert_non_null(copy);
                assert_non_null(shorter);
                memcpy(shorter, b->data, i);
                try(shorter, i);
                memcpy(copy, b->data, b->size);
                copy[i] = (uint8_t) ~copy[i];
                try(copy, b->size);
                free(copy);
                free(shorter);
        }
}
