/* Strict parsing refuses what strtoul(3) would take. */
#include "test.h"

#include "base/cleanup.h"
#include "base/parse.h"

#include <errno.h>

static void test_unsigned(void **state) {
        static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x10", "1e3", "01", "1a", "٣", NULL};
        uint64_t v = 0;

        assert_int_equal(parse_unsigned("0", 0, 10, &v), 0);
        assert_int_equal(v, 0);
        assert_int_equal(parse_unsigned("18446744073709551615", 0, UINT64_MAX, &v), 0);
        assert_true(v == UINT64_MAX);
        assert_int_equal(parse_unsigned("18446744073709551616", 0, UINT64_MAX, &v), -ERANGE);
        assert_int_equal(parse_unsigned("99999999999999999999999999x", 0, UINT64_MAX, &v), -EINVAL);
        assert_int_equal(parse_unsigned("11", 0, 10, &v), -ERANGE);
        assert_int_equal(parse_unsigned("4", 5, 10, &v), -ERANGE);
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++)
                assert_int_equal(parse_unsigned(bad[i], 0, UINT64_MAX, &v), -EINVAL);
}

static void test_port(void **state) {
        uint16_t port = 0;

        assert_int_equal(parse_port("65535", &port), 0);
        assert_int_equal(port, 65535);
        assert_int_equal(parse_port("0", &port), -ERANGE);
        assert_int_equal(parse_port("65536", &port), -ERANGE);
        assert_int_equal(parse_port("http", &port), -EINVAL);
}

static void test_boolean(void **state) {
        bool b = false;

        assert_int_equal(parse_boolean("yes", &b), 0);
        assert_true(b);
        assert_int_equal(parse_boolean("OFF", &b), 0);
        assert_false(b);
        assert_int_equal(parse_boolean("1", &b), 0);
        assert_true(b);
        assert_int_equal(parse_boolean("", &b), -EINVAL);
        assert_int_equal(parse_boolean("yes ", &b), -EINVAL);
        assert_int_equal(parse_boolean(NULL, &b), -EINVAL);
}

static void test_timespan(void **state) {
        static const struct {
                const char *s;
                uint64_t usec;
        } good[] = {
                {"90s", 90000000},     {"1min 30s", 90000000},   {"1min30s", 90000000},
                {"5m", 300000000},     {"7", 7000000},           {"0", 0},
                {"250ms", 250000},     {"1.5s", 1500000},        {"0.0000001s", 0},
                {" 2 h ", 7200000000}, {"infinity", UINT64_MAX}, {"3us 1ms", 1003},
                {"1d", 86400000000},
        };
        static const char *const bad[] = {"",      " ",   "s",      "1 fortnight", "-1s",
                                          "1..5s", "1.s", "1.5.5s", "infinity 1s", NULL};
        uint64_t usec = 0;

        for (size_t i = 0; i < ELEMENTS_OF(good); i++) {
                assert_int_equal(parse_timespan(good[i].s, &usec), 0);
                assert_true(usec == good[i].usec);
        }
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++)
                assert_int_equal(parse_timespan(bad[i], &usec), -EINVAL);
        assert_int_equal(parse_timespan("99999999999999999999s", &usec), -ERANGE);
        assert_int_equal(parse_timespan("18446744073709551615y", &usec), -ERANGE);
}

static void test_strings(void **state) {
        assert_true(string_starts_with("ve-web", "ve-"));
        assert_false(string_starts_with("ve", "ve-"));
        assert_true(string_equal(NULL, NULL));
        assert_false(string_equal(NULL, ""));
        assert_true(string_equal("a", "a"));
        assert_true(string_is_clean("Größe – 漢字 😀"));
        assert_false(string_is_clean("a\nb"));
        assert_false(string_is_clean("a\033[31m"));
        assert_false(string_is_clean("\x7f"));
        assert_false(string_is_clean("\xc2\x9b"
                                     "31m")); /* C1 control */
        assert_false(string_is_clean("\xe2\x80\xae"
                                     "abc"));          /* right-to-left override */
        assert_false(string_is_clean("\xc0\xaf"));     /* overlong */
        assert_false(string_is_clean("\xed\xa0\x80")); /* surrogate */
        assert_false(string_is_clean("\xe6\xbc"));     /* cut */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_unsigned), cmocka_unit_test(test_port),    cmocka_unit_test(test_boolean),
                cmocka_unit_test(test_timespan), cmocka_unit_test(test_strings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
