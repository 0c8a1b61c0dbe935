/* What a guest prints, fit for a terminal. */
#include "test.h"

#include "base/cleanup.h"
#include "runtime/clean.h"

#include <string.h>

static void assert_cleaned(bool plain, const char *in, const char *out) {
        /* In one piece, and byte by byte: the same. */
        for (int bytewise = 0; bytewise < 2; bytewise++) {
                _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
                struct clean c = {.plain = plain};

                if (!bytewise)
                        clean_push(&c, in, strlen(in), &b);
                for (const char *p = in; bytewise && *p; p++)
                        clean_push(&c, p, 1, &b);
                assert_text(buffer_text(&b), out);
        }
}

static void test_clean(void **state) {
        assert_cleaned(false, "plain text\ttab\r\nnext\n", "plain text\ttab\nnext\n");
        assert_cleaned(false, "\033[31mred\033[0m", "\033[31mred\033[0m");
        assert_cleaned(true, "\033[31mred\033[0m", "red");
        assert_cleaned(false, "clear\033[2J\033[H\033[?25l!", "clear!");
        assert_cleaned(false, "title\033]0;evil\007!", "title!");
        assert_cleaned(false, "title\033]0;evil\033\\!", "title!");
        assert_cleaned(false, "open\033]0;to the end of the line\nnext", "opennext");
        assert_cleaned(false, "\033Pdevice control\033\\!", "!");
        assert_cleaned(false, "bell\a back\b\b\b\177 nul\001", "bell back nul");
        assert_cleaned(false, "\033c reset", " reset");
        assert_cleaned(false, "UTF-8 \xc3\xa4 stays", "UTF-8 \xc3\xa4 stays");
        /* Longer than any real colour: dropped, not cut. */
        assert_cleaned(false, "\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1mlong", "long");
        assert_cleaned(false, "\033[31", "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_clean),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
