#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCK_FD 3

extern char **environ;

static int add_files(posix_spawn_file_actions_t *actions, const struct program_files *f) {
        int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

        r = r ? r : posix_spawn_file_actions_adddup2(actions, f->output, STDOUT_FILENO);
        if (f->messages >= 0)
                r = r ? r : posix_spawn_file_actions_adddup2(actions, f->messages, STDERR_FILENO);
        if (f->lock >= 0)
                r = r ? r : posix_spawn_file_actions_adddup2(actions, f->lock, LOCK_FD);
        return r ? r : posix_spawn_file_actions_addclosefrom_np(actions, f->lock >= 0 ? LOCK_FD + 1 : LOCK_FD);
}

static int add_signals(posix_spawnattr_t *attributes) {
        sigset_t none, all;
        int r;

        (void) sigemptyset(&none);
        (void) sigfillset(&all);
        r = posix_spawnattr_setsigmask(attributes, &none);
        r = r ? r : posix_spawnattr_setsigdefault(attributes, &all);
        return r ? r : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

int program_start(char *const argv[], char *const environment[], const struct program_files *files, pid_t *ret) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int r;

        r = posix_spawn_file_actions_init(&actions);
        if (r != 0)
                return -r;
        r = posix_spawnattr_init(&attributes);
        if (r != 0) {
                (void) posix_spawn_file_actions_destroy(&actions);
                return -r;
        }
        r = add_files(&actions, files);
        r = r ? r : add_signals(&attributes);
        r = r ? r : posix_spawnp(ret, argv[0], &actions, &attributes, argv, environment ? environment : environ);
        (void) posix_spawnattr_destroy(&attributes);
        (void) posix_spawn_file_actions_destroy(&actions);
        return -r;
}

int program_wait(pid_t pid, int *ret_status) {
        while (waitpid(pid, ret_status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return 0;
}
