/* The tables of commands: what help, completion and the manual rely on. */
#include "test.h"

#include "cli/commands.h"
#include "container/commands.h"
#include "front/help.h"

static const struct program *const programs[] = {&nixos_nspawn_program, &nixos_container_program};

#include <ctype.h>
#include <string.h>

static void check_command(const struct program *p, const struct command *c) {
        size_t n = strlen(c->description);

        assert_ptr_equal(command_find(p, c->name), c);
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

static void test_table(void **state) {
        for (size_t p = 0; p < ELEMENTS_OF(programs); p++) {
                for (const struct command *c = programs[p]->commands; c->name; c++)
                        check_command(programs[p], c);
                assert_null(command_find(programs[p], "frobnicate"));
                assert_null(command_find(programs[p], ""));
        }
}

/* Neither a letter nor a name means two things in one command. */
static void check_options(option_set set) {
        for (enum option o = 0; o < _OPTION_MAX; o++)
                for (enum option other = 0; other < o; other++) {
                        const struct option_info *a = option_info(o), *b = option_info(other);

                        if (!(set & OPTION_BIT(o)) || !(set & OPTION_BIT(other)))
                                continue;
                        assert_true(!a->letter || a->letter != b->letter);
                        assert_true(strcmp(a->name, b->name) != 0);
                }
}

/* Every option is explained and belongs somewhere. */
static void test_options(void **state) {
        option_set used = 0;

        for (size_t p = 0; p < ELEMENTS_OF(programs); p++) {
                used |= programs[p]->options;
                for (const struct command *c = programs[p]->commands; c->name; c++) {
                        used |= c->options;
                        check_options(command_options(programs[p], c));
                }
        }
        for (enum option o = 0; o < _OPTION_MAX; o++) {
                assert_true(used & OPTION_BIT(o));
                assert_non_null(option_info(o)->name);
                assert_true(strlen(option_info(o)->help) > 0);
        }
}

/* Inlined and sanitized, gcc takes what open_memstream() gives for the variable that it puts it in. */
__attribute__((noinline)) static char *printed(void (*print)(FILE *stream)) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        print(f);
        (void) fclose(f);
        return text;
}

static const struct program *printed_program;

static void print_manual(FILE *stream) {
        manual_print(stream, printed_program);
}

static void check_manual(const struct program *p) {
        option_set set = p->options;
        char *text;

        printed_program = p;
        text = printed(print_manual);
        for (const struct command *c = p->commands; c->name; c++) {
                char heading[64];

                (void) snprintf(heading, sizeof(heading), "## %s %s [OPTION...]", p->name, c->name);
                if (c->hidden)
                        assert_null(strstr(text, heading));
                else
                        assert_non_null(strstr(text, heading));
                set |= c->options;
        }
        for (enum option o = 0; o < _OPTION_MAX; o++) {
                char option[64];

                (void) snprintf(option, sizeof(option), "*--%s*", option_info(o)->name);
                if (set & OPTION_BIT(o))
                        assert_non_null(strstr(text, option));
        }
        free(text);
}

static void test_manual_has_everything(void **state) {
        for (size_t p = 0; p < ELEMENTS_OF(programs); p++)
                check_manual(programs[p]);
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
        for (size_t p = 0; p < ELEMENTS_OF(programs); p++) {
                for (size_t i = 0; i < ELEMENTS_OF(shells); i++)
                        assert_int_equal(completion_print(null, programs[p], shells[i]), 0);
                assert_true(completion_print(null, programs[p], "tcsh") < 0);
        }
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
