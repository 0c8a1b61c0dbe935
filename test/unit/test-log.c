/* What a person finds in a log file, and the journal in a line. */
#include "test.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#include <fcntl.h>
#include <regex.h>
#include <string.h>
#include <sys/stat.h>

static char path[] = "/tmp/test-log.XXXXXX";
static int saved;

static int set_up(void **state) {
        int fd;

        strcpy(strrchr(path, '.'), ".XXXXXX");
        fd = mkostemp(path, O_CLOEXEC);
        saved = dup(STDERR_FILENO);
        return fd >= 0 && dup2(fd, STDERR_FILENO) >= 0 && close(fd) == 0 ? 0 : -1;
}

static int tear_down(void **state) {
        (void) unsetenv("JOURNAL_STREAM");
        return dup2(saved, STDERR_FILENO) < 0 || close(saved) < 0 || unlink(path) < 0 ? -1 : 0;
}

static void assert_log(const char *pattern) {
        char *text = NULL;
        regex_t r;

        assert_int_equal(file_read(path, 1 << 20, &text, NULL), 0);
        assert_int_equal(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
        if (regexec(&r, text, 0, NULL, 0) != 0)
                fail_msg("'%s' does not match '%s'", text, pattern);
        regfree(&r);
        free(text);
}

static void test_file(void **state) {
        log_open("prog", LOG_INFO);
        log_warning("one %d", 1);
        log_debug("not this");
        log_info("a\nb\033[31mc");
        assert_log("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z prog: one 1\n"
                   "[0-9TZ:-]+ prog: a b \\[31mc\n$");
}

static void test_journal(void **state) {
        char stream[64];
        struct stat st;

        assert_int_equal(fstat(STDERR_FILENO, &st), 0);
        (void) snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
        log_open("prog", LOG_INFO);
        log_error("bad");
        assert_log("^<3>bad\n$");
}

static void test_long_message(void **state) {
        char text[5000];

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        log_open("prog", LOG_INFO);
        log_info("%s", text);
        log_info("next");
        assert_log(" prog: x{1000}[x]*\n[0-9TZ:-]+ prog: next\n$");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_journal, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_long_message, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
