/* The command line's options: prefixes, bundles, values, where they end, and what is said when they are wrong. */
#include "test.h"

#include "front/option.h"

/* Of one program: the other has options of the same names. */
#define ALL ((OPTION_BIT(_OPTION_MAX) - 1) & ~(OPTION_BIT(OPTION_TYPE) - OPTION_BIT(OPTION_CONFIG_TEXT)))

#define WORDS(...) ((char *const *) (const char *const[]){__VA_ARGS__, NULL})

static size_t count(char *const argv[]) {
        size_t n = 0;

        while (argv[n])
                n++;
        return n;
}

static struct arguments parsed(char *const argv[], option_set allowed, size_t stop) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct arguments a = ARGUMENTS_INIT;

        if (arguments_parse(count(argv), argv, allowed, stop, &a, &e) < 0)
                fail_msg("%s", error_message(&e));
        return a;
}

static void assert_refused(char *const argv[], const char *message) {
        _cleanup_(arguments_clear) struct arguments a = ARGUMENTS_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        assert_true(arguments_parse(count(argv), argv, ALL & ~OPTION_BIT(OPTION_UNDO), SIZE_MAX, &a, &e) < 0);
        assert_int_equal(e.exit_status, EXIT_USAGE);
        assert_text(e.message, message);
}

static void test_values(void **state) {
        _cleanup_(arguments_clear) struct arguments a = parsed(
                WORDS("--config", "a.nix", "name", "--system=debian", "--json", "-n5", "-t", "3s"), ALL, SIZE_MAX);

        assert_text(arguments_value(&a, OPTION_CONFIG), "a.nix");
        assert_text(arguments_value(&a, OPTION_SYSTEM), "debian");
        assert_text(arguments_value(&a, OPTION_LINES), "5");
        assert_text(arguments_value(&a, OPTION_TIMEOUT), "3s");
        assert_true(arguments_has(&a, OPTION_JSON));
        assert_false(arguments_has(&a, OPTION_DRY_RUN));
        assert_null(arguments_value(&a, OPTION_FLAKE));
        assert_int_equal(a.n_positional, 1);
        assert_text(a.positional[0], "name");
        assert_null(a.positional[1]);
}

static void test_value_may_be_empty_or_look_like_an_option(void **state) {
        _cleanup_(arguments_clear) struct arguments a = parsed(WORDS("--config=", "--suite", "--json"), ALL, SIZE_MAX);

        assert_text(arguments_value(&a, OPTION_CONFIG), "");
        assert_text(arguments_value(&a, OPTION_SUITE), "--json");
        assert_false(arguments_has(&a, OPTION_JSON));
}

static void test_prefixes(void **state) {
        _cleanup_(arguments_clear) struct arguments a =
                parsed(WORDS("--conf", "a.nix", "--j", "--dry", "--sys=host", "--ipv4"), ALL, SIZE_MAX);

        assert_text(arguments_value(&a, OPTION_CONFIG), "a.nix");
        assert_text(arguments_value(&a, OPTION_SYSTEM), "host");
        assert_true(arguments_has(&a, OPTION_JSON));
        assert_true(arguments_has(&a, OPTION_DRY_RUN));
        assert_true(arguments_has(&a, OPTION_IPV4));
        /* What is ambiguous among all options need not be among those of one command. */
        arguments_clear(&a);
        a = parsed(WORDS("--s", "host"), OPTION_BIT(OPTION_SYSTEM) | OPTION_BIT(OPTION_JSON), SIZE_MAX);
        assert_text(arguments_value(&a, OPTION_SYSTEM), "host");
}

static void test_bundle(void **state) {
        _cleanup_(arguments_clear) struct arguments a = parsed(WORDS("-fvn", "12", "x"), ALL, SIZE_MAX);

        assert_true(arguments_has(&a, OPTION_FOLLOW));
        assert_true(arguments_has(&a, OPTION_VERBOSE));
        assert_text(arguments_value(&a, OPTION_LINES), "12");
        assert_int_equal(a.n_positional, 1);
}

static void test_last_one_wins(void **state) {
        _cleanup_(arguments_clear) struct arguments a = parsed(WORDS("--config", "a", "--config", "b"), ALL, SIZE_MAX);

        assert_text(arguments_value(&a, OPTION_CONFIG), "b");
}

static void test_dashes_end_options(void **state) {
        _cleanup_(arguments_clear) struct arguments a =
                parsed(WORDS("--json", "--", "--dry-run", "--", "-"), ALL, SIZE_MAX);

        assert_false(arguments_has(&a, OPTION_DRY_RUN));
        assert_int_equal(a.n_positional, 3);
        assert_text(a.positional[0], "--dry-run");
        assert_text(a.positional[1], "--");
        assert_text(a.positional[2], "-");
}

static void test_somebody_elses_command(void **state) {
        _cleanup_(arguments_clear) struct arguments a =
                parsed(WORDS("name", "-u", "www", "ls", "-u", "--json", "--", "x"), ALL, 2);

        assert_text(arguments_value(&a, OPTION_USER), "www");
        assert_false(arguments_has(&a, OPTION_JSON));
        assert_int_equal(a.n_positional, 6);
        assert_text(a.positional[1], "ls");
        assert_text(a.positional[2], "-u");
        assert_text(a.positional[4], "--");

        arguments_clear(&a);
        a = parsed(WORDS("name", "--", "-u", "--", "x"), ALL, 2);
        assert_false(arguments_has(&a, OPTION_USER));
        assert_int_equal(a.n_positional, 4);
        assert_text(a.positional[1], "-u");
        assert_text(a.positional[2], "--");
}

static void test_refusals(void **state) {
        assert_refused(WORDS("--frobnicate"), "unknown option --frobnicate; --help lists those that there are");
        assert_refused(WORDS("--jsonx=1"), "unknown option --jsonx; --help lists those that there are");
        assert_refused(WORDS("--s", "x"), "option --s is ambiguous: --system, --suite, --strategy");
        assert_refused(WORDS("--undo"), "option --undo does not belong here");
        assert_refused(WORDS("--json=yes"), "option --json takes no value, but got 'yes'");
        assert_refused(WORDS("name", "--config"), "option --config needs a value: --config FILE");
        assert_refused(WORDS("-fn"), "option -n needs a value: -n N");
        assert_refused(WORDS("-fx"), "unknown option -x; --help lists those that there are");
        assert_refused(WORDS("--=x"), "unknown option --; --help lists those that there are");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_value_may_be_empty_or_look_like_an_option),
                cmocka_unit_test(test_prefixes),
                cmocka_unit_test(test_bundle),
                cmocka_unit_test(test_last_one_wins),
                cmocka_unit_test(test_dashes_end_options),
                cmocka_unit_test(test_somebody_elses_command),
                cmocka_unit_test(test_refusals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
