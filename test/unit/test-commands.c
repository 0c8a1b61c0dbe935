/* The table of commands: what help, completion and the manual rely on. */
#include "test.h"

#include "cli/commands.h"
#include "front/help.h"

#define commands nixos_nspawn_program.commands

#include <ctype.h>
#include <string.h>

static void test_table(void **state) {
        for (const struct command *c = commands; c->name; c++) {
                size_t n = strlen(c->description);

                assert_ptr_equal(command_find(&nixos_nspawn_program, c->name), c);
                assert_non_null(c->run);
                assert_non_null(c->synopsis);
                assert_true(c->min <= c->max);
                assert_true(c->stop == 0 || c->stop <= c->max);
                /* Half a line, and whole sentences. */
                assert_true(strlen(c->summary) <= 64);
                assert_true(islower(c->summary[0]));
                assert_true(isupper(c->description[0]));
                assert_int_equal(c->description[n - 1], '.');
        }
        assert_null(command_find(&nixos_nspawn_program, "frobnicate"));
        assert_null(command_find(&nixos_nspawn_program, ""));
}

/* No letter means two things in one command, and every option is explained and belongs somewhere. */
static void test_options(void **state) {
        option_set used = nixos_nspawn_program.options;

        for (const struct command *c = commands; c->name; c++) {
                char letters[256] = {0};

                used |= c->options;
                for (enum option o = 0; o < _OPTION_MAX; o++) {
                        char letter = option_info(o)->letter;

                        if (!(command_options(&nixos_nspawn_program, c) & OPTION_BIT(o)) || !letter)
                                continue;
                        assert_int_equal(letters[(unsigned char) letter]++, 0);
                }
        }
        for (enum option o = 0; o < _OPTION_MAX; o++) {
                assert_true(used & OPTION_BIT(o));
                assert_non_null(option_info(o)->name);
                assert_true(strlen(option_info(o)->help) > 0);
        }
}

static char *printed(void (*print)(FILE *stream)) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        print(f);
        (void) fclose(f);
        return text;
}

static void print_manual(FILE *stream) {
        manual_print(stream, &nixos_nspawn_program);
}

static void test_manual_has_everything(void **state) {
        char *text = printed(print_manual);

        for (const struct command *c = commands; c->name; c++) {
                char heading[64];

                (void) snprintf(heading, sizeof(heading), "## nixos-nspawn %s [OPTION...]", c->name);
                if (c->hidden)
                        assert_null(strstr(text, heading));
                else
                        assert_non_null(strstr(text, heading));
        }
        for (enum option o = 0; o < _OPTION_MAX; o++) {
                char option[64];

                (void) snprintf(option, sizeof(option), "*--%s*", option_info(o)->name);
                assert_non_null(strstr(text, option));
        }
        free(text);
}

static void print_wrapped(FILE *stream) {
        help_wrap(stream, "one two three four\n\nfive", 4, 3, 13);
}

static void test_wrap(void **state) {
        char *text = printed(print_wrapped);

        assert_text(text, " one two\n"
                          "    three\n"
                          "    four\n"
                          "\n"
                          "    five\n");
        free(text);
}

static void test_completion_shells(void **state) {
        static const char *const shells[] = {"bash", "zsh", "fish"};
        FILE *null = fopen("/dev/null", "w");

        assert_non_null(null);
        for (size_t i = 0; i < ELEMENTS_OF(shells); i++)
                assert_int_equal(completion_print(null, &nixos_nspawn_program, shells[i]), 0);
        assert_true(completion_print(null, &nixos_nspawn_program, "tcsh") < 0);
        (void) fclose(null);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_options),
                cmocka_unit_test(test_manual_has_everything),
                cmocka_unit_test(test_wrap),
                cmocka_unit_test(test_completion_shells),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
