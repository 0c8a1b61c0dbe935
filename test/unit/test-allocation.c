/* Ranges: the same again for the same name, never one that touches what is taken, until there is none. */
#include "test.h"

#include "base/cleanup.h"
#include "model/network.h"

#include <errno.h>
#include <string.h>

static struct prefix prefix(const char *s) {
        struct prefix p;

        assert_int_equal(prefix_parse(s, false, &p), 0);
        return p;
}

static bool same(const struct prefix *a, const struct prefix *b) {
        return a->length == b->length && address_equal(&a->address, &b->address);
}

static void test_sticky(void **state) {
        struct prefix pool = prefix("10.233.0.0/16"), first, again, next, third;
        struct prefix taken[2];

        assert_int_equal(allocation_choose(&pool, 28, "example", NULL, 0, &first), 0);
        assert_int_equal(allocation_choose(&pool, 28, "example", NULL, 0, &again), 0);
        assert_true(same(&first, &again));
        assert_true(prefix_overlaps(&pool, &first));
        assert_int_equal(first.length, 28);
        again = prefix_network(&first);
        assert_true(same(&first, &again));
        /* Host bits of what is taken do not matter, nor does its order. */
        taken[0] = first, taken[0].address = prefix_nth(&first, 5);
        assert_int_equal(allocation_choose(&pool, 28, "example", taken, 1, &next), 0);
        assert_false(prefix_overlaps(&first, &next));
        taken[1] = taken[0], taken[0] = next;
        assert_int_equal(allocation_choose(&pool, 28, "example", taken, 2, &third), 0);
        assert_false(prefix_overlaps(&first, &third));
        assert_false(prefix_overlaps(&next, &third));
        assert_int_equal(allocation_choose(&pool, 28, "other", NULL, 0, &next), 0);
        assert_false(same(&first, &next));
}

/* The choice is kept in no file when the file is lost: it must never change between versions. */
static void test_fixed_for_ever(void **state) {
        static const struct {
                const char *pool;
                uint8_t length;
                const char *name, *range;
        } vectors[] = {
                {"10.233.0.0/16", 28, "example", "10.233.203.16/28"},
                {"10.233.0.0/16", 28, "web", "10.233.228.208/28"},
                {"fd12:3456:789a::/48", 64, "example", "fd12:3456:789a:2cb1::/64"},
        };
        char text[PREFIX_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTS_OF(vectors); i++) {
                struct prefix pool = prefix(vectors[i].pool), range;

                assert_int_equal(allocation_choose(&pool, vectors[i].length, vectors[i].name, NULL, 0, &range), 0);
                assert_text(prefix_format(&range, text), vectors[i].range);
        }
}

static void test_overlap_counts(void **state) {
        struct prefix pool = prefix("10.233.0.0/24"), range;
        struct prefix taken[] = {
                prefix("10.0.0.0/16"),   prefix("fd00::/8"),        prefix("10.233.0.128/25"), prefix("10.233.0.70/32"),
                prefix("10.233.0.0/27"), prefix("10.233.0.100/26"), prefix("10.233.0.32/28"),
        };

        /* Only 10.233.0.48/28 is left of sixteen. */
        for (int i = 0; i < 50; i++) {
                char name[16], text[PREFIX_TEXT_MAX];

                (void) snprintf(name, sizeof name, "c%d", i);
                assert_int_equal(allocation_choose(&pool, 28, name, taken, ELEMENTS_OF(taken), &range), 0);
                assert_text(prefix_format(&range, text), "10.233.0.48/28");
        }
        taken[1] = prefix("10.233.0.63/32");
        assert_int_equal(allocation_choose(&pool, 28, "c", taken, ELEMENTS_OF(taken), &range), -ENOSPC);
        taken[0] = prefix("10.0.0.0/8");
        assert_int_equal(allocation_choose(&pool, 28, "c", taken, 1, &range), -ENOSPC);
}

static void test_filling_the_pool(void **state) {
        struct prefix pool = prefix("10.233.0.0/16"), *taken = calloc(4096, sizeof *taken);
        bool *seen = calloc(4096, sizeof *seen);
        char name[16];

        assert_non_null(taken);
        assert_non_null(seen);
        for (size_t i = 0; i < 4096; i++) {
                size_t slot;

                (void) snprintf(name, sizeof name, "c%zu", i);
                assert_int_equal(allocation_choose(&pool, 28, name, taken, i, &taken[i]), 0);
                slot = (size_t) taken[i].address.bytes[2] << 4 | taken[i].address.bytes[3] >> 4;
                assert_false(seen[slot]);
                seen[slot] = true;
        }
        assert_int_equal(allocation_choose(&pool, 28, "one-more", taken, 4096, &taken[0]), -ENOSPC);
        free(seen);
        free(taken);
}

static void test_bad_lengths(void **state) {
        struct prefix v4 = prefix("10.233.0.0/16"), v6 = prefix("fd00::/48"), range;

        assert_int_equal(allocation_choose(&v4, 15, "c", NULL, 0, &range), -EINVAL);
        assert_int_equal(allocation_choose(&v4, 33, "c", NULL, 0, &range), -EINVAL);
        assert_int_equal(allocation_choose(&v6, 128, "c", NULL, 0, &range), -EINVAL);
        assert_int_equal(allocation_choose(&v4, 16, "c", NULL, 0, &range), 0);
        assert_true(same(&v4, &range));
        assert_int_equal(allocation_choose(&v4, 16, "c", &v4, 1, &range), -ENOSPC);
        assert_int_equal(allocation_choose(&v6, 111, "c", NULL, 0, &range), 0);
}

/* 10.233.N for nixos-container: the first N of which nobody has anything. */
static void test_numbered(void **state) {
        static const char *const texts[] = {"10.233.1.1/24", "10.233.2.2/32", "10.233.3.16/28", "10.233.4.0/30"};
        struct prefix taken[255], p;
        char text[PREFIX_TEXT_MAX];

        assert_int_equal(allocation_choose_numbered(NULL, 0, &p), 0);
        assert_text(prefix_format(&p, text), "10.233.1.0/30");
        for (size_t i = 0; i < ELEMENTS_OF(texts); i++)
                assert_int_equal(prefix_parse(texts[i], false, &taken[i]), 0);
        assert_int_equal(allocation_choose_numbered(taken, 2, &p), 0);
        /* 10.233.3.16/28 leaves .1 and .2 alone. */
        assert_text(prefix_format(&p, text), "10.233.3.0/30");
        for (unsigned n = 1; n <= 254; n++) {
                (void) snprintf(text, sizeof text, "10.233.%u.2/32", n);
                assert_int_equal(prefix_parse(text, false, &taken[n]), 0);
        }
        assert_int_equal(allocation_choose_numbered(taken + 1, 253, &p), 0);
        assert_text(prefix_format(&p, text), "10.233.254.0/30");
        assert_int_equal(allocation_choose_numbered(taken + 1, 254, &p), -ENOSPC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sticky),         cmocka_unit_test(test_fixed_for_ever),
                cmocka_unit_test(test_overlap_counts), cmocka_unit_test(test_filling_the_pool),
                cmocka_unit_test(test_bad_lengths),    cmocka_unit_test(test_numbered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
