/* Steps happen all or not at all, and are undone last first, the one that failed included. */
#include "test.h"

#include "front/sequence.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

struct story {
        char text[64];   /* a letter a step that was done, "-" and the letter when it was undone */
        char fails_at;   /* letter */
        char raises_at;  /* letter: SIGTERM comes while it works */
        char undo_fails; /* letter */
};

static void tell(struct story *s, const char *undone, char letter) {
        size_t n = strlen(s->text);

        (void) snprintf(s->text + n, sizeof(s->text) - n, "%s%c", undone, letter);
}

static int act(struct story *s, char letter, struct error *e) {
        tell(s, "", letter);
        if (s->raises_at == letter)
                (void) raise(SIGTERM);
        return s->fails_at == letter ? error_set(e, ENOSPC, EXIT_CONTAINER, "no room for %c", letter) : 0;
}

static int undo(struct story *s, char letter, struct error *e) {
        tell(s, "-", letter);
        return s->undo_fails == letter ? error_set(e, EBUSY, EXIT_FAILED, "%c is busy", letter) : 0;
}

static int act_a(void *context, struct error *e) {
        return act(context, 'a', e);
}
static int act_b(void *context, struct error *e) {
        return act(context, 'b', e);
}
static int act_c(void *context, struct error *e) {
        return act(context, 'c', e);
}
static int undo_a(void *context, struct error *e) {
        return undo(context, 'a', e);
}
static int undo_c(void *context, struct error *e) {
        return undo(context, 'c', e);
}

static const struct step steps[] = {
        {"doing a", act_a, undo_a},
        {"doing b", act_b, NULL},
        {"doing c", act_c, undo_c},
};

static void assert_story(struct story s, int result, int exit_status, const char *text, const char *message) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        assert_int_equal(sequence_run(steps, ELEMENTS_OF(steps), &s, NULL, &e), result);
        assert_text(s.text, text);
        assert_int_equal(e.exit_status, exit_status);
        if (message)
                assert_text(e.message, message);
        else
                assert_null(e.message);
}

static void test_all(void **state) {
        assert_story((struct story){0}, 0, 0, "abc", NULL);
}

static void test_failures(void **state) {
        assert_story((struct story){.fails_at = 'a'}, -ENOSPC, EXIT_CONTAINER, "a-a", "no room for a");
        assert_story((struct story){.fails_at = 'b'}, -ENOSPC, EXIT_CONTAINER, "ab-a", "no room for b");
        assert_story((struct story){.fails_at = 'c'}, -ENOSPC, EXIT_CONTAINER, "abc-c-a", "no room for c");
}

static void test_undo_goes_on(void **state) {
        assert_story((struct story){.fails_at = 'c', .undo_fails = 'c'}, -ENOSPC, EXIT_CONTAINER, "abc-c-a",
                     "no room for c");
}

static void test_interrupted(void **state) {
        struct sigaction before, after;

        (void) sigaction(SIGTERM, NULL, &before);
        assert_story((struct story){.raises_at = 'b'}, -EINTR, 128 + SIGTERM, "ab-a", "interrupted while doing b");
        /* The signal means again what it meant before. */
        (void) sigaction(SIGTERM, NULL, &after);
        assert_true(before.sa_handler == after.sa_handler);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_failures),
                cmocka_unit_test(test_undo_goes_on),
                cmocka_unit_test(test_interrupted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
