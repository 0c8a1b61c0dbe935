/* The reference vectors of the paper's authors: key 00..0f, message 00..n-1. */
#include "test.h"

#include "base/siphash.h"

static void test_vectors(void **state) {
        static const struct {
                size_t n;
                uint64_t hash;
        } vectors[] = {
                {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
                {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
                {15, UINT64_C(0xa129ca6149be45e5)}, {63, UINT64_C(0x958a324ceb064572)},
        };
        uint8_t key[16], message[64];

        for (uint8_t i = 0; i < 16; i++)
                key[i] = i;
        for (uint8_t i = 0; i < 64; i++)
                message[i] = i;
        for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
                assert_true(siphash24(message, vectors[i].n, key) == vectors[i].hash);
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
