/* Processes by number and start time: the one that was meant, and how it ended. */
#include "test.h"

#include "base/cleanup.h"
#include "runtime/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child(void) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
                for (;;)
                        (void) pause();
        return pid;
}

static void test_identity(void **state) {
        struct process p, other;
        pid_t pid = child();

        assert_int_equal(process_identify(pid, &p), 0);
        assert_int_equal(p.pid, pid);
        assert_true(process_alive(&p));
        other = p;
        other.start++; /* the number, used again by a later process */
        assert_false(process_alive(&other));
        assert_int_equal(process_open(&other), -ESRCH);
        assert_int_equal(kill(pid, SIGKILL), 0);
        /* Dead but not collected: gone. */
        assert_int_equal(waitid(P_PID, (id_t) pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
        assert_false(process_alive(&p));
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_false(process_alive(&p));
        assert_int_equal(process_identify(pid, &p), -ESRCH);
        assert_false(process_alive(&PROCESS_NONE));
        assert_int_equal(process_identify(0, &p), -ESRCH);
}

/* Whether somebody collects it before we ask or not. */
static void test_wait_status(void **state) {
        for (int collected = 0; collected < 2; collected++) {
                struct process p;
                int status = -1;
                pid_t pid = fork();

                if (pid == 0) {
                        (void) raise(SIGSTOP);
                        _exit(133);
                }
                assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
                assert_int_equal(process_identify(pid, &p), 0);
                _cleanup_(fd_closep) int fd = process_open(&p);
                assert_true(fd >= 0);
                assert_int_equal(kill(pid, SIGCONT), 0);
                assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1), 1);
                if (collected) {
                        assert_int_equal(waitpid(pid, NULL, 0), pid);
                        /* Kernels before 6.15 cannot tell any more; they say so. */
                        int r = process_wait_status(&p, fd, &status);
                        assert_true(r == -ENODATA || (r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 133));
                } else {
                        assert_int_equal(process_wait_status(&p, fd, &status), 0);
                        assert_true(WIFEXITED(status));
                        assert_int_equal(WEXITSTATUS(status), 133);
                        assert_int_equal(waitpid(pid, NULL, 0), pid);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_identity),
                cmocka_unit_test(test_wait_status),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
