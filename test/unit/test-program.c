/* What a program that is started here finds around it. */
#include "test.h"

#include "base/buffer.h"
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* What argv says on its standard output. */
static void assert_says(const char *const argv[], const char *const environment[], int lock, const char *expected) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        char data[256];
        int fds[2], status;
        ssize_t n;
        pid_t pid;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(program_start((char *const *) argv, (char *const *) environment,
                                       &(struct program_files){fds[1], -1, lock}, &pid),
                         0);
        (void) close(fds[1]);
        while ((n = read(fds[0], data, sizeof(data))) > 0)
                buffer_append(&b, data, (size_t) n);
        (void) close(fds[0]);
        assert_int_equal(program_wait(pid, &status), 0);
        assert_true(WIFEXITED(status));
        assert_string_equal(buffer_text(&b), expected);
}

/* Who starts it ignores one and blocks the other. */
static void test_signals(void **state) {
        static const int numbers[] = {SIGPIPE, SIGTERM};
        sigset_t set;

        (void) signal(SIGPIPE, SIG_IGN);
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        for (size_t i = 0; i < ELEMENTS_OF(numbers); i++) {
                char command[64];
                const char *const argv[] = {"sh", "-c", command, NULL};
                int status;
                pid_t pid;

                (void) snprintf(command, sizeof(command), "kill -%d $$; exit 0", numbers[i]);
                assert_int_equal(
                        program_start((char *const *) argv, NULL, &(struct program_files){STDOUT_FILENO, -1, -1}, &pid),
                        0);
                assert_int_equal(program_wait(pid, &status), 0);
                assert_true(WIFSIGNALED(status));
                assert_int_equal(WTERMSIG(status), numbers[i]);
        }
}

static void test_descriptors(void **state) {
        const char *const argv[] = {
                "sh", "-c", "cat; for fd in 0 1 2 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$fd ] || printf '%s ' $fd; done",
                NULL};
        int other = open("/dev/null", O_RDONLY), lock = open("/dev/null", O_RDONLY | O_CLOEXEC);

        assert_true(other >= 0 && lock >= 0);
        assert_says(argv, NULL, -1, "0 1 2 ");
        assert_says(argv, NULL, lock, "0 1 2 3 ");
        (void) close(other);
        (void) close(lock);
}

static void test_environment(void **state) {
        const char *const argv[] = {"env", NULL};
        const char *const environment[] = {"PATH=/usr/bin:/bin", "A=b", NULL};

        assert_says(argv, environment, -1, "PATH=/usr/bin:/bin\nA=b\n");
}

static void test_absent(void **state) {
        const char *const argv[] = {"no-such-program-anywhere", NULL};
        pid_t pid;

        assert_int_equal(
                program_start((char *const *) argv, NULL, &(struct program_files){STDOUT_FILENO, -1, -1}, &pid),
                -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_signals),
                cmocka_unit_test(test_descriptors),
                cmocka_unit_test(test_environment),
                cmocka_unit_test(test_absent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
