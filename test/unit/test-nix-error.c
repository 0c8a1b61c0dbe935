/* What Nix says, in our words. The texts are as Nix 2.8 writes them. */
#include "test.h"

#include "config/nix.h"
#include "config/table.h"

#include <string.h>

#define FILE_NAME "/root/c.nix"
#define PORTABLE  "/usr/share/portable"

static void assert_message(const char *log, int exit_status, const char *message) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        json_t *table = table_load();

        assert_true(nix_error(log, FILE_NAME, "c.nix", PORTABLE, table, &e) < 0);
        assert_text(error_message(&e), message);
        assert_int_equal(e.exit_status, exit_status);
        assert_true(nix_error(log, FILE_NAME, "c.nix", PORTABLE, table, NULL) < 0);
        json_decref(table);
}

static void test_positions(void **state) {
        assert_message("@nix {\"action\":\"msg\",\"column\":8,\"file\":\"/root/c.nix\",\"level\":0,\"line\":3,"
                       "\"msg\":\"error: ...\",\"raw_msg\":\"syntax error, unexpected ';'\"}\n",
                       EXIT_CONTAINER, "c.nix:3:8: syntax error, unexpected ';'");
        assert_message("@nix {\"column\":8,\"file\":\"/root/other.nix\",\"line\":3,"
                       "\"raw_msg\":\"undefined variable '\\u001b[35;1mfoo\\u001b[0m'\"}\n",
                       EXIT_CONTAINER, "/root/other.nix:3:8: undefined variable 'foo'");
        /* In the module set itself: what is around it in the person's file, or the option. */
        assert_message("@nix {\"column\":8,\"file\":\"" PORTABLE
                       "/lib/x.nix\",\"line\":3,\"raw_msg\":\"infinite recursion\","
                       "\"trace\":[{\"column\":1,\"file\":\"" PORTABLE "/lib/y.nix\",\"line\":1,\"raw_msg\":\"a\"},"
                       "{\"column\":2,\"file\":\"/root/c.nix\",\"line\":9,\"raw_msg\":\"b\"}]}\n",
                       EXIT_CONTAINER, "c.nix:9:2: infinite recursion");
        assert_message("@nix {\"column\":null,\"file\":null,\"line\":null,\"raw_msg\":\"no\","
                       "\"trace\":[{\"raw_msg\":\"@nixos-nspawn "
                       "{\\\"path\\\":[\\\"a\\\"],\\\"where\\\":\\\"/root/c.nix:4:5\\\"}\"}]}",
                       EXIT_CONTAINER, "c.nix:4:5: no");
        assert_message("@nix {\"raw_msg\":\"no\"}\n", EXIT_CONTAINER, "c.nix: no");
        /* As newer versions write it (2.26). */
        assert_message("@nix {\"column\":25,\"file\":\"/root/c.nix:1:25\",\"line\":1,\"raw_msg\":\"no\"}\n",
                       EXIT_CONTAINER, "c.nix:1:25: no");
        assert_message("@nix {\"column\":0,\"file\":\"\u00abnone\u00bb\",\"line\":0,\"raw_msg\":\"no\"}\n",
                       EXIT_CONTAINER, "c.nix: no");
}

static void test_last_message_counts(void **state) {
        assert_message(
                "@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"trace: hello\"}\nnoise\n@nix garbage\n"
                "@nix {\"raw_msg\":\"first\"}\n@nix {\"raw_msg\":\"second\\nline\"}\n@nix {\"msg\":\"x\"}\n@nix {}",
                EXIT_CONTAINER, "c.nix: second line");
}

static void test_problems(void **state) {
        assert_message(
                "@nix {\"raw_msg\":\"@nixos-nspawn {\\\"kind\\\":\\\"type\\\",\\\"path\\\":[\\\"a\\\",0],"
                "\\\"expected\\\":\\\"a port\\\",\\\"value\\\":\\\"x\\\",\\\"where\\\":\\\"/root/c.nix:1:2\\\"}\"}",
                EXIT_CONTAINER, "c.nix:1:2: a[0]: expected a port, found the string \"x\"");
        assert_message(
                "@nix {\"raw_msg\":\"@nixos-nspawn "
                "{\\\"kind\\\":\\\"conflict\\\",\\\"path\\\":[\\\"a\\\"],\\\"definitions\\\":"
                "[{\\\"where\\\":\\\"/root/c.nix:1:2\\\",\\\"value\\\":1},{\\\"where\\\":\\\"/"
                "d.nix\\\",\\\"found\\\":\\\"a function\\\"}]}\"}",
                EXIT_CONTAINER,
                "a is set to different values: c.nix:1:2 sets the number 1, /d.nix sets a function; keep one, or "
                "put lib.mkForce before the one that counts");
        /* Whatever else is behind the mark, even a person's own throw, does no harm. */
        assert_message("@nix {\"raw_msg\":\"@nixos-nspawn {\\\"kind\\\":7}\"}", EXIT_CONTAINER,
                       "c.nix: the config is wrong");
        assert_message("@nix {\"raw_msg\":\"@nixos-nspawn {oops\"}", EXIT_CONTAINER, "c.nix: @nixos-nspawn {oops");
}

static void test_errors_without_raw_words(void **state) {
        assert_message(
                "@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"\\u001b[31;1merror:\\u001b[0m out of memory\"}\n",
                EXIT_CONTAINER, "c.nix: out of memory; does the config go round in circles?");
}

static void test_without_json(void **state) {
        assert_message("error: stack overflow (possible infinite recursion)\n", EXIT_CONTAINER,
                       "c.nix: stack overflow (possible infinite recursion)");
        assert_message("something odd\n  happened", EXIT_CONTAINER, "c.nix: something odd happened");
        assert_message("", EXIT_COMMAND, "c.nix: nix-instantiate failed and said nothing");
        assert_message("\n\033[0m \n", EXIT_COMMAND, "c.nix: nix-instantiate failed and said nothing");
}

static void assert_plain(const char *s, const char *plain) {
        char *found = nix_plain(s);

        assert_text(found, plain);
        free(found);
}

static void test_plain(void **state) {
        assert_plain("", "");
        assert_plain("\033[31;1merror:\033[0m a\n\n   b\t\x7f", "error: a b");
        assert_plain("\033[", "");
        assert_plain("\033[31", "");
        assert_plain("\033x", "x");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_positions), cmocka_unit_test(test_last_message_counts),
                cmocka_unit_test(test_problems),  cmocka_unit_test(test_without_json),
                cmocka_unit_test(test_plain),     cmocka_unit_test(test_errors_without_raw_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
